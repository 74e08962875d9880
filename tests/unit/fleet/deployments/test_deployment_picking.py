"""Which items the controller takes where it chooses: only what may go, the readiest first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleet.deployments.rules.picking import Choice, can_take, candidates, in_order, still_wanted
from fleet.kit.rules.standing import KitFacts, Reserved
from protocols.deployments import KitWanted

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def choice(
    item: str = "K-0001", kind: Any = "unit", presence: Any = None, battery: float | None = None, **facts: Any
) -> Choice:
    fields: dict[str, Any] = {"condition": "good", "service": "in-service", "custodian": "SU-01", "place": "STORE-1"}
    known = KitFacts(item=item, **{**fields, **facts})
    return Choice(item, kind, "van-kit", known, presence, battery)


def reserved(deployment: str, after: timedelta, until: timedelta) -> list[Reserved]:
    return [Reserved(deployment=deployment, starts_at=NOW + after, ends_at=NOW + until)]


@pytest.mark.parametrize(
    ("facts", "now_on", "next_week"),
    [
        ({}, True, True),
        ({"condition": "damaged"}, False, True),
        ({"condition": "failed"}, False, False),
        ({"service": "quarantined"}, False, False),
        ({"place": None}, False, False),
        ({"place": None, "expected_back_at": NOW + 2 * DAY}, False, True),
        ({"place": None, "expected_back_at": NOW - DAY}, False, False),
        ({"presence": "revoked"}, False, False),
        ({"reserved": reserved("DEP-2", timedelta(), DAY)}, False, True),
        ({"reserved": reserved("DEP-2", 7 * DAY, 8 * DAY)}, True, False),
        ({"reserved": reserved("DEP-1", timedelta(), 9 * DAY)}, True, True),
        ({"reserved": reserved("DEP-2", 6 * HOUR, 7 * HOUR)}, True, True),
    ],
)
def test_what_may_be_taken_now_and_for_next_week(facts: dict[str, Any], *, now_on: bool, next_week: bool) -> None:
    one = choice(**facts)
    assert can_take(one, "DEP-1", NOW, NOW + 6 * HOUR, NOW) == now_on
    assert can_take(one, "DEP-1", NOW + 7 * DAY, NOW + 8 * DAY, NOW) == next_week


def test_units_that_are_heard_and_fuller_go_first() -> None:
    choices = [
        choice("K-0001", presence="quiet", battery=99),
        choice("K-0002", presence="online", battery=40),
        choice("K-0003", presence="online", battery=90),
        choice("K-10004", kind="battery"),
        choice("K-0005", kind="battery"),
        choice("K-0006", presence="online", battery=99, place=None),
    ]
    assert [one.item for one in in_order(choices)] == ["K-0003", "K-0002", "K-0005", "K-10004", "K-0001", "K-0006"]


def test_what_is_still_wanted_is_what_is_not_kept_yet_with_models_first() -> None:
    wants = [KitWanted(kind="unit", count=2), KitWanted(kind="unit", count=1, model="mast-kit")]
    left = still_wanted(wants, [choice("K-0001")])
    assert [(one.kind, one.model) for one in left] == [("unit", "mast-kit"), ("unit", None)]
    choices = [choice("K-0001"), choice("K-0002"), choice("K-0003", kind="battery")]
    assert [one.item for one in candidates(left[1], choices, {"K-0001": 1})] == ["K-0002"]
    assert candidates(left[0], choices, {}) == []
