"""Running hours of a unit, added up from the uptimes that its reports tell. Pure."""

from datetime import datetime

import msgspec


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """How long a unit has run in all, up to the report of `sampled_at`, which told `uptime_s`."""

    uptime_s: int
    sampled_at: datetime
    total_s: int


def begun(uptime_s: int, sampled_at: datetime) -> Running:
    """The first report of a unit: what it ran before that boot nobody knows."""
    return Running(uptime_s=uptime_s, sampled_at=sampled_at, total_s=uptime_s)


def step(before: Running, uptime_s: int, sampled_at: datetime) -> Running:
    """After another report. An uptime that is not lower is of the same boot, and by as much the total grows; a lower
    one is of another boot, which has run for all of it. What passed between the last report of a boot and its end does
    not count, so that the total is rather too low than too high. The same report again changes nothing."""
    if sampled_at == before.sampled_at:
        return before
    grown_s = uptime_s - before.uptime_s
    ran_s = grown_s if grown_s >= 0 else uptime_s
    return Running(uptime_s=uptime_s, sampled_at=sampled_at, total_s=before.total_s + ran_s)
