"""Daily rest (reg. 10(1)) and weekly rest (reg. 11): docs/rota-rules.md, "Working time". Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import instant, local_date, midnight, monday_of
from fleet.rota.rules.work import Work

DAILY_REST = timedelta(hours=11)
WEEKLY_REST = timedelta(hours=35)
"""24 hours, and the 11 of daily rest, which are not part of them (reg. 11(7))."""

FIRST_FORTNIGHT = date(2026, 1, 5)
"""A Monday from which fortnights are counted."""

_24_H = timedelta(hours=24)
_NONE = timedelta(0)


class ShortRest(NamedTuple):
    """Daily rest that was too short: `rest` long, `before` a block of work that begins, or because of a block that
    ends too late (`within`), or nowhere in a day of call-outs (None); `began` is when the working day did."""

    span: Span
    rest: timedelta
    began: datetime
    before: Span | None = None
    within: Span | None = None


class ShortWeek(NamedTuple):
    """A week or fortnight without its weekly rest: the most that a rest gives it, `missing` of one or two, and what is
    owed for that."""

    span: Span
    rest: timedelta
    missing: int
    owed: timedelta


def rest_between(off_duty: datetime, on_duty: datetime, zone: str) -> timedelta:
    """The real time between two wall times."""
    return instant(on_duty, zone) - instant(off_duty, zone)


def earliest_start(off_duty: datetime) -> datetime:
    """When somebody who stopped work then may begin again, after 11 hours of rest."""
    return off_duty + DAILY_REST


def working_days(spells: Sequence[Span]) -> list[list[Span]]:
    """The spells by working day: between one and the next lie 11 hours of rest or more."""
    found: list[list[Span]] = []
    for spell in spells:
        if found and spell.starts_at - found[-1][-1].ends_at < DAILY_REST:
            found[-1].append(spell)
        else:
            found.append([spell])
    return found


def daily_rest(work: Work) -> list[ShortRest]:
    """Every daily rest that was too short, in order of time."""
    found: list[ShortRest] = []
    blocks = work.blocks
    first = 0
    for spells in working_days(work.spells):
        end = first
        while end < len(blocks) and blocks[end].ends_at <= spells[-1].ends_at:
            end += 1
        short = [one for block in blocks[first:end] if (one := _judged(spells, block))]
        if not short and spells[-1].ends_at - spells[0].starts_at > _24_H:
            short = [_without_rest(spells)]
        found += short
        first = end
    return found


def _judged(spells: Sequence[Span], block: Span) -> ShortRest | None:
    """What is too short about one block of a working day of these spells."""
    began = spells[0].starts_at
    if block.starts_at - began > _24_H - DAILY_REST:
        off_duty = max(one.ends_at for one in spells if one.starts_at < block.starts_at)
        span = Span(min(off_duty, block.starts_at), block.starts_at)
        return ShortRest(span, span.length, began, before=block)
    if block.ends_at - began > _24_H - DAILY_REST:
        rests = [rest.length for rest in _between(spells) if rest.ends_at <= block.starts_at]
        rest = max([*rests, _24_H - (block.ends_at - began), _NONE])
        return ShortRest(block, rest, began, within=block)
    return None


def _between(spells: Sequence[Span]) -> list[Span]:
    """The rests between some spells."""
    return [Span(one.ends_at, other.starts_at) for one, other in pairwise(spells)]


def _without_rest(spells: Sequence[Span]) -> ShortRest:
    """The longest rest that begins in the first 24 hours of a working day which has no long one."""
    began, until = spells[0].starts_at, spells[0].starts_at + _24_H
    rests = [rest for rest in _between(spells) if rest.starts_at < until]
    span = max(rests, key=lambda rest: rest.length, default=Span(until, until))
    return ShortRest(span, span.length, began)


def shortest_daily_rest(work: Work, period: Span) -> timedelta | None:
    """The shortest rest between two working days of which the later begins in the period; None when there is none."""
    days = working_days(work.spells)
    return min(
        (
            after[0].starts_at - day[-1].ends_at
            for day, after in pairwise(days)
            if period.starts_at < after[0].starts_at <= period.ends_at
        ),
        default=None,
    )


@dataclass
class _Rest:
    """A rest between spells and how many weeks have taken theirs from it."""

    span: Span
    taken: int = 0

    def gives(self, week: Span, already: int = 0, besides: int = 0) -> timedelta:
        """What it can give a week that has `already` taken from it, and has been shown `besides` in vain."""
        lies = self.span.overlap(week)
        if lies is None:
            return _NONE
        whole = self.span.length - _24_H * (self.taken + besides)
        return max(min(whole, DAILY_REST + lies.length - _24_H * (already + besides)), _NONE)


def short_weeks(work: Work, *, fortnight: bool) -> list[ShortWeek]:
    """Every week, or fortnight, without its weekly rest, in order."""
    return [found for _, found in _judged_weeks(work, 2 if fortnight else 1) if isinstance(found, ShortWeek)]


def shortest_weekly_rest(work: Work, period: Span, *, fortnight: bool) -> timedelta | None:
    """The shortest rest that a week, or fortnight, which ends in the period took as its weekly rest; None when no
    such week has one."""
    return min(
        (
            found
            for week, found in _judged_weeks(work, 2 if fortnight else 1)
            if isinstance(found, timedelta) and period.starts_at < week.ends_at <= period.ends_at
        ),
        default=None,
    )


def _judged_weeks(work: Work, weeks: int) -> Iterator[tuple[Span, ShortWeek | timedelta]]:
    """Every week, or fortnight, with the shortest rest that it took or what it misses."""
    rests = [_Rest(span) for span in _rests(work)]
    first = 0
    for week in _weeks(work.known, work.zone, weeks):
        while first < len(rests) and rests[first].span.ends_at <= week.starts_at:
            first += 1
        end = first
        while end < len(rests) and rests[end].span.starts_at < week.ends_at:
            end += 1
        yield week, _taken(rests[first:end], week, weeks)


def _taken(rests: Sequence[_Rest], week: Span, needed: int) -> ShortWeek | timedelta:
    """Lets a week take what it needs; the shortest rest that it took, or what it misses."""
    already = [0] * len(rests)
    shortest: list[timedelta] = []
    while len(shortest) < needed:
        i = next((i for i, rest in enumerate(rests) if rest.gives(week, already[i]) >= WEEKLY_REST), None)
        if i is None:
            return _missed(rests, already, week, needed - len(shortest))
        shortest.append(rests[i].gives(week, already[i]))
        rests[i].taken += 1
        already[i] += 1
    return min(shortest)


def _missed(rests: Sequence[_Rest], already: Sequence[int], week: Span, missing: int) -> ShortWeek:
    """What a week misses, measured by the most that the rests give it."""
    besides = [0] * len(rests)
    given: list[timedelta] = []
    for _ in range(missing):
        each = [rest.gives(week, already[i], besides[i]) for i, rest in enumerate(rests)]
        given.append(max(each, default=_NONE))
        if each:
            besides[each.index(given[-1])] += 1
    owed = sum((min(WEEKLY_REST - one, _24_H) for one in given), _NONE)
    return ShortWeek(week, given[0], missing, owed)


def _rests(work: Work) -> Iterator[Span]:
    """The times without work, in order."""
    since = work.known.starts_at
    for spell in work.spells:
        if since < spell.starts_at:
            yield Span(since, spell.starts_at)
        since = spell.ends_at
    if since < work.known.ends_at:
        yield Span(since, work.known.ends_at)


def _weeks(known: Span, zone: str, weeks: int) -> Iterator[Span]:
    """The whole weeks, or fortnights, that are known."""
    day = monday_of(local_date(known.starts_at, zone))
    day -= timedelta(weeks=(day - FIRST_FORTNIGHT).days // 7 % weeks)
    while (ends_at := midnight(day + timedelta(weeks=weeks), zone)) <= known.ends_at:
        if midnight(day, zone) >= known.starts_at:
            yield Span(midnight(day, zone), ends_at)
        day += timedelta(weeks=weeks)
