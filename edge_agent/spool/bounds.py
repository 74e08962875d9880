"""How much a spool may hold, and how what it dropped is told. Pure."""

from datetime import UTC, datetime
from typing import NamedTuple

from edge_agent.clock import PLAUSIBLE_FROM_MS
from edge_agent.spool.rows import Draft, event_draft
from protocols.settings import UnitSettings
from protocols.uplink import Severity

_DAY_MS = 86_400_000


class SpoolLimits(NamedTuple):
    """`max_bytes` of the file in use, `max_age_ms` of a report."""

    max_bytes: int
    max_age_ms: int


def limits_of(settings: UnitSettings) -> SpoolLimits:
    """The limits that settings ask for."""
    return SpoolLimits(settings.spool_max_mb * 1024 * 1024, settings.spool_max_days * _DAY_MS)


def too_old_before_ms(limits: SpoolLimits, trusted_wall_ms: int | None) -> int | None:
    """Rows sampled before this are too old; None when the clock can not be trusted to say so.

    A row from before 2020 was sampled by a clock that was not set: its age is unknown, so only the size bound drops it.
    """
    if trusted_wall_ms is None:
        return None
    before_ms = trusted_wall_ms - limits.max_age_ms
    return before_ms if before_ms > PLAUSIBLE_FROM_MS else None


class Untold(NamedTuple):
    """Drops that no event has told yet, and the sampling times they span."""

    reports: int
    events: int
    from_ms: int
    to_ms: int


def dropped_event(untold: Untold, at_ms: int) -> Draft:
    """The `spool-dropped` event: how many, and of which period."""
    what = f"{untold.reports} reports" + (f" and {untold.events} events" if untold.events else "")
    period = f"{_minute(untold.from_ms)} to {_minute(untold.to_ms)}"
    severity: Severity = "alarm" if untold.events else "warning"
    return event_draft(
        at_ms, "spool-dropped", severity, f"{what} of {period} dropped: the spool was full or they were too old"
    )


def _minute(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
