"""Processor use and load, from `/proc/stat` and `/proc/loadavg`."""

from dataclasses import dataclass

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import decimal, integer
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_STAT = "proc/stat"
_LOADAVG = "proc/loadavg"
_FIRST_LINE_BYTES = 512


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Clock ticks since boot, summed over the processors."""

    total: int
    idle: int


class CpuLoadReader:
    """Gives `load_1m`, and from its second read on `cpu_used_percent` since the read before."""

    name = "cpu_load"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._before: CpuTimes | None = None

    def read(self) -> Reading:
        """A failed read starts the percentage afresh, so that it never spans a gap unseen."""
        gathering = Gathering(self._tree)
        now = gathering.needed_file(_STAT, cpu_times, limit_bytes=_FIRST_LINE_BYTES, cut=True)
        if now is not None:
            percent = None if self._before is None else used_percent(self._before, now)
            if percent is None:
                gathering.withdraw("cpu_used_percent")
            else:
                gathering.put("cpu_used_percent", percent, _STAT)
        self._before = now
        gathering.put("load_1m", gathering.needed_file(_LOADAVG, one_minute_load), _LOADAVG)
        return gathering.reading()


def cpu_times(text: str) -> CpuTimes:
    """From the `cpu` line. Guest time is inside user time already; waiting for input and output counts as idle.

    Raises SourceGarbled.
    """
    fields = text.partition("\n")[0].split()
    if len(fields) < 5 or fields[0] != "cpu":
        raise SourceGarbled("a line of processor times", text)
    ticks = [integer(field) for field in fields[1:9]]
    return CpuTimes(total=sum(ticks), idle=sum(ticks[3:5]))


def used_percent(before: CpuTimes, now: CpuTimes) -> float | None:
    """Share of time not idle between two counts, 0 … 100; None when the counts did not move forward."""
    total = now.total - before.total
    if total <= 0:
        return None
    # The kernel's wait-for-I/O count may step back a little, so the idle share is held within the whole.
    idle = min(max(now.idle - before.idle, 0), total)
    return round(100 * (total - idle) / total, 1)


def one_minute_load(text: str) -> float:
    """The first field of `/proc/loadavg`. Raises SourceGarbled."""
    fields = text.split()
    if len(fields) != 5:
        raise SourceGarbled("a load average line", text)
    return decimal(fields[0])
