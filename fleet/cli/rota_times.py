"""Times of a rota as people type and read them: on the clock of its zone.

A wall time that comes twice, or that clocks skip, is refused with both instants that it may mean.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfoNotFoundError

from cyclopts import Parameter

from fleet.cli.options import Form
from fleet.errors import RequestRefused
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date, midnight, zone_of

_MONTH = r"(?:19|2[01])[0-9]{2}-(?:0[1-9]|1[0-2])"
_DAY = rf"{_MONTH}-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_AT = rf"{_DAY}[T ]{_TIME}{_OFFSET}?"
_ONE_DAY = timedelta(days=1)
_LEEWAY = timedelta(minutes=5)
_DEFAULT_DAYS = 28

_YEARS = "in the years 1900 to 2199"
_WORDS = "now, a day or time as 2026-06-11 or 2026-06-11T02:00, or a time of day as 02:00"
WHEN_FORM = Form(re.compile(rf"now|{_DAY}|{_AT}|{_TIME}", re.ASCII), f"{_WORDS}, {_YEARS}")
POINT_FORM = Form(re.compile(rf"{_DAY}|{_AT}", re.ASCII), f"a day or time as 2026-06-11 or 2026-06-11T02:00, {_YEARS}")
SHIFT_FORM = Form(
    re.compile(rf"(?:{_DAY}|{_AT})(?:/(?:{_DAY}|{_AT}))?", re.ASCII),
    "a day or time in the shift as 2026-06-11, or a part of it as 2026-06-11T09:00/2026-06-11T17:00, or whole days of "
    f"it as 2026-06-11/2026-06-13, the last not counted in, {_YEARS}",
)
MONTH_FORM = Form(re.compile(_MONTH, re.ASCII), f"a month as 2026-10, {_YEARS}")

Point = Annotated[str, Parameter(validator=POINT_FORM, help="As 2026-06-11 or 2026-06-11T02:00, in the rota's zone.")]
Since = Annotated[
    str | None, Parameter(validator=POINT_FORM, help="From when on, as 2026-12-01, in the rota's zone; today.")
]
Until = Annotated[
    str | None,
    Parameter(validator=POINT_FORM, help="Until before when; up to what is published, or for 28 days."),
]
UntilAhead = Annotated[
    str | None, Parameter(name="--until", validator=POINT_FORM, help="Until before when; 28 days from --since.")
]

Day = Annotated[
    str | None, Parameter(validator=POINT_FORM, help="As 2026-12-01 or 2026-12-01T09:00, in the zone of the rotas.")
]
FirstDay = Annotated[
    str,
    Parameter(name="--from", validator=POINT_FORM, help="The first day as 2026-12-24, or a time as 2026-12-24T09:00."),
]
LastDay = Annotated[
    str,
    Parameter(name="--to", validator=POINT_FORM, help="The last day, counted in, or the time at which it ends."),
]
Begins = Annotated[str, Parameter(name="--from", validator=WHEN_FORM, help=f"When it begins: {_WORDS}.")]
Ends = Annotated[str, Parameter(name="--until", validator=WHEN_FORM, help="When it ends, in the same forms.")]


def instant_of(text: str, zone: str, now: datetime) -> datetime:
    """The instant, in UTC, that `text` says: `now`, a day's beginning, a time on that zone's clock, one with its own
    offset, or a time of day, which is the last such that is not still to come.

    Raises RequestRefused for what is not in the calendar, and for a wall time that comes twice or never.
    """
    if text == "now":
        return now.replace(microsecond=0)
    if re.fullmatch(_TIME, text):
        return _latest(time.fromisoformat(text), zone, now)
    if re.fullmatch(_DAY, text):
        return midnight(_read(text).date(), known_zone(zone))
    at = _read(text)
    return at.astimezone(UTC) if at.tzinfo is not None else _of_wall(at, zone)


def instant_after(text: str, zone: str, after: datetime, now: datetime) -> datetime:
    """As `instant_of`, but a time of day is the first such after `after`."""
    if not re.fullmatch(_TIME, text):
        return instant_of(text, zone, now)
    at, day = time.fromisoformat(text), local_date(after, known_zone(zone))
    found = _of_wall(datetime.combine(day, at), zone)
    return found if found > after else _of_wall(datetime.combine(day + _ONE_DAY, at), zone)


def end_of(text: str, zone: str, now: datetime) -> datetime:
    """As `instant_of`, but a day is counted in: its end."""
    if not re.fullmatch(_DAY, text):
        return instant_of(text, zone, now)
    return midnight(_read(text).date() + _ONE_DAY, known_zone(zone))


def is_day(text: str) -> bool:
    """Whether `text` names a whole day."""
    return re.fullmatch(_DAY, text) is not None


def period_of(
    since: str | None, until: str | None, zone: str, now: datetime, published_until: datetime | None = None
) -> Span:
    """From `since`, else the beginning of today, until before `until`, else up to what is published, else for 28 days.

    Raises RequestRefused for times that are none, and where the end is not later.
    """
    today = midnight(local_date(now, known_zone(zone)), zone)
    starts_at = today if since is None else instant_of(since, zone, now)
    if until is not None:
        ends_at = instant_of(until, zone, now)
    elif published_until is not None and published_until > starts_at:
        ends_at = published_until
    else:
        ends_at = midnight(local_date(starts_at, zone) + timedelta(days=_DEFAULT_DAYS), zone)
    if ends_at <= starts_at:
        raise RequestRefused("period-unusable", "the period ends before it begins", "let --until be later")
    return Span(starts_at, ends_at)


def month_of(text: str | None, zone: str, now: datetime) -> tuple[str, Span]:
    """The month that `text` says, as `2026-10`, from midnight to midnight in a zone; None: the last that is over."""
    first = local_date(now, known_zone(zone)).replace(day=1)
    first = (first - _ONE_DAY).replace(day=1) if text is None else _read(f"{text}-01").date()
    following = (first + timedelta(days=31)).replace(day=1)
    return f"{first:%Y-%m}", Span(midnight(first, zone), midnight(following, zone))


def said(at: datetime | None, zone: str) -> str | None:
    """A time on a zone's clock, `Mon 9 Feb 2026 09:00`, with the name of its offset where that hour comes twice; None
    of None."""
    if at is None:
        return None
    there = at.astimezone(zone_of(known_zone(zone)))
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return f"{there:%a} {there.day} {there:%b %Y %H:%M}" + (f" {there.tzname()}" if twice else "")


def known_zone(zone: str) -> str:
    """The zone's name; raises RequestRefused where this machine does not know it."""
    try:
        zone_of(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        remedy = "take one like Europe/London, or install this machine's time zones"
        raise RequestRefused("zone-unknown", f"this machine knows no zone {zone}", remedy) from error
    return zone


def _latest(at: time, zone: str, now: datetime) -> datetime:
    day: date = local_date(now, known_zone(zone))
    wall = datetime.combine(day, at)
    if min(_readings(wall, zone)) > now + _LEEWAY:
        wall -= _ONE_DAY
    return _of_wall(wall, zone)


def _readings(wall: datetime, zone: str) -> tuple[datetime, datetime]:
    """What a wall time may mean: with the offset before a change of clocks, and with the one after it."""
    there = wall.replace(tzinfo=zone_of(known_zone(zone)))
    return there.replace(fold=0).astimezone(UTC), there.replace(fold=1).astimezone(UTC)


def _of_wall(wall: datetime, zone: str) -> datetime:
    before, after = _readings(wall, zone)
    if before == after:
        return before
    twice = before < after
    what = "comes twice" if twice else "does not come"
    either = " or ".join(f"{_exact(at, zone)} ({at:%H:%M} UTC)" for at in sorted((before, after)))
    raise RequestRefused(
        "time-twice" if twice else "time-skipped",
        f"{wall:%H:%M} {what} on {wall:%Y-%m-%d} in {zone}, because clocks change",
        f"say which is meant: {either}",
    )


def _exact(at: datetime, zone: str) -> str:
    return at.astimezone(zone_of(zone)).isoformat(timespec="minutes")


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestRefused("time-unknown", f"{text}: {error}", "correct it") from error
