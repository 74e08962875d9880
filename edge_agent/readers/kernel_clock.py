"""The kernel's own account of its clock, by adjtimex(2) with `modes` 0, which reads and changes nothing.

`struct timex` and the status bits are those of `linux/timex.h`.
"""

import ctypes
import os
from dataclasses import dataclass

from edge_agent.errors import SourceUnreadable

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("constant", "precision", "tolerance")),
        *((name, ctypes.c_long) for name in ("time_s", "time_us", "tick", "ppsfreq", "jitter")),
        ("shift", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """`synchronised` as a time service told the kernel; `offset_ms` still to be corrected, positive when the clock is
    behind."""

    synchronised: bool
    offset_ms: float


def read_kernel_clock() -> KernelClock | None:
    """Ask the kernel. None where the C library has no adjtimex; raises SourceUnreadable when the kernel refuses."""
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        return None
    timex = _Timex(modes=0)
    state = adjtimex(ctypes.byref(timex))
    if state < 0:
        raise SourceUnreadable("adjtimex", os.strerror(ctypes.get_errno()).lower())
    return judge(state, timex.status, timex.offset)


def judge(state: int, status: int, offset: int) -> KernelClock:
    """The clock from adjtimex's return value `state` and the fields `status` and `offset` (ns or µs, by STA_NANO)."""
    per_ms = 1_000_000 if status & _STA_NANO else 1_000
    return KernelClock(
        synchronised=state != _TIME_ERROR and not status & _STA_UNSYNC,
        offset_ms=offset / per_ms,
    )
