"""Wall time and instants: the only place that knows zones. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from fleet.rota.rules.spans import Span, common
from protocols.rota.model import Restriction

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises ZoneInfoNotFoundError or ValueError."""
    return ZoneInfo(name)


def instant(wall: datetime, zone: str) -> datetime:
    """The instant, in UTC, of a wall time. One that clocks skip is taken with the offset before the change; one that
    comes twice is its first."""
    return wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)


def on_date(day: date, at: time, zone: str) -> datetime:
    """The instant of a time of day on a local date."""
    return instant(datetime.combine(day, at), zone)


@lru_cache(maxsize=8192)
def midnight(day: date, zone: str) -> datetime:
    """The instant at which a local date begins."""
    return on_date(day, _MIDNIGHT, zone)


def wall_time(at: datetime, zone: str) -> datetime:
    """The wall time of an instant, without its offset."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def local_date(at: datetime, zone: str) -> date:
    """The local date of an instant."""
    return at.astimezone(zone_of(zone)).date()


def day_span(day: date, zone: str) -> Span:
    """A local date from midnight to midnight: 23, 24 or 25 hours."""
    return Span(midnight(day, zone), midnight(day + _DAY, zone))


def dates_touched(span: Span, zone: str) -> Iterator[date]:
    """The local dates that a span has a part of, in order; none of an empty one."""
    day = local_date(span.starts_at, zone)
    while span.starts_at < span.ends_at and midnight(day, zone) < span.ends_at:
        yield day
        day += _DAY


def daily(day: date, from_time: time, until_time: time, zone: str) -> Span:
    """From a time of day on `day` until another, on the next date when that is not later."""
    ends = day if from_time < until_time else day + _DAY
    return Span(on_date(day, from_time, zone), on_date(ends, until_time, zone))


def monday_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def restricted(span: Span, restrictions: list[Restriction], zone: str) -> list[Span]:
    """The parts of `span` within the restrictions, joined and in order; all of it when there are none."""
    if not restrictions:
        return [span]
    first, last = local_date(span.starts_at, zone) - _DAY, local_date(span.ends_at, zone)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    hours = [
        daily(day, one.from_time, one.until_time, zone)
        for one in restrictions
        for day in days
        if day.weekday() in one.weekdays
    ]
    return common([span], hours)
