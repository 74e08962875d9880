"""How the decoder shuts itself in: from then on it computes, reads its channel and writes to it, and nothing else.

Each lock holds without the others. Constants are those of the kernel's own headers.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from fleet.media.decoder.sieve import sieve
from fleet.media.decoder.wire import Ready

CHANNEL = (0, 1)
"""The descriptors it reads from and writes to; all others are closed."""

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES_VERSION = 0x20080522
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_RULESET_VERSION = 1
_MOST_FDS = 1 << 20
_MEMORY_BYTES = 1 << 30
_LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NPROC: 0,
    resource.RLIMIT_NOFILE: 0,
    resource.RLIMIT_AS: _MEMORY_BYTES,
}
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which version of Landlock on it knows how many rights to files, as bits from the lowest."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Capabilities(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def die_with(parent: int) -> None:
    """End at once when the process `parent` does; ends here where it has. Raises OSError."""
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:  # it died before the signal was set
        sys.exit("the controller is gone")


def confine() -> Ready:
    """Give up everything but memory, the clock and CHANNEL, for good; says what Linux has for it.

    Only while the process has one thread, since some of the locks hold the calling one. Raises OSError.
    """
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise OSError("a decoder that has threads can not be confined")
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # None at all, where it was started with some: they would lift the limits again.
    _checked(_libc.capset(ctypes.byref(_Capabilities(_CAPABILITIES_VERSION, 0)), (ctypes.c_uint32 * 6)()))
    os.closerange(max(CHANNEL) + 1, _MOST_FDS)
    landlock = _shut_landlock()
    for limit, most in _LIMITS.items():
        resource.setrlimit(limit, (most, most))
    return Ready(landlock, sieve(_libc))


def _shut_landlock() -> int:
    """No file, no address to bind or connect to, no signal to others; Landlock's version, 0 where there is none."""
    version = int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _RULESET_VERSION))
    if version < 1:
        return 0
    rights = max(count for since, count in _FILE_RIGHTS if since <= version)
    ruleset = _Ruleset((1 << rights) - 1, 0b11, 0b11)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    handle = _checked(_libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0))
    _checked(_libc.syscall(_RESTRICT_SELF, handle, 0))
    os.close(handle)
    return version


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
