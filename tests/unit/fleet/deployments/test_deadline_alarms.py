"""Which stage of which deadline is an alarm, and whom it pages."""

from datetime import UTC, datetime

import pytest

from fleet.deployments.deadline_alarm_rules import alarm_of, wanted
from protocols.deployments import Deadline, DeadlineKind, DeadlineStage

DUE = datetime(2026, 2, 4, 12, tzinfo=UTC)
STAGES: tuple[DeadlineStage, ...] = ("far", "14-days", "72-hours", "12-hours", "overdue")


def deadline(kind: DeadlineKind, stage: DeadlineStage, about: str = "A-00") -> Deadline:
    return Deadline(
        deployment="DEP-121",
        kind=kind,
        about=about,
        due_at=DUE,
        owner="AP-01",
        stage=stage,
        sentence="statement of authority URN 1",
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("statement", ["", "warning", "warning paged", "alarm paged", "alarm paged"]),
        ("authority-ends", ["", "warning", "warning paged", "alarm paged", "alarm paged"]),
        ("paper", ["", "warning", "warning paged", "alarm paged", "alarm paged"]),
        ("kit-return", ["", "warning", "warning paged", "warning paged", "alarm paged"]),
        ("visit", ["", "", "", "", "warning"]),
        ("maintenance-due", ["", "", "", "", "warning"]),
        ("ends", ["", "", "", "", "warning"]),
    ],
)
def test_each_stage_has_its_severity_and_pages_its_owner(kind: DeadlineKind, expected: list[str]) -> None:
    told = []
    for stage in STAGES:
        found = alarm_of(deadline(kind, stage), {("DEP-121:A-00", f"deadline-{kind}-14-days")})
        told.append("" if found is None else f"{found.severity}{' paged' if found.pages else ''}")
        assert found is None or (found.route_to, found.deployment, found.lasts) == (("AP-01",), "DEP-121", True)
    assert told == expected


def test_what_begins_within_its_last_72_hours_is_not_paged_before_12_are_left() -> None:
    new = alarm_of(deadline("paper", "72-hours"), ())
    assert new is not None
    assert not new.pages
    soon = alarm_of(deadline("paper", "12-hours"), ())
    assert soon is not None
    assert soon.pages


def test_two_authorities_of_a_deployment_and_each_stage_have_alarms_of_their_own() -> None:
    two = [deadline("statement", "overdue", about) for about in ("A-01", "A-02")]
    found = wanted([*two, deadline("statement", "12-hours", "A-01"), deadline("kit-return", "overdue", "")], ())
    assert list(found) == [
        ("DEP-121:A-01", "deadline-statement-overdue"),
        ("DEP-121:A-02", "deadline-statement-overdue"),
        ("DEP-121:A-01", "deadline-statement-12-hours"),
        ("DEP-121", "deadline-kit-return-overdue"),
    ]
    assert found["DEP-121:A-01", "deadline-statement-overdue"].summary == (
        "DEP-121:A-01: the written statement of its authority: was due 2026-02-04 12:00 UTC"
    )
