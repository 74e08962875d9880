"""What of deployments and timers waits for whom, and from when on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from fleet.deployments.duty_rules import (
    authority_wanted,
    deadline_duty,
    is_told,
    told_with_deployments,
    visits_soon,
    welfare_duty,
)
from fleet.store.people import Person
from fleet.store.welfare import StoredWelfare
from protocols.api.duties import Duty
from protocols.deployments import Deadline, DeadlineKind, DeadlineStage
from protocols.people import Role
from tests.unit.fleet.deployments.facts_made import DAY, FIT, NOW, H, of_deployment, ready, with_authority


def person(person_id: str, role: Role = "engineer") -> Person:
    return Person(
        person_id=person_id,
        name="somebody",
        role=role,
        public_key="",
        key_fingerprint="",
        valid_from=NOW - DAY,
        valid_until=NOW + DAY,
    )


OWNER, OTHER, SUPERVISOR, APPROVER = (
    person("p-eng"),
    person("p-other"),
    person("p-sup", "supervisor"),
    person("p-app", "approver"),
)


def deadline(kind: DeadlineKind = "kit-return", stage: DeadlineStage = "72-hours", about: str = "") -> Deadline:
    return Deadline(
        deployment="DEP-7",
        kind=kind,
        about=about,
        due_at=NOW + H,
        owner="p-eng",
        stage=stage,
        sentence="K-1 to be back",
    )


@pytest.mark.parametrize(
    ("kind", "stage", "owners", "supervisors"),
    [
        ("kit-return", "far", "", ""),
        ("kit-return", "14-days", "deadline", ""),
        ("kit-return", "72-hours", "deadline", "deadline"),
        ("kit-return", "12-hours", "deadline!", "deadline!"),
        ("kit-return", "overdue", "deadline!", "deadline!"),
        ("visit", "12-hours", "", ""),
        ("visit", "overdue", "deadline!", "deadline!"),
        ("paper", "far", "paper-owed", "paper-owed"),
        ("paper", "overdue", "paper-owed!", "paper-owed!"),
    ],
)
def test_a_deadline_is_its_owners_and_near_its_time_supervisors_too(
    kind: DeadlineKind, stage: DeadlineStage, owners: str, supervisors: str
) -> None:
    def told(who: Person) -> str:
        duty = deadline_duty(deadline(kind, stage), who)
        return "" if duty is None else f"{duty.kind}{'!' if duty.is_alarm else ''}"

    assert [told(who) for who in (OWNER, SUPERVISOR, OTHER)] == [owners, supervisors, ""]


def test_a_visit_is_told_two_days_before_to_who_is_of_it() -> None:
    facts = ready("fit", visits=[replace(FIT, starts_at=NOW + 48 * H, ends_at=NOW + 50 * H)])
    (duty,) = visits_soon(facts, "p-eng")
    assert (duty.kind, duty.about, duty.deployment, duty.due_at) == ("visit-soon", "v-fit", "DEP-7", NOW + 48 * H)
    assert list(visits_soon(facts, "p-sup")) == []
    assert list(visits_soon(replace(facts, now=NOW - H), "p-eng")) == []
    assert list(visits_soon(replace(facts, now=NOW + 48 * H), "p-eng")) == []


def test_a_deployment_without_an_authority_is_told_to_its_lead_and_to_who_records_them() -> None:
    none = of_deployment(ready("authorise", authorities=[]), starts_at=NOW + 2 * DAY)
    told = [authority_wanted(none, who) for who in (OWNER, APPROVER, OTHER, SUPERVISOR)]
    assert [one is not None for one in told] == [True, True, False, False]
    assert told[0] is not None
    assert "no authority to install and use" in told[0].sentence
    assert not told[0].is_alarm
    assert authority_wanted(of_deployment(none, starts_at=NOW + 15 * DAY), OWNER) is None
    assert authority_wanted(of_deployment(none, state="requested"), OWNER) is None
    assert authority_wanted(of_deployment(none, state="live"), OWNER) is None
    near = authority_wanted(of_deployment(none, starts_at=NOW + 12 * H), OWNER)
    assert near is not None
    assert near.is_alarm
    soon = of_deployment(ready("authorise"), starts_at=NOW + DAY)
    assert authority_wanted(soon, OWNER) is None
    for lacking in ({"modalities": ["video"]}, {"kinds": ["install"]}, {"state": "ended"}):
        found = authority_wanted(of_deployment(with_authority(soon, **lacking), starts_at=NOW + DAY), OWNER)
        assert found is not None, lacking
        assert "use" in found.sentence


def timer(due_at: datetime) -> StoredWelfare:
    return StoredWelfare(
        welfare_id="WF-0000000000aa",
        person_id="p-eng",
        call_out_id=None,
        visit_id=None,
        deployment_id="DEP-7",
        every_min=60,
        grace_min=10,
        started_by="p-eng",
        started_at=due_at - H,
        due_at=due_at,
    )


def test_a_welfare_answer_is_the_persons_and_when_it_was_missed_supervisors_too() -> None:
    def told(after_min: int) -> list[str]:
        found = [
            welfare_duty(timer(NOW), who, NOW + timedelta(minutes=after_min)) for who in (OWNER, SUPERVISOR, OTHER)
        ]
        return ["" if one is None else f"{one.kind}{'!' if one.is_alarm else ''}" for one in found]

    assert told(-1) == ["", "", ""]
    assert told(0) == ["welfare-due", "", ""]
    assert told(10) == ["welfare-due!", "welfare-due!", ""]


def test_what_a_duty_of_an_authority_tells_names_the_deployment_and_is_told_once() -> None:
    fields: dict[str, Any] = {"name": "URN-1", "unit": None, "due_at": NOW, "is_alarm": False}
    ends = Duty(kind="authority-ending", about="A-1", sentence="authority URN-1 ends", **fields)
    sign = Duty(kind="sign", about="A-1", sentence="sign it", **fields)
    named, other = told_with_deployments([ends, sign], {"A-1": ["DEP-7", "DEP-9"]})
    assert (named.sentence, named.deployment) == ("authority URN-1 ends; DEP-7, DEP-9 rest on it", "DEP-7")
    assert other == sign
    assert told_with_deployments([ends], {}) == [ends]
    assert is_told(deadline("authority-ends", about="A-1"), [ends])
    assert not is_told(deadline("authority-ends", about="A-2"), [ends])
    assert not is_told(deadline("statement", about="A-1"), [ends])
    assert not is_told(deadline("kit-return", about="A-1"), [ends])
