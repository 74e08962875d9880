"""Everything the Working Time rules say of people: complete, in words, and never better for more work."""

from datetime import date
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.working_time import working_time, working_time_of
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Finding, RuleName
from protocols.rota.member import Absence, CallOut, CompensatoryRest, OptOut, WorkDone
from protocols.rota.model import RotaPolicy
from tests.support.rota_books import absence, call_out, local, member, office_hours, rota
from tests.support.rota_legal import HOUR, WHO, answer, claim_since, done, found, judged, legal_book

FIRST = local("2026-03-16T00:00")
"""A Monday two weeks before clocks go forward."""


def test_every_rule_answers_with_its_regulation_and_figure() -> None:
    book = legal_book("2026-03-16T00:00", "2026-07-13T00:00", hours=office_hours())
    findings, person = judged(book)
    assert findings == []
    assert tuple(one.rule for one in person.rules) == WORKING_TIME_RULES
    assert [(one.regulation, one.answer, one.measured, one.limit, one.unit) for one in person.rules] == [
        ("4(1)", "ok", 35, 48, "h"),
        ("6(1)", "ok", None, 8, "h"),
        ("10(1)", "ok", 16, 11, "h"),
        ("11(1)", "ok", 55, 35, "h"),
        ("12(1)", "ok", 60, 20, "min"),
        ("24", "ok", 5, 12, "days"),
    ]
    assert (person.person, person.owed_min, person.regulation_21, person.opted_out) == (WHO, 0, None, False)


def test_somebody_without_any_work_is_ok() -> None:
    person = judged(legal_book())[1]
    assert {one.answer for one in person.rules} == {"ok"}
    assert [one.sentence for one in person.rules] == [
        "At most 0 h a week on average",
        "Not a night worker",
        "No rest between two days of work",
        "At least 179 h of rest in a row every week",
        "No work of more than 6 h",
        "No work",
    ]


def test_what_is_agreed_is_told() -> None:
    opt_out = OptOut(signed_on=date(2026, 1, 1), since=date(2026, 1, 2))
    book = legal_book(claim=claim_since("2026-02-01"), opt_outs=[opt_out], reference_weeks=26)
    person = judged(book)[1]
    assert (person.regulation_21, person.reference_weeks, person.opted_out) == ("2026-02-01", 26, True)
    later = judged(legal_book(claim=claim_since("2026-07-01"), reference_weeks=26))[1]
    assert (later.regulation_21, later.reference_weeks) == (None, 17)


def test_the_worst_answer_is_a_rules_and_its_worst_measure() -> None:
    work = done(
        ("2026-06-10T09:00", "2026-06-10T20:00"),
        ("2026-06-11T05:00", "2026-06-11T20:00"),
        ("2026-06-12T06:00", "2026-06-12T18:00"),
        ("2026-06-13T01:00", "2026-06-13T05:00"),
    )
    book = legal_book(work=work, claim=claim_since("2026-01-01", "2026-06-12"))
    assert [(one.answer, one.measured) for one in found(book, "daily-rest")] == [
        ("needs compensatory rest", 9),
        ("needs compensatory rest", 10),
        ("breach", 7),
    ]
    assert (answer(book, "daily-rest").answer, answer(book, "daily-rest").measured) == ("breach", 7)
    claimed = legal_book(work=work, claim=claim_since("2026-01-01"))
    assert (answer(claimed, "daily-rest").answer, answer(claimed, "daily-rest").measured) == (
        "needs compensatory rest",
        7,
    )


def test_all_people_are_judged_from_their_own_work() -> None:
    people = ("TO-11", "TO-12", "TO-13")
    late = WorkDone(work="w", person="TO-13", starts_at=local("2026-06-10T03:00"), ends_at=local("2026-06-10T09:00"))
    book = msgspec.structs.replace(
        legal_book(),
        rota=rota(members=people),
        members=[member(one, hours=office_hours()) for one in people],
        call_outs=[call_out("TO-11", local("2026-06-11T02:00"), local("2026-06-11T03:00"))],
        work_done=[late],
    )
    findings, answers = working_time(book, shifts_of(book))
    assert [(one.persons, one.rule) for one in findings] == [(["TO-13"], "daily-rest"), (["TO-11"], "daily-rest")]
    assert [one.person for one in answers] == list(people)
    assert answers[0] == working_time_of(book, book.members[0], shifts_of(book))[1]
    assert {shift.person for one in findings for shift in one.shifts} <= {"TO-11"}


def test_the_second_of_a_time_that_comes_twice_is_named() -> None:
    book = legal_book(
        "2026-10-19T00:00",
        "2026-11-02T00:00",
        work=done(("2026-10-24T09:00", "2026-10-24T17:00"), ("2026-10-25T09:00", "2026-10-25T12:00")),
        calls=[call_out(WHO, local("2026-10-25T00:30"), local("2026-10-25T01:30") + HOUR)],
    )
    [finding] = found(book, "daily-rest")
    assert "called out 00:30–01:30 (the second time); 11 h are required" in finding.sentence
    assert finding.measured == 7.5


def test_standby_at_the_workplace_names_its_shifts() -> None:
    book = legal_book(ends="2026-06-15T00:00", standby="workplace")
    findings = judged(book)[0]
    assert {one.rule for one in findings} == set(WORKING_TIME_RULES)
    assert all(one.shifts for one in findings)


