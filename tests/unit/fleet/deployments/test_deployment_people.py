"""Whether the people of a visit are right for it."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from fleet.deployments.rules.facts import AttendingFacts, OnCall, OtherVisit, PersonFacts, VisitFacts
from fleet.deployments.rules.people import is_free, people_findings
from protocols.rota.member import Absence, Competence
from tests.unit.fleet.deployments.facts_made import COMPETENCES, DAY, FIT, NOW, PERSON, TICK, H

VISIT = replace(FIT, starts_at=NOW, ends_at=NOW + 10 * H)
"""Sunday 22 November 2026, 12:00 to 22:00 in London."""


def found(visit: VisitFacts = VISIT, **changes: Any) -> list[tuple[str, str]]:
    person = replace(PERSON, **changes)
    return [(one.rule, one.answer) for one in people_findings(visit, {"p-eng": person}, NOW, "technical")]


def absence(starts_at: Any, ends_at: Any, kind: Any = "annual") -> Absence:
    return Absence(absence="1", kind=kind, starts_at=starts_at, ends_at=ends_at, zone="Europe/London")


def other(starts_at: Any, ends_at: Any, visit: str = "v-9") -> OtherVisit:
    return OtherVisit(visit=visit, deployment="DEP-9", starts_at=starts_at, ends_at=ends_at)


def shift(rota: str, starts_at: Any, ends_at: Any) -> OnCall:
    return OnCall(rota=rota, position="primary", starts_at=starts_at, ends_at=ends_at)


def until(day: date) -> list[Competence]:
    return [replace(one, valid_until=day) for one in COMPETENCES]


BEFORE, AFTER = (NOW - DAY, NOW), (VISIT.ends_at, VISIT.ends_at + DAY)
INTO, OUT_OF = (NOW - DAY, NOW + TICK), (VISIT.ends_at - TICK, VISIT.ends_at + DAY)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"term_from": NOW, "term_until": VISIT.ends_at}, []),
        ({"term_from": NOW + TICK}, ["term-ended"]),
        ({"term_until": VISIT.ends_at - TICK}, ["term-ended"]),
        ({"absences": [absence(*BEFORE), absence(*AFTER)]}, []),
        ({"absences": [absence(*INTO)]}, ["on-leave"]),
        ({"absences": [absence(*OUT_OF, "away")]}, ["on-leave"]),
        ({"visits": [other(*BEFORE), other(*AFTER), other(NOW, AFTER[0], VISIT.visit)]}, []),
        ({"visits": [other(*INTO)]}, ["double-booked"]),
        ({"visits": [other(*OUT_OF)]}, ["double-booked"]),
        ({"competences": COMPETENCES[1:]}, ["work-competence"]),
        ({"competences": COMPETENCES[:2]}, ["unit-training"]),
        ({"competences": [COMPETENCES[0], replace(COMPETENCES[1], level=2), COMPETENCES[2]]}, ["work-competence"]),
        ({"competences": [COMPETENCES[0], replace(COMPETENCES[1], level=4), COMPETENCES[2]]}, []),
    ],
)
def test_what_refuses_a_visit(changes: dict[str, Any], rules: list[str]) -> None:
    assert found(**changes) == [(rule, "refused") for rule in rules]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"on_call": [shift("other", *BEFORE), shift("other", *AFTER), shift("technical", NOW, AFTER[0])]}, []),
        ({"on_call": [shift("other", *INTO)]}, ["on-call-elsewhere"]),
        ({"rest_until": NOW}, []),
        ({"rest_until": NOW + TICK}, ["rest-owed"]),
        ({"competences": until(date(2026, 12, 22))}, []),
        ({"competences": until(date(2026, 12, 21))}, ["competence-ending"] * 3),
        ({"competences": until(date(9999, 12, 31))}, []),
    ],
)
def test_what_warns_of_a_visit(changes: dict[str, Any], rules: list[str]) -> None:
    assert found(**changes) == [(rule, "warning") for rule in rules]


def test_a_competence_holds_to_the_end_of_its_day_in_london() -> None:
    to_midnight = replace(VISIT, ends_at=NOW + 12 * H)
    assert [rule for rule, _ in found(to_midnight, competences=until(date(2026, 11, 22)))] == ["competence-ending"] * 3
    assert [rule for rule, _ in found(to_midnight, competences=until(date(2026, 12, 22)))] == ["competence-ending"] * 3
    assert found(to_midnight, competences=until(date(2026, 12, 23))) == []
    over = replace(to_midnight, ends_at=to_midnight.ends_at + TICK)
    assert {rule for rule, _ in found(over, competences=until(date(2026, 11, 22)))} == {
        "work-competence",
        "unit-training",
    }


def test_one_competent_person_is_enough_for_all_who_go() -> None:
    pair = replace(VISIT, people=[AttendingFacts(person="p-eng"), AttendingFacts(person="p-new")])
    people = {"p-eng": PERSON, "p-new": replace(PERSON, person="p-new", competences=[])}
    assert people_findings(pair, people, NOW) == []
    assert [one.rule for one in people_findings(pair, {"p-eng": PERSON}, NOW)] == ["person-unknown"]


def test_a_visit_that_is_over_has_no_findings() -> None:
    assert people_findings(VISIT, {}, VISIT.ends_at) == []
    assert people_findings(VISIT, {}, VISIT.ends_at - TICK)


def test_who_is_free_is_in_their_term_not_absent_and_on_no_other_visit() -> None:
    def free(**changes: Any) -> bool:
        person: PersonFacts = replace(PERSON, **changes)
        return is_free(VISIT, person)

    assert free(competences=[], rest_until=NOW + DAY)
    assert not free(visits=[other(*INTO)])
    assert not free(absences=[absence(*INTO)])
    assert not free(term_until=NOW)
