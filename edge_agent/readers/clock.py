"""Whether the clock is in step and by how much it is off: chrony's word where it runs, else the kernel's."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.calls import Calls
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.kernel_clock import KernelClock
from edge_agent.readers.plain_values import decimal
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_COMMAND = ("chronyc", "-c", "tracking")
_FIELDS = 14
_REFERENCE, _SYSTEM_TIME, _LEAP = 0, 4, 13
_LEAP_STATES = frozenset({"Normal", "Insert second", "Delete second"})
_NOBODY = frozenset({"00000000", "7F7F0101"})


class ClockReader:
    """Gives `clock_synchronised` and, while that is true, `clock_offset_ms` (positive: the clock is behind)."""

    name = "clock"

    def __init__(self, tree: SourceTree, calls: Calls) -> None:
        self._tree = tree
        self._calls = calls

    def read(self) -> Reading:
        """An offset nobody vouches for is not given."""
        gathering = Gathering(self._tree)
        source = " ".join(_COMMAND)
        clock = gathering.attempt(source, self._by_chrony)
        if clock is None:
            source = "adjtimex"
            clock = gathering.attempt(source, self._calls.kernel_clock)
        if clock is not None:
            gathering.put("clock_synchronised", clock.synchronised, source)
            if clock.synchronised:
                gathering.put("clock_offset_ms", round(clock.offset_ms, 3), source)
            else:
                gathering.withdraw("clock_offset_ms")
        return gathering.reading()

    def _by_chrony(self) -> KernelClock | None:
        text = self._calls.command(*_COMMAND)
        return None if text is None else chrony_tracking(text)


def chrony_tracking(text: str) -> KernelClock:
    """From the one line of `chronyc -c tracking`. Raises SourceGarbled.

    A clock that follows only itself (reference 127.127.1.1, chrony's `local`) is not synchronised.
    """
    fields = text.strip().split(",")
    if len(fields) != _FIELDS or "\n" in text.strip():
        raise SourceGarbled(f"one line of {_FIELDS} tracking fields", text)
    leap = fields[_LEAP]
    if leap not in _LEAP_STATES and leap != "Not synchronised":
        raise SourceGarbled("a leap status", leap)
    offset_ms = decimal(fields[_SYSTEM_TIME]) * 1000
    return KernelClock(
        synchronised=leap in _LEAP_STATES and fields[_REFERENCE] not in _NOBODY,
        offset_ms=offset_ms,
    )
