"""Which version of a checklist a step goes by, and which checklists can be laid down."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.deployments.checklist_desk import check_items
from fleet.deployments.checklist_reading import checklists_in_force
from fleet.deployments.rules.checklists import default_items
from fleet.errors import RequestRefused
from fleet.store.checklists import Begun, StoredEvidence, StoredTemplate
from protocols.deployments import ChecklistItem

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)
LID = ChecklistItem(key="lid", text="Lid closed")
SUPPLY = ChecklistItem(
    key="supply", text="Supply", evidence="number", unit_of_measure="mV", at_least=4750, at_most=5250
)


def template(version: int, *items: ChecklistItem, **changes: Any) -> StoredTemplate:
    fields: dict[str, Any] = {"kind": "av-capture", "step": "fit", "changed_by": "SU-01", "changed_at": NOW}
    return StoredTemplate(version=version, items=list(items), **{**fields, **changes})


def evidence(key: str, **said: Any) -> StoredEvidence:
    fields: dict[str, Any] = {"ticked": False, "text": "", "number": None, "met": True, "by": "TO-12", "at": NOW}
    return StoredEvidence(step="fit", key=key, **{**fields, **said})


def fit_of(templates: list[StoredTemplate], begun: list[Begun], given: list[StoredEvidence]) -> Any:
    found = checklists_in_force("av-capture", templates, begun, given)
    return next((one for one in found if one.step == "fit"), None)


def test_the_programs_own_until_one_is_laid_down_and_what_was_begun_stays() -> None:
    own = fit_of([], [], [])
    assert (own.version, own.items) == (0, default_items("av-capture", "fit"))
    laid_down = fit_of([template(3, LID)], [], [])
    assert (laid_down.version, laid_down.items) == (3, [LID])
    begun_before = fit_of([template(3, LID)], [Begun("fit", 0, None)], [])
    assert (begun_before.version, begun_before.items) == (0, default_items("av-capture", "fit"))
    begun_with_two = fit_of([template(3, LID)], [Begun("fit", 2, [SUPPLY])], [])
    assert (begun_with_two.version, begun_with_two.items) == (2, [SUPPLY])


def test_other_kinds_and_steps_are_not_touched_and_one_that_asks_for_nothing_is_left_out() -> None:
    others = [template(1, kind="camera-alarm"), template(1, LID, step="close")]
    assert fit_of(others, [], []).version == 0
    assert fit_of([template(1)], [], []) is None


def test_the_view_says_what_is_missing_in_the_order_of_the_items() -> None:
    items = [LID, SUPPLY, ChecklistItem(key="seal", text="Seal", evidence="text", required=False)]
    given = [evidence("supply", number=4749.0, met=False), evidence("lid", ticked=True)]
    view = fit_of([template(1, *items)], [Begun("fit", 1, items)], given).view()
    assert [one.key for one in view.evidence] == ["lid", "supply"]
    assert view.missing == ["supply"]


@pytest.mark.parametrize(
    "items",
    [
        [LID, LID],
        [ChecklistItem(key="lid", text="Lid", at_least=1)],
        [ChecklistItem(key="lid", text="Lid", evidence="text", unit_of_measure="mV")],
        [ChecklistItem(key="supply", text="Supply", evidence="number", at_least=2, at_most=1)],
    ],
)
def test_a_checklist_that_nobody_can_meet_is_not_laid_down(items: list[ChecklistItem]) -> None:
    with pytest.raises(RequestRefused) as caught:
        check_items(items)
    assert caught.value.problem.code == "checklist-unusable"


def test_limits_include_their_boundary_and_may_be_one_number() -> None:
    check_items([SUPPLY, ChecklistItem(key="one", text="One", evidence="number", at_least=1, at_most=1)])
