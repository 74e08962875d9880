"""How much of a mandate's day the openings of one modality have used. Pure.

A mandate carries minutes and openings per day and modality; days are those of Europe/London. An opening counts on
the day it began, its minutes on the days they fell on.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fleet.openings.rules import ROUNDING, Finding, seconds

LONDON = ZoneInfo("Europe/London")


class Use(NamedTuple):
    """One opening as its budget sees it: `held_until` is the last moment it is known to have been open."""

    key: tuple[str, str, str]
    start: datetime
    held_until: datetime


def day_of(at: datetime) -> date:
    """The day in London."""
    return at.astimezone(LONDON).date()


def day_starts(day: date) -> datetime:
    """The first moment of a day in London."""
    return datetime.combine(day, time(), LONDON)


def over_budget(uses: Iterable[Use], *, minutes: int, openings: int) -> dict[tuple[str, str, str], list[Finding]]:
    """The openings of one mandate and modality by which a day's budget was passed, in order of their start.

    The minutes are over when their seconds exceed the budget by more than one for each opening: units count whole ones.
    """
    counted: defaultdict[date, int] = defaultdict(int)
    used: defaultdict[date, timedelta] = defaultdict(timedelta)
    parts: defaultdict[date, int] = defaultdict(int)
    found: defaultdict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for use in sorted(uses, key=lambda one: (one.start, one.key)):
        began = day_of(use.start)
        counted[began] += 1
        if counted[began] > openings:
            said = f"opening {counted[began]} of {began:%Y-%m-%d}, the mandate allows {openings} a day"
            found[use.key].append(Finding("over-openings", said))
        for day, length in _by_day(use):
            used[day] += length
            parts[day] += 1
            over = used[day] - timedelta(minutes=minutes)
            if over > ROUNDING * parts[day] and length > timedelta():
                said = f"{seconds(over)} more than the {minutes} min that the mandate allows for {day:%Y-%m-%d}"
                found[use.key].append(Finding("over-minutes", said))
    return dict(found)


def _by_day(use: Use) -> Iterable[tuple[date, timedelta]]:
    at, end = use.start, max(use.start, use.held_until)
    while day_of(at) < day_of(end):
        # Compared in one zone, Python leaves clock changes out: so both are taken to the zone of `at`.
        midnight = day_starts(day_of(at) + timedelta(days=1)).astimezone(use.start.tzinfo)
        yield day_of(at), midnight - at
        at = midnight
    yield day_of(at), end - at
