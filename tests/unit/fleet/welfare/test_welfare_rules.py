"""How a welfare timer stands at every instant around its times."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.store.welfare import StoredWelfare
from fleet.welfare.rules import first_due, stage, view

NOON = datetime(2026, 2, 4, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def timer(**changes: object) -> StoredWelfare:
    """Started at noon: due at one, missed ten minutes later."""
    fields: dict[str, object] = {
        "welfare_id": "WF-0000000000aa",
        "person_id": "TO-12",
        "call_out_id": None,
        "visit_id": None,
        "deployment_id": None,
        "every_min": 60,
        "grace_min": 10,
        "started_by": "TO-12",
        "started_at": NOON,
        "due_at": first_due(NOON, 60),
    }
    return StoredWelfare(**{**fields, **changes})  # type: ignore[arg-type] # each has its kind above


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), "waiting"),
        (60 * MINUTE - SECOND, "waiting"),
        (60 * MINUTE, "due"),
        (70 * MINUTE - SECOND, "due"),
        (70 * MINUTE, "missed"),
        (timedelta(days=3), "missed"),
    ],
)
def test_an_answer_is_due_at_its_time_and_missed_after_its_grace(after: timedelta, expected: str) -> None:
    assert stage(timer(), NOON + after) == expected
    assert stage(timer(ended_at=NOON, ended_by="TO-12", ended_how="self"), NOON + after) == "ended"


def test_what_is_shown_says_when_supervisors_would_be_paged() -> None:
    shown = view(timer(), NOON + 65 * MINUTE)
    assert (shown.due_at, shown.missed_at, shown.stage) == (NOON + 60 * MINUTE, NOON + 70 * MINUTE, "due")
