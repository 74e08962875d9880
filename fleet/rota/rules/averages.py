"""The averages of 48 hours a week (reg. 4) and of 8 hours at night (reg. 6): docs/rota-rules.md, "Working time".
Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from fleet.rota.rules.spans import Span, common, total
from fleet.rota.rules.wall import daily, local_date, midnight, monday_of
from fleet.rota.rules.work import Work
from protocols.rota.member import OptOut, Regulation21, WorkingTerms

WEEKS = 17
LONG_WEEKS = 26
"""The reference period where regulation 21 applies (reg. 4(5))."""

WEEKLY_LIMIT_H = 48
NIGHT_LIMIT_H = 8
NIGHT_WORK = timedelta(hours=3)
"""How much of a night makes it one of night work."""

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAYS_OF_WORK = 6


class Window(NamedTuple):
    """A reference period: the local dates from `first` until, and without, `end`, both Mondays."""

    first: date
    end: date

    @property
    def weeks(self) -> int:
        """How many weeks it has."""
        return (self.end - self.first).days // 7


class Average(NamedTuple):
    """The average of a window, hours, and whether it is more than the limit."""

    window: Window
    hours: float
    over: bool


def weekly_average_h(hours: timedelta, hours_after: timedelta, weeks: int) -> float:
    """(A + B) / C of regulation 4(6), hours a week: `hours` in the reference period, `hours_after` on as many days of
    work after it as days in it were excluded."""
    return (hours + hours_after) / _HOUR / weeks


def claimed(claim: Regulation21 | None, day: date) -> bool:
    """Whether regulation 21 is claimed on a local date."""
    return claim is not None and claim.since <= day and (claim.until is None or day <= claim.until)


def opted_out(opt_outs: Iterable[OptOut], window: Window) -> bool:
    """Whether on every date of the window an opt-out is in force that was signed by its first day in force."""
    day = window.first
    for one in sorted((one for one in opt_outs if one.signed_on <= one.since), key=lambda one: one.since):
        if one.since <= day:
            day = max(day, date.max if one.until is None or one.until == date.max else one.until + _DAY)
    return day >= window.end


def judged_ends(work: Work, period: Span) -> list[date]:
    """The Mondays at whose beginning a window ends that is judged: those in the period."""
    day = monday_of(local_date(period.starts_at, work.zone))
    found: list[date] = []
    while midnight(day, work.zone) <= period.ends_at:
        if midnight(day, work.zone) > period.starts_at:
            found.append(day)
        day += timedelta(weeks=1)
    return found


def known_weeks(work: Work) -> Window | None:
    """All whole weeks known; None when there is none."""
    first = monday_of(local_date(work.known.starts_at, work.zone))
    if midnight(first, work.zone) < work.known.starts_at:
        first += timedelta(weeks=1)
    end = monday_of(local_date(work.known.ends_at, work.zone))
    return Window(first, end) if first < end else None


def windows(work: Work, period: Span, terms: WorkingTerms) -> tuple[list[Window], list[date]]:
    """The reference periods of the weekly average; and the ends of those which would be longer if regulation 21 were
    claimed."""
    whole = known_weeks(work)
    if whole is None:
        return [], []
    refused: list[date] = []
    found: list[Window] = []
    for end in judged_ends(work, period):
        weeks, short = _weeks_at(end, terms)
        if end - timedelta(weeks=weeks) >= whole.first:
            found.append(Window(end - timedelta(weeks=weeks), end))
            refused += [end] if short else []
    if found:
        return found, refused
    weeks, short = _weeks_at(whole.end, terms)
    return [_latest(whole, weeks)], [whole.end] if short else []


def _weeks_at(end: date, terms: WorkingTerms) -> tuple[int, bool]:
    """How long the reference period that ends there is; True when it would be longer with a claim."""
    if terms.reference_weeks == WEEKS:
        return WEEKS, False
    return (LONG_WEEKS, False) if claimed(terms.regulation_21, end - _DAY) else (WEEKS, True)


def _latest(whole: Window, weeks: int) -> Window:
    return Window(max(whole.first, whole.end - timedelta(weeks=weeks)), whole.end)


def night_windows(work: Work, period: Span) -> list[Window]:
    """The windows of 17 weeks, whatever is agreed."""
    return windows(work, period, WorkingTerms())[0]


def weekly_averages(work: Work, judged: Sequence[Window]) -> list[Average]:
    """The average of each window."""
    found: list[Average] = []
    for window in judged:
        excluded = bisect_left(work.excluded, window.end) - bisect_left(work.excluded, window.first)
        hours = work.hours(window.first, window.end)
        after = hours_after(work, window.end, excluded)
        over = hours + after > WEEKLY_LIMIT_H * _HOUR * window.weeks
        found.append(Average(window, weekly_average_h(hours, after, window.weeks), over))
    return found


def hours_after(work: Work, end: date, days: int) -> timedelta:
    """The hours on the first so many dates with work from `end` on, as far as is known."""
    first = bisect_left(work.dates, end)
    dates = work.dates[first : first + days]
    return work.hours(dates[0], dates[-1] + _DAY) if dates else timedelta(0)


def night_averages(work: Work, judged: Sequence[Window]) -> list[Average]:
    """The average of each window in which they are a night worker."""
    nights = sorted(night for night, length in night_work(work).items() if length >= NIGHT_WORK)
    found: list[Average] = []
    for window in judged:
        many = bisect_left(nights, window.end) - bisect_left(nights, window.first)
        days = bisect_left(work.dates, window.end) - bisect_left(work.dates, window.first)
        if days and 3 * many >= days:
            hours = work.hours(window.first, window.end)
            over = hours > NIGHT_LIMIT_H * _HOUR * _DAYS_OF_WORK * window.weeks
            found.append(Average(window, hours / _HOUR / (_DAYS_OF_WORK * window.weeks), over))
    return found


@lru_cache(maxsize=2048)
def night_of(day: date, zone: str) -> Span:
    """The night that begins on a local date: 23:00 to 06:00, six to eight hours."""
    return daily(day, time(23), time(6), zone)


def night_work(work: Work) -> dict[date, timedelta]:
    """How much work there is in each night that has some."""
    found: dict[date, timedelta] = {}
    for spell in work.spells:
        day, last = local_date(spell.starts_at, work.zone) - _DAY, local_date(spell.ends_at, work.zone)
        while day <= last:
            length = total(common([spell], [night_of(day, work.zone)]))
            if length:
                found[day] = found.get(day, timedelta(0)) + length
            day += _DAY
    return found


def window_span(window: Window, zone: str) -> Span:
    """From its first midnight to its last."""
    return Span(midnight(window.first, zone), midnight(window.end, zone))


def last_date(span: Span, zone: str) -> date:
    """The last local date that a span touches; its own of one without length."""
    at: datetime = span.ends_at
    day = local_date(at, zone)
    return day - _DAY if span.starts_at < at == midnight(day, zone) else day
