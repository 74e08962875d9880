"""Random people for random books: their hours, absences, competences, claims and agreements."""

import random
from datetime import date, datetime, time, timedelta
from typing import Any

from protocols.people import Role
from protocols.rota.load import Load
from protocols.rota.member import (
    Absence,
    Busy,
    Competence,
    Member,
    OptOut,
    Regulation21,
    WorkingDay,
    WorkingTerms,
)

SUBJECTS = ("electrical", "driving-licence", "unit:van-kit")
DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


SPANS: dict[str, list[tuple[time, time]]] = {
    "none": [],
    "day": [(time(9), time(17))],
    "long": [(time(7), time(20))],
    "night": [(time(22), time(6))],
    "split": [(time(6), time(10)), (time(17), time(22))],
    "whole": [(time(9), time(9))],
    "early": [(time(0), time(8))],
    "dawn": [(time(3), time(11))],
    "late": [(time(18), time(2))],
    "changing": [(time(1), time(2)), (time(2), time(3)), (time(21), time(1))],
}
"""Ordinary duties of a day, some of which begin or end in hours that clocks skip or show twice."""


def random_hours(chance: random.Random) -> list[WorkingDay]:
    """A week of ordinary duties: by day, by night, long, split, whole days, on few days or on all."""
    kind = chance.choices(tuple(SPANS), (2, 8, 3, 4, 2, 1, 2, 1, 1, 2))[0]
    every = chance.choice(
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 2, 4], [5, 6], [1, 2, 5], list(range(6)), list(range(7)), [6, 0, 1])
    )
    breaks = 0 if len(every) == 6 else chance.choice((0, 15, 20, 30, 60, 240))  # 8 h on 6 days are just 48 h
    return [
        WorkingDay(weekday=weekday, from_time=begins, until_time=ends, break_min=breaks)
        for weekday in every
        for begins, ends in SPANS[kind]
    ]


def some_day(chance: random.Random, span: Span, about: int = 5) -> date:
    """A day of the span, or a few before or after it."""
    return span[0].date() + timedelta(days=chance.randint(-about, (span[1] - span[0]).days + about))


def random_term(chance: random.Random, span: Span) -> tuple[date, date | None]:
    """Two days, the later one often none: in force all the time, from somewhere, until somewhere."""
    since = span[0].date() - timedelta(days=60) if chance.random() < 0.5 else some_day(chance, span)
    return since, None if chance.random() < 0.6 else max(since, some_day(chance, span))


def random_terms(chance: random.Random, span: Span) -> WorkingTerms:
    claim = None
    if chance.random() < 0.5:
        since, until = random_term(chance, span)
        claim = Regulation21(reason="Kit has to be kept running", since=since, until=until)
    agreements = []
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        since, until = random_term(chance, span)
        signed = since + timedelta(days=chance.choice((-10, -1, 0, 1)))
        agreements.append(OptOut(signed_on=signed, since=since, until=until))
    return WorkingTerms(
        competences=[
            Competence(
                subject=subject,
                level=chance.choice((0, 3, 4)),
                valid_until=some_day(chance, span) if chance.random() < 0.4 else None,
            )
            for subject in SUBJECTS
            if chance.random() < 0.6
        ],
        hours=random_hours(chance),
        regulation_21=claim,
        opt_outs=agreements,
        reference_weeks=chance.choice((17, 17, 26)),
        share_percent=chance.choice((100, 100, 100, 50, 80, 0)),
    )


def random_absences(chance: random.Random, span: Span, zone: str, step_min: int) -> list[Absence]:
    found = []
    for number in range(chance.choice((0, 0, 1, 2, 4))):
        step = timedelta(minutes=step_min)
        begins = span[0] + chance.randint(-48, max(1, (span[1] - span[0]) // timedelta(hours=1))) * timedelta(hours=1)
        whole = chance.random() < 0.6
        length = chance.randint(1, 9) * DAY if whole else chance.randint(1, 30 * 60 // step_min) * step
        kind: Any = chance.choice(("annual", "annual", "sick", "family", "other", "away", "away"))
        found.append(
            Absence(
                absence=f"a-{number}",
                kind=kind,
                starts_at=begins,
                ends_at=begins + length,
                zone=zone if chance.random() < 0.7 else "Asia/Tokyo",
            )
        )
    return found


def random_member(chance: random.Random, person: str, role: Role, span: Span, zone: str, step_min: int) -> Member:
    hour, length_h = timedelta(hours=1), (span[1] - span[0]) // timedelta(hours=1)
    valid_from, valid_until = span[0] - 100 * DAY, span[1] + 100 * DAY
    if chance.random() < 0.1:
        valid_from = span[0] + chance.randint(0, length_h) * hour
    if chance.random() < 0.1:
        valid_until = max(valid_from, span[0] + chance.randint(0, length_h) * hour)
    busy = []
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        begins = span[0] + chance.randint(0, length_h) * hour
        busy.append(
            Busy(
                rota=chance.choice(("other", "third")), starts_at=begins, ends_at=begins + chance.randint(1, 72) * hour
            )
        )
    return Member(
        person=person,
        role=role,
        valid_from=valid_from,
        valid_until=valid_until,
        terms=random_terms(chance, span),
        absences=random_absences(chance, span, zone, step_min),
        elsewhere=busy,
        debt=Load(
            primary_h=chance.choice((0, 0, 24, -36)),
            secondary_h=chance.choice((0, 0, 10)),
            weekend_days=chance.choice((0, 0, 2, -1)),
            nights=chance.choice((0, 0, 3)),
        ),
    )
