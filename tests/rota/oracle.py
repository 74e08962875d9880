"""A slow and obvious second opinion on a rota's book: every rule of docs/rota-rules.md, asked of a grid of steps.

It shares no line with `fleet.rota.rules`. All that is in a book has to lie on the grid; then it is exact.
"""

from datetime import datetime
from typing import NamedTuple

from protocols.rota.book import RotaBook
from protocols.rota.findings import ANSWER_ORDER, WORKING_TIME_RULES
from protocols.rota.load import Load
from protocols.rota.model import Shift
from tests.rota.oracle_averages import (
    LONG_WEEKS,
    WEEKS,
    Averaged,
    claims,
    night_average,
    opted_out,
    reference_period,
    weekly_average,
)
from tests.rota.oracle_cover import COVER_RULES, HOUSE_RULES, Cover
from tests.rota.oracle_grid import DAY, Grid
from tests.rota.oracle_loads import loads, shares
from tests.rota.oracle_on_call import Held, held, shifts
from tests.rota.oracle_rest import Missed, breaks, daily_rest, given_back, runs_of_days, weekly_rest
from tests.rota.oracle_work import Work

UNITS_MIN = {"daily-rest": 60, "weekly-rest": 60, "break": 1, "run-of-days": 1}
"""In how many minutes a rule's measure is told; a run's is in days."""


class Told(NamedTuple):
    """One finding without its words."""

    rule: str
    persons: tuple[str, ...]
    answer: str
    begins: datetime
    ends: datetime
    measured: float | None
    owed_min: int


class Standing(NamedTuple):
    """How a person stands: the worst answer of each rule, all rest still owed, and, on the last date of the period,
    whether regulation 21 is claimed, the reference weeks, and whether an opt-out is in force."""

    answers: tuple[str, ...]
    owed_min: int
    claimed: bool
    weeks: int
    opted_out: bool


class Opinion(NamedTuple):
    """What the oracle holds of a book."""

    shifts: list[Shift]
    findings: list[Told]
    people: dict[str, Standing]
    loads: dict[str, Load]
    shares: dict[str, dict[str, float]]


def judge(book: RotaBook, step_min: int) -> Opinion:
    grid = Grid(book, step_min)
    rows = held(book, grid)
    findings = of_house(book, rows, grid)
    people = {}
    for member in book.members:
        told, people[member.person] = of_person(Work(book, member, rows, grid))
        findings += told
    had = loads(book, rows, grid)
    return Opinion(shifts(rows, grid), sorted(findings, key=repr), people, had, shares(book, had, grid))


def of_house(book: RotaBook, rows: Held, grid: Grid) -> list[Told]:
    cover = Cover(book, rows, grid)
    return [
        Told(said.rule, said.persons, said.answer, said.begins, said.ends, said.measured, 0)
        for rule in (*COVER_RULES, *HOUSE_RULES)
        for said in rule(cover)
    ]


def of_person(work: Work) -> tuple[list[Told], Standing]:
    """What is told of a person, and how they stand."""
    missed = [one for rule in (daily_rest, weekly_rest, breaks, runs_of_days) for one in rule(work)]
    owed = given_back(work, missed)
    rest = [of_rest(work, one, owed[one]) for one in missed if one.last > work.grid.first]
    averaged = [one for rule in (weekly_average, night_average, reference_period) for one in rule(work)]
    told = [one for one in rest if one.answer != "ok"] + joined([of_average(work, one) for one in averaged])
    last = work.grid.days[-1]
    claimed = claims(work, last)
    weeks = LONG_WEEKS if claimed and work.member.terms.reference_weeks == LONG_WEEKS else WEEKS
    worst = tuple(worst_of(told, rule) for rule in WORKING_TIME_RULES)
    return told, Standing(worst, sum(owed.values()), claimed, weeks, opted_out(work, last, last + DAY))


def worst_of(findings: list[Told], rule: str) -> str:
    given = {told.answer for told in findings if told.rule == rule}
    return next((answer for answer in ANSWER_ORDER if answer in given), "ok")


def of_rest(work: Work, missed: Missed, owed_min: int) -> Told:
    answer = "breach"
    if missed.rule == "run-of-days" or claimed(work, missed.first, missed.last):
        answer = "needs compensatory rest" if owed_min or not missed.owed_min else "ok"
    measured = missed.measured / UNITS_MIN[missed.rule]
    begins, ends = work.grid.at(missed.first), work.grid.at(missed.last)
    return Told(missed.rule, (work.member.person,), answer, begins, ends, measured, owed_min)


def claimed(work: Work, first: int, last: int) -> bool:
    """Whether regulation 21 is claimed on the last date that the steps [`first`, `last`) touch."""
    return claims(work, work.grid.local_date(work.grid.at(max(first, last - 1))))


def of_average(work: Work, averaged: Averaged) -> Told:
    answer = "breach"
    if averaged.rule == "reference-period":
        answer = "warning"
    elif averaged.rule == "night-average" and claimed(work, averaged.first, averaged.last):
        answer = "needs compensatory rest"
    begins, ends = work.grid.at(averaged.first), work.grid.at(averaged.last)
    return Told(averaged.rule, (work.member.person,), answer, begins, ends, averaged.measured, 0)


def joined(findings: list[Told]) -> list[Told]:
    """Those of one rule and answer that touch or overlap, as one with the highest measure."""
    found: list[Told] = []
    for told in sorted(findings, key=lambda one: (one.rule, one.answer, one.begins)):
        last = found[-1] if found else told
        if found and (last.rule, last.answer) == (told.rule, told.answer) and told.begins <= last.ends:
            measured = max((one.measured for one in (last, told) if one.measured is not None), default=None)
            found[-1] = last._replace(ends=max(last.ends, told.ends), measured=measured)
        else:
            found.append(told)
    return found
