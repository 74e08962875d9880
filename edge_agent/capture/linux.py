"""What Python 3.11 does not offer of Linux: timers on CLOCK_BOOTTIME, prctl, mlockall, descriptors nobody inherits.

Every function raises OSError when the kernel refuses. Constants are those of the kernel's own headers.
"""

import array
import ctypes
import os
import resource
import signal
import socket

BOOT_CLOCK = 7
"""CLOCK_BOOTTIME: never steps, counts suspension."""

_TIMER_ABSTIME = 1
_SIGEV_SIGNAL = 0
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_CAP_IPC_LOCK = 14
_NS_PER_S = 1_000_000_000

# By its name: symbols are then its own, whatever a preloaded library (libfaketime) puts in front of them.
_libc = ctypes.CDLL("libc.so.6", use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class _Sigevent(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("reserved", ctypes.c_byte * 64),
    )


def boot_ns() -> int:
    """Nanoseconds of CLOCK_BOOTTIME."""
    now = _Timespec()
    _checked(_libc.clock_gettime(BOOT_CLOCK, ctypes.byref(now)))
    return int(now.seconds) * _NS_PER_S + int(now.nanoseconds)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _at(deadline_boot_ns: int) -> _Itimerspec:
    """Once, at that moment; a zero would disarm, so it is never given."""
    seconds, nanoseconds = divmod(max(1, deadline_boot_ns), _NS_PER_S)
    return _Itimerspec(_Timespec(0, 0), _Timespec(seconds, nanoseconds))


def boot_timerfd() -> int:
    """A new, unarmed timer as a descriptor, readable once it has expired; not inherited by programs."""
    return _checked(_libc.timerfd_create(BOOT_CLOCK, os.O_NONBLOCK | os.O_CLOEXEC))


def arm_timerfd(fd: int, deadline_boot_ns: int) -> None:
    """Let `fd` expire at `deadline_boot_ns`; at once when that has passed."""
    _checked(_libc.timerfd_settime(fd, _TIMER_ABSTIME, ctypes.byref(_at(deadline_boot_ns)), None))


class KillTimer:
    """A timer of the kernel that SIGKILLs this process, running, hung or stopped. An exec removes it."""

    def __init__(self) -> None:
        """Unarmed."""
        event = _Sigevent(signo=int(signal.SIGKILL), notify=_SIGEV_SIGNAL)
        self._timer = ctypes.c_void_p()
        _checked(_libc.timer_create(BOOT_CLOCK, ctypes.byref(event), ctypes.byref(self._timer)))

    def arm(self, deadline_boot_ns: int) -> None:
        """Kill at `deadline_boot_ns` instead of any earlier choice; at once when that has passed."""
        _checked(_libc.timer_settime(self._timer, _TIMER_ABSTIME, ctypes.byref(_at(deadline_boot_ns)), None))


def receive(sock: socket.socket, most_bytes: int, most_fds: int) -> tuple[bytes, list[int], bool]:
    """One message, the descriptors with it, which no program inherits, and whether nothing was cut off.

    socket.recv_fds takes flags and, in Python 3.11, does not use them: what it gives is inherited.
    """
    fds = array.array("i")
    room = socket.CMSG_SPACE(most_fds * fds.itemsize)
    data, ancillary, flags, _ = sock.recvmsg(most_bytes, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return data, list(fds), not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def die_with_parent(number: signal.Signals) -> None:
    """Be sent `number` when the thread that started this process ends. The caller then compares os.getppid()."""
    _prctl(_PR_SET_PDEATHSIG, int(number))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No set-user-id program that is run from here on gets more rights."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_dumps() -> None:
    """No core dump, and no other process of this user may read this one's memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def lock_memory() -> str:
    """Keep this process's pages out of swap as they are touched; "" when they are, else why not.

    Only where no limit applies: under a limit that is large enough now, later allocations would fail.
    """
    if not _may_lock():
        return "RLIMIT_MEMLOCK is limited and CAP_IPC_LOCK is missing"
    try:
        _checked(_libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT))
    except OSError as error:
        return f"mlockall: {error.strerror}"
    return ""


def _may_lock() -> bool:
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 - pathlib costs start-up
        capabilities = next((line.split()[1] for line in status if line.startswith("CapEff:")), "0")
    return bool(int(capabilities, 16) >> _CAP_IPC_LOCK & 1)


def hurry() -> str:
    """Be scheduled before others, as far as allowed, but not what this process starts: "fifo", "nice" or "usual"."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        pass  # not allowed; the next best is tried
    else:
        return "fifo"
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    except OSError:
        return "usual"
    return "nice"
