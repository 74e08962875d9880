"""Times of a rota as they are shown and typed: on its zone's clock, or in UTC. Pure.

A wall time that clocks skip is refused; one that comes twice is asked about, and told from the other by its zone's
name: `01:30 GMT`.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date, zone_of
from tui.rota_forms import Unclear

HINT = "02:00, Sat 21 Nov 02:00, or now"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TYPED = re.compile(
    rf"(?:(?P<weekday>{'|'.join(_DAYS)}) )?"
    rf"(?:(?P<iso>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})|(?P<day>[0-9]{{1,2}}) (?P<month>{'|'.join(_MONTHS)})"
    r"(?: (?P<year>[0-9]{4}))?)?"
    r"(?:(?: |^)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}))?"
    r"(?: (?P<name>[A-Za-z]{2,5}|[+-][0-9]{2,4}))?",
    re.IGNORECASE | re.ASCII,
)
_DAY, _LEEWAY = timedelta(days=1), timedelta(minutes=5)


def day_text(day: date, today: date) -> str:
    """`Sat 28 Nov`, with the year of another."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}" + (
        f" {day.year}" if day.year != today.year else ""
    )


def stamp(at: datetime, zone: str, now: datetime, *, utc: bool) -> str:
    """`Sat 28 Nov 09:00`: with the year of another, and with the zone's name in an hour that comes twice. It can be
    typed as it is."""
    shown = _shown_zone(zone, utc=utc)
    there = at.astimezone(zone_of(shown))
    twice = len(_instants(there.replace(tzinfo=None, fold=0), shown)) > 1
    name = f" {there.tzname()}" if twice else ""
    return f"{day_text(there.date(), local_date(now, shown))} {there:%H:%M}{name}"


def stretch(span: Span, zone: str, now: datetime, *, utc: bool) -> str:
    """`Sat 28 Nov 09:00 – 17:00`, `Sat 28 Nov 09:00 – Mon 30 Nov 09:00`."""
    shown = _shown_zone(zone, utc=utc)
    begins, ends = (stamp(at, zone, now, utc=utc) for at in span)
    if local_date(span.starts_at, shown) == local_date(span.ends_at, shown):
        ends = ends.removeprefix(f"{day_text(local_date(span.ends_at, shown), local_date(now, shown))} ")
    return f"{begins} – {ends}"


def short_stretch(span: Span, zone: str, now: datetime, *, utc: bool) -> str:
    """`28 Nov 09:00 – 30 Nov 09:00`: as `stretch`, without the days of the week."""
    return re.sub(rf"\b(?:{'|'.join(_DAYS)}) ", "", stretch(span, zone, now, utc=utc))


def read_day(text: str, field: str, today: date) -> date:
    """The date that was typed, of this year where it names none; raises Unclear."""
    found = _TYPED.fullmatch(" ".join(text.split()))
    day = None if found is None or found["hour"] or found["name"] else _date_of(found, today, field)
    if day is None:
        raise Unclear(field, f"{field}: “{text}” is no date; as 28 Nov, or 2026-11-28")
    return day


def read_at(text: str, field: str, zone: str, now: datetime, *, utc: bool, after: datetime | None = None) -> datetime:
    """The instant that was typed, in whole seconds of UTC; raises Unclear.

    A time of day alone is the first of these after `after`; without that, the last that is not still to come. A date
    alone is its midnight. `field` is what the person calls it.
    """
    text, shown = " ".join(text.split()), _shown_zone(zone, utc=utc)
    if text.lower() == "now":
        return now.astimezone(UTC).replace(microsecond=0)
    found = _TYPED.fullmatch(text)
    if found is None or not text or not (found["iso"] or found["day"] or found["hour"]):
        raise Unclear(field, f"{field}: {HINT}" if not text else f"{field}: “{text}” is no time; as {HINT}")
    day, clock = _date_of(found, local_date(now, shown), field), _clock_of(found, field)
    if day is not None:
        return _instant(datetime.combine(day, clock), found["name"], shown, field)
    return _nearest(clock, found["name"], shown, field, now, after)


def _nearest(clock: time, name: str | None, zone: str, field: str, now: datetime, after: datetime | None) -> datetime:
    """The date is not said: the first such time after `after`, or the last that is not still to come."""
    if after is not None:
        wall = datetime.combine(local_date(after, zone), clock)
        return _instant(wall if max(_instants(wall, zone) or [after]) > after else wall + _DAY, name, zone, field)
    wall = datetime.combine(local_date(now, zone), clock)
    still_to_come = min(_instants(wall, zone) or [now]) > now + _LEEWAY
    return _instant(wall - _DAY if still_to_come else wall, name, zone, field)


def _shown_zone(zone: str, *, utc: bool) -> str:
    return "UTC" if utc else zone


def _instants(wall: datetime, zone: str) -> list[datetime]:
    """The instants at which a wall time is: none where clocks skip it, two where they go back over it."""
    there = wall.replace(tzinfo=zone_of(zone))
    first, second = (there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return [first] if first == second else [first, second] if first < second else []


def _instant(wall: datetime, name: str | None, zone: str, field: str) -> datetime:
    found = _instants(wall, zone)
    names = [at.astimezone(zone_of(zone)).tzname() or "" for at in found]
    said = f"{wall:%H:%M} on {day_text(wall.date(), wall.date())}"
    if not found:
        raise Unclear(field, f"{field}: {said} does not come: clocks go forward over it")
    if name is not None:
        matching = [at for at, one in zip(found, names, strict=True) if one.lower() == name.lower()]
        if not matching:
            raise Unclear(field, f"{field}: {said} is in {' or '.join(names)} there")
        return matching[0]
    if len(found) > 1:
        raise Unclear(field, f"{field}: {said} comes twice: type {wall:%H:%M} {names[0]} or {wall:%H:%M} {names[1]}")
    return found[0]


def _clock_of(found: re.Match[str], field: str) -> time:
    if not found["hour"]:
        return time(0)
    try:
        return time(int(found["hour"]), int(found["minute"]))
    except ValueError:
        raise Unclear(field, f"{field}: {found['hour']}:{found['minute']} is no time of day") from None


def _date_of(found: re.Match[str], today: date, field: str) -> date | None:
    """The date that was typed, None where none was."""
    try:
        if found["iso"]:
            day = date.fromisoformat(found["iso"])
        elif found["day"]:
            month = _MONTHS.index(found["month"].capitalize()) + 1
            day = date(int(found["year"] or today.year), month, int(found["day"]))
        else:
            return None
    except ValueError:
        raise Unclear(field, f"{field}: there is no such date") from None
    if found["weekday"] and _DAYS[day.weekday()] != found["weekday"].capitalize():
        raise Unclear(field, f"{field}: {day.day} {_MONTHS[day.month - 1]} {day.year} is a {_DAYS[day.weekday()]}")
    return day
