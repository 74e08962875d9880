"""Averages over weeks, night work, and the reference periods they are taken over."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from tests.rota.oracle_grid import DAY
from tests.rota.oracle_work import EXCLUDED, Work

WEEKS, LONG_WEEKS = 17, 26
AVERAGE_H = 48
NIGHT_DAY_H = 8
NIGHT_WORK_MIN = 180


class Averaged(NamedTuple):
    """An average that is too high, or a reference period that is not theirs, in a window of steps."""

    rule: str
    first: int
    last: int
    measured: float | None


def claims(work: Work, day: date) -> bool:
    """Whether regulation 21 is claimed on a local date."""
    claim = work.member.terms.regulation_21
    return claim is not None and claim.since <= day and (claim.until is None or day <= claim.until)


def windows(work: Work, *, long: bool) -> list[tuple[datetime, datetime]]:
    """The windows that are judged: long ones only where 26 weeks are claimed rightly."""
    grid = work.grid
    mondays = grid.mondays()
    found = []
    for end in mondays:
        begin = grid.midnight(grid.local_date(end) - 7 * weeks_to(work, end, long=long) * DAY)
        if begin >= grid.begin and end > work.book.starts_at:
            found.append((begin, end))
    if not found and len(mondays) > 1:
        found = [(mondays[-1 - weeks_to(work, mondays[-1], long=long) :][0], mondays[-1])]
    return found


def weeks_to(work: Work, end: datetime, *, long: bool) -> int:
    return LONG_WEEKS if long and claims(work, work.grid.local_date(end) - DAY) else WEEKS


def excluded_days(work: Work, first: date, last: date) -> int:
    """Local dates in [`first`, `last`) whose duty leave took, and on which nothing was worked."""
    found = 0
    for n in range((last - first).days):
        day = first + n * DAY
        if day not in work.days:
            found += any(on_leave(work, begins, ends) for begins, ends, _ in work.duty_spans(day))
    return found


def on_leave(work: Work, begins: datetime, ends: datetime) -> bool:
    """Whether leave of a kind that counts takes the whole of [`begins`, `ends`), which may lie beyond what is known."""
    leave = [one for one in work.member.absences if one.kind in EXCLUDED]
    moments = [begins + n * work.grid.step for n in range((ends - begins) // work.grid.step)]
    return bool(moments) and all(any(one.starts_at <= at < one.ends_at for one in leave) for at in moments)


def days_after(work: Work, day: date, wanted: int) -> list[date]:
    """The first `wanted` local dates from `day` on on which they work, as far as is known."""
    return sorted(one for one in work.days if one >= day)[:wanted]


def day_minutes(work: Work, day: date) -> int:
    grid = work.grid
    return work.minutes(grid.exact(grid.midnight(day)), grid.exact(grid.midnight(day + DAY)))


def window_minutes(work: Work, begin: datetime, end: datetime) -> int:
    return max(0, work.minutes(work.grid.exact(begin), work.grid.exact(end)))


def opted_out(work: Work, first: date, last: date) -> bool:
    """Whether an opt-out that was signed in time is in force on every local date of [`first`, `last`)."""
    valid = [one for one in work.member.terms.opt_outs if one.signed_on <= one.since]
    days = [first + n * DAY for n in range((last - first).days)]
    return all(any(one.since <= day and (one.until is None or day <= one.until) for one in valid) for day in days)


def weekly_average(work: Work) -> Iterable[Averaged]:
    grid = work.grid
    for begin, end in windows(work, long=work.member.terms.reference_weeks == LONG_WEEKS):
        first, last = grid.local_date(begin), grid.local_date(end)
        after = days_after(work, last, excluded_days(work, first, last))
        minutes = window_minutes(work, begin, end) + max(0, sum(day_minutes(work, day) for day in after))
        average_h = minutes / 60 / ((last - first).days / 7)
        if average_h > AVERAGE_H and not opted_out(work, first, last):
            yield Averaged("weekly-average", grid.exact(begin), grid.exact(end), average_h)


def reference_period(work: Work) -> Iterable[Averaged]:
    """The last weeks of windows for which 26 weeks were asked and 17 had to be taken."""
    grid = work.grid
    if work.member.terms.reference_weeks == LONG_WEEKS:
        for _, end in windows(work, long=True):
            if not claims(work, grid.local_date(end) - DAY):
                begin = grid.midnight(grid.local_date(end) - 7 * DAY)
                yield Averaged("reference-period", grid.exact(begin), grid.exact(end), None)


def night_average(work: Work) -> Iterable[Averaged]:
    grid = work.grid
    for begin, end in windows(work, long=False):
        first, last = grid.local_date(begin), grid.local_date(end)
        dates = [first + n * DAY for n in range((last - first).days)]
        days = work.days.intersection(dates)
        nights = [day for day in dates if work.night_minutes(day) >= NIGHT_WORK_MIN]
        minutes = window_minutes(work, begin, end)
        average_h = minutes / 60 / (6 * ((last - first).days / 7))
        if nights and 3 * len(nights) >= len(days) and average_h > NIGHT_DAY_H:
            yield Averaged("night-average", grid.exact(begin), grid.exact(end), average_h)
