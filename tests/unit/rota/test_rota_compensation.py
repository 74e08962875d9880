"""What is owed for missed rest, and which recorded rests pay it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.compensation import unpaid, whole_minutes
from fleet.rota.rules.spans import Span
from protocols.rota.member import CompensatoryRest
from tests.support.rota_books import absence, local, office_hours
from tests.support.rota_legal import (
    DAY,
    HOUR,
    answer,
    called,
    claim_since,
    done,
    found,
    judged,
    legal_book,
    rested,
    span,
)

CLAIM = claim_since("2026-01-01")
SHORT = done(("2026-06-10T09:00", "2026-06-10T20:00"), ("2026-06-11T05:00", "2026-06-11T12:00"))
"""Nine hours of rest: two are owed, from 20:00 on 10 June to 05:00."""


@pytest.mark.parametrize(
    ("rest", "owed_min"),
    [
        (("2026-06-12T09:00", "2026-06-12T11:00"), 0),
        (("2026-06-12T09:00", "2026-06-12T10:59"), 1),
        (("2026-06-25T05:00", "2026-06-25T07:00"), 0),
        (("2026-06-25T05:01", "2026-06-25T07:01"), 120),
        (("2026-06-10T21:00", "2026-06-10T23:00"), 0),
        (("2026-06-10T18:00", "2026-06-10T20:00"), 120),
        (("2026-06-11T11:00", "2026-06-11T13:00"), 60),
        (("2026-06-24T23:00", "2026-07-01T05:00"), 0),
    ],
)
def test_a_rest_pays_what_begins_within_14_days(rest: tuple[str, str], owed_min: int) -> None:
    findings, person = judged(legal_book(work=SHORT, claim=CLAIM, rests=rested(rest)))
    told = [one for one in findings if one.rule == "daily-rest"]
    assert [one.owed_min for one in told] == ([owed_min] if owed_min else []), "what is paid is ok, and not told"
    assert person.owed_min == owed_min
    breach = legal_book(work=SHORT, rests=rested(rest))
    assert [(one.answer, one.owed_min) for one in found(breach, "daily-rest")] == [("breach", owed_min)]


def test_what_was_given_is_said() -> None:
    rule = answer(
        legal_book(work=SHORT, claim=CLAIM, rests=rested(("2026-06-12T09:00", "2026-06-12T11:00"))), "daily-rest"
    )
    assert (rule.answer, rule.measured) == ("ok", 9)
    assert rule.sentence == (
        "At least 9 h of rest between work; what was missing was given as compensatory rest (reg. 24)"
    )


def test_rests_pay_the_findings_in_order_and_only_once() -> None:
    work = [*SHORT, *done(("2026-06-11T23:00", "2026-06-12T01:00"), ("2026-06-12T11:00", "2026-06-12T13:00"))]
    for rests, owed in (
        ([], [120, 60]),
        ([("2026-06-13T09:00", "2026-06-13T11:30")], [30]),
        ([("2026-06-13T09:00", "2026-06-13T11:00"), ("2026-06-13T10:00", "2026-06-13T11:30")], [30]),
        ([("2026-06-13T09:00", "2026-06-13T10:00"), ("2026-06-14T09:00", "2026-06-14T11:00")], []),
    ):
        book = legal_book(work=work, claim=CLAIM, rests=rested(*rests))
        assert [one.owed_min for one in found(book, "daily-rest")] == owed


def test_a_call_out_in_a_rest_takes_its_part_of_it() -> None:
    rests = rested(("2026-06-12T09:00", "2026-06-12T11:00"))
    calls = called(("2026-06-12T09:30", "2026-06-12T10:10"))
    assert judged(legal_book(work=SHORT, claim=CLAIM, rests=rests, calls=calls))[1].owed_min == 40


def test_a_planned_rest_after_the_period_pays_too() -> None:
    rests = rested(("2026-06-12T09:00", "2026-06-12T11:00"))
    book = legal_book(ends="2026-06-12T00:00", work=SHORT, claim=CLAIM, rests=rests)
    assert judged(book)[1].owed_min == 0


def test_what_was_missed_before_the_period_is_owed_and_takes_the_rests_first() -> None:
    later = legal_book("2026-06-12T00:00", known="2026-06-01T00:00", work=SHORT, claim=CLAIM)
    findings, person = judged(later)
    assert (findings, person.owed_min) == ([], 120)


def test_a_run_is_planned_with_24_hours() -> None:
    first = local("2026-06-01T00:00")
    away = absence(first, first + 13 * DAY, kind="away")
    terms = {"absences": [away], "hours": office_hours(), "claim": CLAIM}
    before = legal_book(ends="2026-06-29T00:00", **terms)  # type: ignore[arg-type]  # as written above
    assert {one.rule for one in judged(before)[0]} == {"run-of-days", "weekly-rest"}
    planned = [(f"2026-06-{day}T00:00", f"2026-06-{day + 1}T00:00") for day in (15, 16)]
    after = legal_book(ends="2026-06-29T00:00", rests=rested(*planned), **terms)  # type: ignore[arg-type]  # as above
    assert judged(before)[1].owed_min == (21 + 24) * 60
    assert (judged(after)[0], judged(after)[1].owed_min) == ([], 0)


def test_minutes_are_rounded_up() -> None:
    assert [whole_minutes(timedelta(seconds=s)) for s in (0, 1, 60, 61)] == [0, 1, 1, 2]


HOURS = st.integers(0, 200)
FIRST = local("2026-06-01T00:00")
SPANS = st.builds(lambda at, h: Span(FIRST + at * HOUR, FIRST + (at + h) * HOUR), HOURS, st.integers(1, 30))
DEBTS = st.lists(st.tuples(SPANS, st.integers(0, 24).map(lambda h: h * HOUR)), max_size=6)


def recorded(spans: list[Span]) -> list[CompensatoryRest]:
    return [
        CompensatoryRest(rest=f"r-{i}", person="TO-12", starts_at=one.starts_at, ends_at=one.ends_at)
        for i, one in enumerate(spans)
    ]


@given(DEBTS, st.lists(SPANS, max_size=6), SPANS)
def test_more_rest_never_leaves_more_owed(debts: list[tuple[Span, timedelta]], rests: list[Span], work: Span) -> None:
    owed = unpaid(debts, recorded(rests), [])
    assert all(timedelta(0) <= left <= debt for left, (_, debt) in zip(owed, debts, strict=True))
    assert sum(owed, timedelta(0)) >= sum((debt for _, debt in debts), timedelta(0)) - sum(
        (one.length for one in rests), timedelta(0)
    )
    late = Span(max([one.ends_at for one in rests], default=FIRST) + 1000 * HOUR, FIRST + 9000 * HOUR)
    assert unpaid(debts, recorded([*rests, late]), []) == owed, "too late to pay anything"
    for debt in debts:
        assert unpaid([debt], recorded(rests), [work]) >= unpaid([debt], recorded(rests), [])


def test_nothing_pays_without_a_rest() -> None:
    missed = [(span("2026-06-01T00:00", "2026-06-01T09:00"), 2 * HOUR)]
    assert unpaid(missed, [], []) == [2 * HOUR]
