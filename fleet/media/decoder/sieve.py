"""The system calls that a decoder is left with (seccomp): memory, locks, the clock, its channel, its end.

All others are refused with EPERM, so that a library that asks for one in vain can go on. On a processor that is not
in the table there is no sieve; the other locks hold all the same.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Sequence

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050001
"""With EPERM."""


_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column in the table below, and AUDIT_ARCH_…."""

_CALLS = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "futex": (202, 98),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_so", ctypes.c_uint8),
        ("if_not", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def sieve(libc: ctypes.CDLL) -> bool:
    """Let the calling thread have no other system calls from now on; False where this is not known how to be done.

    It must have given up new privileges. Raises OSError.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.maxsize < 1 << 32:  # a program of 32 bits has numbers of its own
        return False
    column, audit = machine
    written = _instructions(audit, [numbers[column] for numbers in _CALLS.values()])
    array = (_Instruction * len(written))(*written)
    program = _Program(len(written), array)
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(program), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return True


def _instructions(audit: int, allowed: Sequence[int]) -> list[_Instruction]:
    """A program of classic BPF: refuse another machine's calls, then look for the number among the allowed ones."""
    count = len(allowed)
    return [
        _Instruction(_LOAD_WORD, 0, 0, _MACHINE_AT),
        _Instruction(_JUMP_IF_EQUAL, 0, count + 1, audit),
        _Instruction(_LOAD_WORD, 0, 0, _NUMBER_AT),
        *(_Instruction(_JUMP_IF_EQUAL, count - place, 0, number) for place, number in enumerate(allowed)),
        _Instruction(_RETURN, 0, 0, _REFUSE),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    ]
