"""Days in London, by which mandates count. Pure; times are Unix milliseconds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_LONDON = ZoneInfo("Europe/London")


class Part(NamedTuple):
    """How much of a span falls on `day`, written as 2026-11-22."""

    day: str
    ms: int


def day_of(at_ms: int) -> str:
    """The day in London of a moment before the year 9999."""
    return _date_of(at_ms).isoformat()


def days_before(day: str, count: int) -> str:
    """The day `count` days earlier."""
    return (date.fromisoformat(day) - timedelta(days=count)).isoformat()


def parts_of(from_ms: int, until_ms: int) -> Iterator[Part]:
    """The days that the span touches, in order; none for an empty one. A day in London has 23 to 25 hours."""
    at_ms = from_ms
    while at_ms < until_ms:
        today = _date_of(at_ms)
        midnight = datetime.combine(today + timedelta(days=1), time(), _LONDON)
        end_ms = min(until_ms, round(midnight.timestamp() * 1000))
        yield Part(today.isoformat(), end_ms - at_ms)
        at_ms = end_ms


def _date_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(_LONDON).date()