class Life(NamedTuple):
    """What happens to one person in four weeks, hours after FIRST."""

    tasks: list[tuple[int, int, int]]
    calls: list[tuple[int, int]]
    rests: list[tuple[int, int]]
    leave: list[tuple[int, int]]
    fortnight: bool
    claim: bool

    def book(self, *, claim: bool | None = None, with_call: tuple[int, int] | None = None) -> RotaBook:
        calls = [*self.calls, *([with_call] if with_call else [])]
        of = legal_book(
            "2026-03-16T00:00",
            "2026-04-13T00:00",
            hours=office_hours(),
            claim=claim_since("2026-01-01") if (self.claim if claim is None else claim) else None,
            policy=RotaPolicy(weekly_rest="fortnight" if self.fortnight else "week"),
            absences=[leave(i, a, b) for i, (a, b) in enumerate(self.leave)],
        )
        return msgspec.structs.replace(
            of,
            work_done=[task(i, *one) for i, one in enumerate(self.tasks)],
            call_outs=[called_out(i, *one) for i, one in enumerate(calls)],
            rests=[rest(i, *one) for i, one in enumerate(self.rests)],
        )


def leave(i: int, at_h: int, lasts_h: int) -> Absence:
    return absence(FIRST + at_h * HOUR, FIRST + (at_h + lasts_h) * HOUR, name=f"a-{i}")


def task(i: int, at_h: int, lasts_h: int, break_min: int) -> WorkDone:
    starts_at = FIRST + at_h * HOUR
    return WorkDone(
        work=f"w-{i}", person=WHO, starts_at=starts_at, ends_at=starts_at + lasts_h * HOUR, break_min=break_min
    )


def called_out(i: int, at_h: int, lasts_h: int) -> CallOut:
    return call_out(WHO, FIRST + at_h * HOUR, FIRST + (at_h + lasts_h) * HOUR, name=f"c-{i}")


def rest(i: int, at_h: int, lasts_h: int) -> CompensatoryRest:
    starts_at = FIRST + at_h * HOUR
    return CompensatoryRest(rest=f"r-{i}", person=WHO, starts_at=starts_at, ends_at=starts_at + lasts_h * HOUR)


AT = st.integers(-24, 28 * 24 + 24)
LASTS = st.integers(1, 30)
CALLS = st.tuples(AT, LASTS)
LIVES = st.builds(
    Life,
    st.lists(st.tuples(AT, LASTS, st.sampled_from([0, 20, 60])), max_size=8),
    st.lists(CALLS, max_size=8),
    st.lists(CALLS, max_size=4),
    st.lists(st.tuples(AT, st.integers(1, 200)), max_size=2),
    st.booleans(),
    st.booleans(),
)


def facts(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(one.key, one.measured, one.starts_at, one.ends_at) for one in findings]


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_findings_and_answers_agree(life: Life) -> None:
    book = life.book()
    findings, person = judged(book)
    for rule in person.rules:
        of_rule = [one for one in findings if one.rule == rule.rule]
        assert (rule.answer == "ok") == (not of_rule)
        assert (rule.answer, rule.measured) in [(one.answer, one.measured) for one in of_rule] or not of_rule
        assert {one.limit for one in of_rule} <= {rule.limit}
    assert len({one.key for one in findings}) == len(findings)
    assert all(book.starts_at < one.ends_at <= book.ends_at and one.starts_at <= one.ends_at for one in findings)
    assert sum(one.owed_min for one in findings) == person.owed_min, "all that is known is in the period"
    assert all(0 <= one.owed_min <= 48 * 60 for one in findings)
    assert all(one.owed_min or one.answer == "breach" or one.rule == "night-average" for one in findings)
    assert all("reg. " in one.sentence and one.remedy and one.persons == [WHO] for one in findings)


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_a_claim_turns_breaches_into_what_needs_rest_and_changes_nothing_else(life: Life) -> None:
    without, with_claim = judged(life.book(claim=False)), judged(life.book(claim=True))
    assert without[1].owed_min == with_claim[1].owed_min
    kept = [one for one in without[0] if one.owed_min or one.rule in ("weekly-average", "night-average")]
    assert facts(with_claim[0]) == facts(kept)
    assert {one.rule for one in with_claim[0] if one.answer == "breach"} <= {"weekly-average"}
    assert {one.rule for one in without[0] if one.answer != "breach"} <= {"run-of-days"}


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_whatever_is_missed_is_owed_until_rest_is_recorded(life: Life) -> None:
    findings = judged(life._replace(rests=[]).book())[0]
    assert all(one.owed_min for one in findings if "average" not in one.rule)
    assert judged(life._replace(tasks=[], calls=[], rests=[]).book())[0] == []


@settings(max_examples=60, deadline=None)
@given(LIVES, CALLS)
def test_another_call_out_never_makes_weeks_or_averages_better(life: Life, call: tuple[int, int]) -> None:
    bare = life._replace(rests=[], leave=[], fortnight=False)
    before, after = bare.book(), bare.book(with_call=call)
    rules: tuple[RuleName, ...] = ("weekly-average", "run-of-days")
    for rule in rules:
        was, now = answer(before, rule).measured, answer(after, rule).measured
        assert (was or 0) <= (now or 0)
    assert len(found(before, "weekly-rest")) <= len(found(after, "weekly-rest"))
