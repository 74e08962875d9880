"""How sentences of the rota's rules say instants, times and who. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import zone_of

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(on: date) -> str:
    """A date: `Thu 11 Jun`; in English, whatever the locale."""
    return f"{_DAYS[on.weekday()]} {on.day} {_MONTHS[on.month - 1]}"


def said(at: datetime, zone: str) -> str:
    """An instant in local time with its zone, as `Mon 2 Nov 2026 09:00 GMT`."""
    local = at.astimezone(zone_of(zone))
    return f"{day(local.date())} {local.year} {local:%H:%M} {local.tzname()}"


def said_span(span: Span, zone: str) -> str:
    """`from … until …` in local time."""
    return f"from {said(span.starts_at, zone)} until {said(span.ends_at, zone)}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """`one`, `one and two`, `one, two and three`; empty for none."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def key_time(at: datetime) -> str:
    """An instant as part of a finding's key."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
