"""The Working Time Regulations as limits on whose turns go together, where standby is at the workplace. Pure.

What is linear, or between two turns, is here: daily rest, weekly rest a week at a time, and the weekly average. What is
not (rests that two weeks would share, hours made up after leave, nights) the search finds with the validator itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from fleet.rota.rules.averages import (
    WEEKLY_LIMIT_H,
    claimed,
    hours_after,
    opted_out,
    window_span,
    windows,
)
from fleet.rota.rules.breaks import BREAK, WITHOUT_BREAK
from fleet.rota.rules.rest import DAILY_REST, WEEKLY_REST
from fleet.rota.rules.spans import Span, common, merged, minus, total
from fleet.rota.rules.wall import local_date, midnight, monday_of
from fleet.rota.rules.work import Work, work_of
from fleet.rota.solver.problem import Problem
from protocols.rota.member import Member

_LONGEST_DAY = timedelta(hours=24) - DAILY_REST
_WEEK = timedelta(weeks=1)
_REST_IN_WEEK = timedelta(hours=24)
_MINUTE = timedelta(minutes=1)


class Hours(NamedTuple):
    """The turns `minutes` (by their place) may together take no more than `most` minutes."""

    minutes: dict[int, int]
    most: int


class RestLimits(NamedTuple):
    """What one person can not have: the turns `alone`, both of any of `pairs`. Of the alternatives in each of `rests`
    one has to hold: that they have none of its turns. Those of `breathless` are too long for them without a break."""

    alone: frozenset[int]
    breathless: frozenset[int]
    pairs: list[tuple[int, int]]
    rests: list[list[tuple[int, ...]]]
    hours: list[Hours]


def rest_limits(problem: Problem, member: Member, slots: Sequence[int]) -> RestLimits:
    """The limits of one person who could take the turns `slots`, in none of which they are absent; none where standby
    is at home."""
    if problem.book.rota.standby != "workplace":
        return RestLimits(frozenset(), frozenset(), [], [], [])
    work = work_of(problem.book, member, problem.stays)
    parts = {i: list(problem.slots[i].parts) for i in slots}
    near = {i: _near(work, spans) for i, spans in parts.items()}
    alone = frozenset(i for i in slots if _tires(problem, member, [*near[i], *parts[i]]))
    left = {i: spans for i, spans in parts.items() if i not in alone}
    breathless = frozenset(i for i, spans in left.items() if _breathless(member, work, spans))
    return RestLimits(
        alone,
        breathless,
        list(_pairs(problem, member, work, left, breathless)),
        list(_rests(problem, member, work, left)),
        list(_hours(problem, member, work, left)),
    )


def _near(work: Work, parts: Sequence[Span]) -> list[Span]:
    reach = [Span(part.starts_at - _REST_IN_WEEK, part.ends_at + _REST_IN_WEEK) for part in parts]
    return [spell for spell in work.spells if any(spell.overlap(span) for span in reach)]


def _tires(problem: Problem, member: Member, spans: Sequence[Span]) -> bool:
    """Whether any two of them, or one, make a working day of more than 13 hours, where regulation 21 is not claimed.
    Those that only work before and after them joins are left to the validator."""
    zone, claim = problem.book.rota.zone, member.terms.regulation_21
    ordered = sorted(spans)
    too_long = [span for span in ordered if span.length > _LONGEST_DAY]
    too_long += [other for one, other in combinations(ordered, 2) if _collide(one, other)]
    return any(not claimed(claim, local_date(span.ends_at, zone)) for span in too_long)


def _collide(one: Span, other: Span) -> bool:
    """Whether work from `one` on, which begins first, is the same working day as `other`, and too long a one."""
    ends_at = max(one.ends_at, other.ends_at)
    return other.starts_at - one.ends_at < DAILY_REST and ends_at - one.starts_at > _LONGEST_DAY


def _breathless(member: Member, work: Work, parts: Sequence[Span]) -> bool:
    """Whether they bring about a spell of more than 6 hours without its break, where regulation 21 is not claimed."""
    for spell in merged([*_near(work, parts), *parts]):
        if spell.length > WITHOUT_BREAK and any(spell.overlap(part) for part in parts):
            claim = claimed(member.terms.regulation_21, local_date(spell.ends_at, work.zone))
            if work.breaks(spell) < BREAK and not claim:
                return True
    return False


def _pairs(
    problem: Problem, member: Member, work: Work, parts: dict[int, list[Span]], breathless: frozenset[int]
) -> Iterator[tuple[int, int]]:
    ordered = sorted((i for i in parts if parts[i]), key=lambda i: parts[i][0])
    for place, i in enumerate(ordered):
        until = parts[i][-1].ends_at + DAILY_REST
        for j in ordered[place + 1 :]:
            if parts[j][0].starts_at >= until:
                break
            both = [*parts[i], *parts[j]]
            joined = not breathless & {i, j} and _breathless(member, work, both)
            if joined or _tires(problem, member, both):
                yield i, j


def _rests(
    problem: Problem, member: Member, work: Work, parts: dict[int, list[Span]]
) -> Iterator[list[tuple[int, ...]]]:
    """For every week the ways in which it can have its weekly rest."""
    book, zone = problem.book, problem.book.rota.zone
    if book.rota.policy.weekly_rest != "week":
        return
    ends = sorted({span.ends_at for spans in [work.spells, *parts.values()] for span in spans})
    day = monday_of(local_date(book.starts_at, zone))
    while (ends_at := midnight(day + _WEEK, zone)) <= book.ends_at:
        week = Span(midnight(day, zone), ends_at)
        day += _WEEK
        if week.starts_at < book.known_from or claimed(member.terms.regulation_21, day - timedelta(days=1)):
            continue
        ways = list(_ways(work, parts, week, ends))
        if ways and all(ways):
            yield sorted(set(ways))


def _ways(work: Work, parts: dict[int, list[Span]], week: Span, ends: Sequence[datetime]) -> Iterator[tuple[int, ...]]:
    first = max(week.starts_at - (WEEKLY_REST - _REST_IN_WEEK), work.known.starts_at)
    last = week.ends_at - _REST_IN_WEEK
    near = {i: spans for i, spans in parts.items() if common(spans, [Span(first, week.ends_at + WEEKLY_REST)])}
    for starts_at in [first, *(at for at in ends if first < at <= last)]:
        rest = Span(starts_at, starts_at + WEEKLY_REST)
        if rest.ends_at <= work.known.ends_at and not any(spell.overlap(rest) for spell in work.spells):
            yield tuple(sorted(i for i, spans in near.items() if any(span.overlap(rest) for span in spans)))


def _hours(problem: Problem, member: Member, work: Work, parts: dict[int, list[Span]]) -> Iterator[Hours]:
    judged, _ = windows(work, problem.period, member.terms)
    extra = {i: minus(spans, work.spells) for i, spans in parts.items()}
    for window in judged:
        if opted_out(member.terms.opt_outs, window):
            continue
        span = window_span(window, work.zone)
        excluded = sum(window.first <= day < window.end for day in work.excluded)
        base = work.hours(window.first, window.end) + hours_after(work, window.end, excluded)
        minutes = {i: total(common(spans, [span])) // _MINUTE for i, spans in extra.items()}
        most = (timedelta(hours=WEEKLY_LIMIT_H) * window.weeks - base) // _MINUTE
        minutes = {i: length for i, length in minutes.items() if length}
        if sum(minutes.values()) > most >= 0:
            yield Hours(minutes, most)
