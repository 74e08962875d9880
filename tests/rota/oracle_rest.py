"""Rest as docs/rota-rules.md asks for it, step by step: daily, weekly, breaks, and runs of days."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from tests.rota.oracle_grid import DAY, runs
from tests.rota.oracle_work import Work

DAILY_MIN = 11 * 60
DUTY_MIN = 13 * 60
DAY_MIN = 24 * 60
WEEKLY_MIN = 35 * 60
TABLE = ("daily-rest", "weekly-rest", "break", "run-of-days")
FORTNIGHTS_FROM = date(2026, 1, 5)
BREAK_MIN = 20
BREAK_AFTER_MIN = 6 * 60


Rest = tuple[int, int]


class Missed(NamedTuple):
    """Rest that was not there: where (steps), how much there was, in minutes or days, and how many minutes are owed."""

    rule: str
    first: int
    last: int
    measured: int
    owed_min: int


def working_days(work: Work) -> list[list[tuple[int, int]]]:
    """Spells with less than 11 h between them belong to one working day."""
    days: list[list[tuple[int, int]]] = []
    for spell in work.spells:
        if days and (spell[0] - days[-1][-1][1]) * work.grid.step_min < DAILY_MIN:
            days[-1].append(spell)
        else:
            days.append([spell])
    return days


def daily_rest(work: Work) -> Iterable[Missed]:
    for day in working_days(work):
        found = [missed for block in work.blocks for missed in of_block(work, day, block)]
        begin, end = day[0][0], day[-1][1]
        if not found and (end - begin) * work.grid.step_min > DAY_MIN:
            found = [longest_in(work, day)]
        yield from found


def of_block(work: Work, day: list[tuple[int, int]], block: tuple[int, int]) -> Iterable[Missed]:
    """What is missing before or after one block, if it is in the working day."""
    step_min, begin = work.grid.step_min, day[0][0]
    if not begin <= block[0] < day[-1][1]:
        return
    if (block[0] - begin) * step_min > DUTY_MIN:
        rested_from = block[0]
        while rested_from - 1 not in work.worked:
            rested_from -= 1
        rest = (block[0] - rested_from) * step_min
        if rest < DAILY_MIN:
            yield Missed("daily-rest", rested_from, block[0], rest, DAILY_MIN - rest)
    elif (block[1] - begin) * step_min > DUTY_MIN:
        between = [(two[0] - one[1]) * step_min for one, two in pairwise(day) if two[0] <= block[0]]
        rest = max(0, DAY_MIN - (block[1] - begin) * step_min, *between)
        yield Missed("daily-rest", block[0], block[1], rest, DAILY_MIN - rest)


def longest_in(work: Work, day: list[tuple[int, int]]) -> Missed:
    """The longest rest of a working day that begins within 24 h of its beginning."""
    begin = day[0][0]
    until = begin + DAY_MIN // work.grid.step_min
    rests = [(one[1], two[0]) for one, two in pairwise(day) if one[1] < until]
    first, last = max(rests, key=lambda rest: (rest[1] - rest[0], -rest[0]), default=(until, until))
    rest_min = (last - first) * work.grid.step_min
    return Missed("daily-rest", first, last, rest_min, DAILY_MIN - rest_min)


def weekly_rest(work: Work) -> Iterable[Missed]:
    """Weeks, or fortnights, that could not take the rest they have to have."""
    grid, fortnight = work.grid, work.book.rota.policy.weekly_rest == "fortnight"
    weeks, taken = 2 if fortnight else 1, Counter[Rest]()
    for moment in grid.mondays():
        monday = grid.local_date(moment)
        until = grid.midnight(monday + 7 * weeks * DAY)
        if until > grid.end or (fortnight and ((monday - FORTNIGHTS_FROM).days // 7) % 2):
            continue
        missed = of_week(work, (grid.exact(moment), grid.exact(until)), weeks, taken)
        if missed:
            owed_min = sum(min(DAY_MIN, WEEKLY_MIN - given) for given in missed)
            yield Missed("weekly-rest", grid.exact(moment), grid.exact(until), missed[0], owed_min)


def of_week(work: Work, week: Rest, needed: int, taken: Counter[Rest]) -> list[int]:
    """Take what a week needs; how long the longest rest was, in minutes, for each that it did not get."""
    own, missing, missed = Counter[Rest](), Counter[Rest](), list[int]()
    for _ in range(needed):
        given = {rest: gives(work, rest, week, taken[rest] + missing[rest], own[rest]) for rest in work.rests}
        enough = [rest for rest in work.rests if given[rest] >= WEEKLY_MIN]
        if enough:
            taken[enough[0]] += 1
            own[enough[0]] += 1
        else:
            missed.append(max(given.values(), default=0))
            most = max(given, key=lambda rest: given[rest], default=week)
            own[most] += 1
            missing[most] += 1
    return missed


def gives(work: Work, rest: Rest, week: Rest, taken: int, own: int) -> int:
    """How many minutes of a rest a week may count, when it was taken from so often by any, and by the week itself."""
    inside = min(rest[1], week[1]) - max(rest[0], week[0])
    if inside <= 0:
        return 0
    length_min, inside_min = ((rest[1] - rest[0]) * work.grid.step_min, inside * work.grid.step_min)
    return max(0, min(length_min - taken * DAY_MIN, DAILY_MIN + inside_min - own * DAY_MIN))


def breaks(work: Work) -> Iterable[Missed]:
    for first, last in work.spells:
        taken = work.breaks(first, last)
        if (last - first) * work.grid.step_min > BREAK_AFTER_MIN and taken < BREAK_MIN:
            yield Missed("break", first, last, taken, BREAK_MIN - taken)


def runs_of_days(work: Work) -> Iterable[Missed]:
    """Runs of too many local dates with work: from the first work to the last."""
    ordinals = {day.toordinal() for day in work.days}
    for first, last in runs(ordinals):
        if last - first > work.book.rota.policy.run_days:
            steps = [step for step in work.worked if first <= work.grid.days[step].toordinal() < last]
            yield Missed("run-of-days", min(steps), max(steps) + 1, last - first, DAY_MIN)


def given_back(work: Work, findings: list[Missed]) -> dict[Missed, int]:
    """What is still owed for each, in minutes, when recorded rests were counted against it."""
    grid = work.grid
    mine = sorted(
        (one for one in work.book.rests if one.person == work.member.person),
        key=lambda one: (one.starts_at, one.ends_at),
    )
    used = set(work.worked)
    free = []
    for rest in mine:
        steps = set(range(grid.exact(rest.starts_at), grid.exact(rest.ends_at)))
        free.append(len(steps - used) * grid.step_min)
        used |= steps
    owed = {}
    for missed in sorted(findings, key=lambda one: (one.last, one.first, TABLE.index(one.rule))):
        left = missed.owed_min
        latest = grid.at(missed.last) + timedelta(hours=336)
        for index, rest in enumerate(mine):
            if rest.ends_at > grid.at(missed.first) and rest.starts_at <= latest:
                paid = min(left, free[index])
                left -= paid
                free[index] -= paid
        owed[missed] = left
    return owed
