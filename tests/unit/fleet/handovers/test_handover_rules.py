"""Which change of the primary is handed over at, and what stands on the sheet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleet.handovers.rules import LATE, OpenDeployment, SheetFacts, ShiftChange, nearest_change, sheet
from fleet.store.alarms import StoredAlarm
from fleet.store.deployments import StoredDeployment
from fleet.store.handovers import OutItem
from fleet.store.stored_authority import Authority
from protocols.api.handovers import MAX_SHEET_LINES
from protocols.deployments import Deadline
from protocols.rota.model import Position, Shift

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shift(person: str, begins: timedelta, ends: timedelta, position: Position = "primary") -> Shift:
    return Shift(
        starts_at=NOW + begins, ends_at=NOW + ends, position=position, person=person, source="layer", about="weeks"
    )


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], None),
        ([shift("A", -DAY, 9 * DAY)], None),
        ([shift("A", -DAY, 2 * DAY), shift("B", 2 * DAY, 9 * DAY)], (2 * DAY, "A", "B")),
        ([shift("A", -DAY, -HOUR), shift("A", -HOUR, DAY), shift("B", DAY, 2 * DAY)], (DAY, "A", "B")),
        (
            [shift("A", -DAY, -3 * HOUR), shift("B", -3 * HOUR, 2 * HOUR), shift("C", 2 * HOUR, DAY)],
            (2 * HOUR, "B", "C"),
        ),
        ([shift("A", -DAY, -HOUR), shift("B", -HOUR, 2 * HOUR), shift("C", 2 * HOUR, DAY)], (-HOUR, "A", "B")),
        ([shift("A", -DAY, -LATE - HOUR), shift("B", -LATE - HOUR, 9 * DAY)], None),
        ([shift("A", -DAY, HOUR), shift("B", 5 * HOUR, DAY)], (5 * HOUR, "A", "B")),
        (
            [
                shift("A", -DAY, 2 * DAY),
                shift("C", -DAY, HOUR, "secondary"),
                shift("D", HOUR, DAY, "secondary"),
                shift("B", 2 * DAY, 9 * DAY),
            ],
            (2 * DAY, "A", "B"),
        ),
    ],
)
def test_the_nearest_change_of_the_primary_counts(
    shifts: list[Shift], expected: tuple[timedelta, str, str] | None
) -> None:
    found = nearest_change(sorted(shifts), NOW)
    assert found == (None if expected is None else ShiftChange(NOW + expected[0], *expected[1:]))


def open_deployment(number: int, rota: str | None, due: timedelta, **more: Any) -> OpenDeployment:
    stored = StoredDeployment(
        deployment_id=f"DEP-{number}",
        version=1,
        kind="av-capture",
        state="live",
        title="roof",
        site=None,
        starts_at=NOW - DAY,
        expected_back_at=NOW + 9 * DAY,
        wants=[],
        works=[],
        modalities=[],
        lead_id="TO-12",
        rota_id=rota,
        supervisor_id=None,
        note="",
        urgent=False,
        requested_by="TO-13",
        requested_at=NOW - DAY,
    )
    deadline = Deadline(
        deployment=stored.deployment_id,
        kind="ends",
        about="",
        due_at=NOW + due,
        owner="TO-12",
        stage="far",
        sentence="it is to be over",
    )
    fields = {
        "stored": stored,
        "units": ["unit-0001"],
        "deadlines": [deadline],
        "authorities": [],
        "papers": [],
        **more,
    }
    return OpenDeployment(**fields)


def authority(number: int, ends: timedelta) -> Authority:
    return Authority(
        authority_id=f"A-{number:012x}",
        reference=f"URN-{number}",
        kinds=["use"],
        modalities=["video"],
        authorised_by_rank="Superintendent",
        starts_at=NOW - 90 * DAY,
        ends_at=NOW + ends,
        urgent_oral=False,
        recorded_by="AP-01",
        recorded_at=NOW - 90 * DAY,
    )


def alarm(number: int, deployment: str | None) -> StoredAlarm:
    return StoredAlarm(
        alarm_no=number,
        alarm_id=f"AL-{number:012x}",
        subject_kind="unit",
        subject="unit-0001",
        kind="hot",
        deployment_id=deployment,
        severity="warning" if number % 2 else "alarm",
        summary="82 °C",
        in_page=True,
        rule="hot",
        lasts=True,
        pages=True,
        route_to=[],
        raised_at=NOW - number * HOUR,
        last_at=NOW,
        count=1,
        paged_from=NOW,
        level=None,
        cleared_at=None,
        acknowledged_by=None,
        acknowledged_at=None,
        acknowledged_how=None,
        closed_at=None,
    )


def facts(**changes: Any) -> SheetFacts:
    fields: dict[str, Any] = {
        "rota": "technical",
        "name": "Technical",
        "zone": "Europe/London",
        "change": ShiftChange(NOW + HOUR, "TO-12", "TO-13"),
        "made_by": "TO-12",
        "made_at": NOW,
        "deployments": [],
        "alarms": [],
        "kit": [],
        "welfare": [],
        "owed": {},
        "gaps": [],
    }
    return SheetFacts(**{**fields, **changes})


def test_an_empty_sheet_says_whose_it_is_and_counts_nothing() -> None:
    made = sheet(facts())
    assert (made.rota, made.change_at, made.outgoing, made.incoming) == ("technical", NOW + HOUR, "TO-12", "TO-13")
    assert set(made.counts.values()) == {0}
    assert not made.rest_unknown
    assert sheet(facts(owed=None)).rest_unknown


def test_the_rotas_deployments_and_those_of_none_stand_on_it_with_what_belongs_to_them() -> None:
    lapses = authority(1, 14 * DAY)
    mine = open_deployment(1, "technical", 2 * DAY, authorities=[lapses, authority(2, 15 * DAY)])
    papers = [("plan", "TO-12", NOW + DAY)]
    nobodys = open_deployment(2, None, DAY, authorities=[lapses], papers=papers)
    others = open_deployment(3, "radio", HOUR, authorities=[authority(3, HOUR)], papers=papers)
    kit = [
        OutItem("K-0001", "battery", "TO-12", "DEP-1", None),
        OutItem("K-0002", "van-kit", "TO-12", "DEP-1", NOW + 73 * HOUR),
        OutItem("K-0003", "van-kit", "TO-13", None, NOW),
        OutItem("K-0004", "van-kit", "TO-13", "DEP-2", NOW + 72 * HOUR),
        OutItem("K-0005", "van-kit", "TO-13", "DEP-3", NOW),
    ]
    made = sheet(
        facts(
            deployments=[mine, nobodys, others],
            kit=kit,
            alarms=[alarm(1, "DEP-1"), alarm(2, None), alarm(3, "DEP-3"), alarm(4, "DEP-2")],
            owed={"TO-12": 60, "TO-13": 0, "TO-11": 90},
        )
    )
    assert [one.deployment for one in made.deployments] == ["DEP-2", "DEP-1"]
    assert [(one.item, one.standing) for one in made.kit] == [
        ("K-0003", "overdue"),
        ("K-0004", "due-back"),
        ("K-0002", "out"),
        ("K-0001", "out"),
    ]
    assert [(one.reference, one.deployments) for one in made.authorities] == [("URN-1", ["DEP-1", "DEP-2"])]
    assert [(one.deployment, one.step, one.owner) for one in made.papers] == [("DEP-2", "plan", "TO-12")]
    assert [(one.severity, one.alarm[-1]) for one in made.alarms] == [("alarm", "4"), ("alarm", "2"), ("warning", "1")]
    assert [(one.person, one.owed_min) for one in made.rest_owed] == [("TO-11", 90), ("TO-12", 60)]


def test_a_long_part_has_its_first_lines_and_says_how_many_there_are() -> None:
    made = sheet(facts(alarms=[alarm(number, None) for number in range(2 * MAX_SHEET_LINES)]))
    assert (len(made.alarms), made.counts["alarms"]) == (MAX_SHEET_LINES, 2 * MAX_SHEET_LINES)
