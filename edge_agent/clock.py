"""Clocks of a unit: the wall clock that may be wrong, and the one that only goes forward.

A unit without a battery-backed clock starts in 1970 or at its last shutdown and steps later. `sampled_at_ms` is
whatever the wall clock says; order is by sequence number; deadlines run on CLOCK_BOOTTIME, which counts suspension.
"""

import time
from typing import Protocol

PLAUSIBLE_FROM_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z: a wall clock before this has not been set."""

STEP_MS = 5_000
SETTLED_AFTER_MS = 3_600_000


class Clock(Protocol):
    """Where every time in this package comes from."""

    def wall_ms(self) -> int:
        """Unix milliseconds by the unit's own clock, never negative."""
        ...

    def mono_ms(self) -> int:
        """Milliseconds since some fixed moment before the program started; never steps, counts suspension."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """See Clock."""
        return max(0, time.time_ns() // 1_000_000)

    def mono_ms(self) -> int:
        """See Clock."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class StepWatch:
    """Notices when the wall clock jumps against the monotonic one. Pure: the caller passes both in."""

    def __init__(self, wall_ms: int, mono_ms: int) -> None:
        """Watch from this pair of readings on."""
        self._offset_ms = wall_ms - mono_ms
        self._stepped_at_mono_ms: int | None = None

    def observe(self, wall_ms: int, mono_ms: int) -> int | None:
        """The size of a jump of more than 5 s since the last call, forward positive; None for none.

        Slow drift below that, as a time service makes when it slews, is followed silently.
        """
        jump_ms = wall_ms - mono_ms - self._offset_ms
        self._offset_ms += jump_ms
        if abs(jump_ms) <= STEP_MS:
            return None
        self._stepped_at_mono_ms = mono_ms
        return jump_ms

    def trusted_wall_ms(self, wall_ms: int, mono_ms: int) -> int | None:
        """The wall clock where it may decide that something is old: after 2020, and not within an hour of a step.

        None otherwise: a clock that has just jumped must not age out what nobody has acknowledged.
        """
        if wall_ms < PLAUSIBLE_FROM_MS:
            return None
        if self._stepped_at_mono_ms is not None and mono_ms - self._stepped_at_mono_ms < SETTLED_AFTER_MS:
            return None
        return wall_ms
