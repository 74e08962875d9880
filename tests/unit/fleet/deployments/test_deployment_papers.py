"""The fast path, its paperwork, and checklists."""

from datetime import timedelta
from math import inf, nan

import pytest
from msgspec.structs import replace

from fleet.deployments.rules.blockers import blockers
from fleet.deployments.rules.checklists import answered, default_items, met, missing, unanswered
from fleet.deployments.rules.facts import CallerFacts, ChecklistFacts, Evidence, Facts
from fleet.deployments.rules.papers import FAST_PATH, fast_path, is_owed, left_to_do, made_up
from fleet.deployments.rules.steps import STEPS, after
from protocols.deployments import TEMPLATES, ChecklistItem, DeploymentKind, DeploymentState, Step
from tests.unit.fleet.deployments.facts_made import AUTHORITY, MANDATE, NOW, H, of_deployment, ready, with_unit

TICKED = ChecklistItem(key="seals", text="Seals")
SAID = ChecklistItem(key="risk", text="Risk", evidence="text")
DRAIN = ChecklistItem(key="drain", text="Drain", evidence="number", unit_of_measure="mA", at_least=0, at_most=50)
OPTIONAL = ChecklistItem(key="vswr", text="VSWR", evidence="number", required=False)
LIST = ChecklistFacts(items=[TICKED, DRAIN])
SUPERVISOR = CallerFacts(person="p-sup", role="supervisor")


@pytest.mark.parametrize(
    ("item", "evidence", "is_met"),
    [
        (TICKED, None, False),
        (TICKED, Evidence(key="seals"), False),
        (TICKED, Evidence(key="seals", ticked=True), True),
        (SAID, Evidence(key="risk", text="  ", ticked=True), False),
        (SAID, Evidence(key="risk", text="RA 12"), True),
        (DRAIN, Evidence(key="drain", ticked=True), False),
        (DRAIN, Evidence(key="drain", number=0.0), True),
        (DRAIN, Evidence(key="drain", number=-0.1), False),
        (DRAIN, Evidence(key="drain", number=50.0), True),
        (DRAIN, Evidence(key="drain", number=50.1), False),
        (DRAIN, Evidence(key="drain", number=nan), False),
        (OPTIONAL, Evidence(key="vswr", number=inf), False),
        (OPTIONAL, Evidence(key="vswr", number=1.4), True),
    ],
)
def test_what_meets_an_item(item: ChecklistItem, evidence: Evidence | None, *, is_met: bool) -> None:
    assert met(item, evidence) == is_met


def test_what_is_missing_is_what_is_required_and_not_met() -> None:
    items = [TICKED, DRAIN, OPTIONAL]
    found = {"drain": Evidence(key="drain", number=80)}
    assert missing(items, found) == ["seals", "drain"]
    assert unanswered(items, found) == ["seals"]
    assert answered(DRAIN, found["drain"])


def test_every_kind_has_checklists_that_can_be_met_with_keys_of_their_own() -> None:
    for kind in TEMPLATES:
        for step in STEPS:
            items = default_items(kind, step)
            assert len({one.key for one in items}) == len(items), (kind, step)
            for one in items:
                assert (one.at_least is None and one.at_most is None) or one.evidence == "number"
                assert one.at_least is None or one.at_most is None or one.at_least < one.at_most
                assert one.procedure
        filled: list[Step] = ["check-out", "fit", "commission", "recover", "close"]
        assert all(default_items(kind, step) for step in filled)


@pytest.mark.parametrize(
    ("kind", "step", "key", "limits"),
    [
        ("vehicle-tracking", "fit", "battery-drain", (0, 50)),
        ("vehicle-tracking", "commission", "supply-load", (11_000, 15_000)),
        ("camera-alarm", "fit", "height-risk", (None, None)),
        ("av-capture", "commission", "aim-focus", (None, None)),
    ],
)
def test_checklists_ask_what_has_gone_wrong_before(
    kind: DeploymentKind, step: Step, key: str, limits: tuple[float | None, float | None]
) -> None:
    item = next(one for one in default_items(kind, step) if one.key == key)
    assert item.required
    assert (item.at_least, item.at_most) == limits


def fast(**changes: object) -> Facts:
    facts = replace(ready("check-out"), checklists={"check-out": LIST, "plan": LIST}, authorities=[], **changes)
    return of_deployment(facts, state="requested", urgent=True)


def test_the_fast_path_owes_what_it_goes_past_and_refuses_kit_that_may_not_go() -> None:
    path = fast_path(fast())
    assert not [one for one in path.found if one.answer == "refused"]
    assert [(one.step, one.owner) for one in path.papers] == [
        ("assess", "p-eng"),
        ("plan", "p-sup"),
        ("authorise", "p-sup"),
        ("check-out", "p-eng"),
    ]
    due = {one.step: one.owed_until - NOW for one in path.papers}
    assert due["authorise"] == 24 * H
    assert due["plan"] == timedelta(hours=72)
    state: DeploymentState = "requested"
    for step in FAST_PATH:
        state = after(state, step)
    assert state == "checked-out"
    stopped = with_unit(fast(), state="quarantined")
    assert [one.rule for one in fast_path(stopped).found if one.answer == "refused"] == ["unit-not-active"]
    assert "nothing-kept" in [one.rule for one in fast_path(fast(items=[])).found]


def test_without_a_checklist_that_is_open_checking_out_owes_nothing() -> None:
    assert [one.step for one in fast_path(replace(fast(), checklists={})).papers] == ["assess", "plan", "authorise"]


def test_nobody_owes_an_authorisation_that_they_may_not_give() -> None:
    own = of_deployment(fast(), requested_by="p-sup")
    assert [one.owner for one in fast_path(own).papers if one.step == "authorise"] == [None]


def urgent(state: DeploymentState, **changes: object) -> Facts:
    return of_deployment(replace(ready("fit"), caller=None, **changes), state=state, urgent=True)


def test_papers_are_made_up_for_by_what_is_there_and_decisions_by_who_may() -> None:
    facts = urgent("checked-out")
    assert made_up("assess", facts)
    assert not made_up("plan", facts)
    assert not made_up("plan", replace(facts, caller=CallerFacts(person="p-eng", role="engineer")))
    assert made_up("plan", replace(facts, caller=SUPERVISOR))
    assert made_up("authorise", replace(facts, caller=CallerFacts(person="p-app", role="approver")))
    assert not made_up("authorise", replace(facts, caller=CallerFacts(person="p-eng", role="supervisor")))
    assert not made_up("check-out", replace(facts, checklists={"check-out": LIST}))
    assert [one.rule for one in left_to_do("check-out", replace(facts, checklists={"check-out": LIST}))] == [
        "checklist-open"
    ]


@pytest.mark.parametrize(
    ("state", "kinds", "authority_state", "is_made_up"),
    [
        ("checked-out", ["install", "use"], "in-force", True),
        ("checked-out", ["install", "use"], "future", True),
        ("checked-out", ["install", "use"], "ended", False),
        ("checked-out", ["install"], "in-force", False),
        ("fitted", ["install", "use"], "in-force", True),
        ("fitted", ["install"], "in-force", False),
        ("live", ["install", "use"], "cancelled", True),
        ("recovered", ["install"], "ended", True),
        ("recovered", [], "ended", False),
    ],
)
def test_an_authorisation_is_made_up_for_as_far_as_it_was_used(
    state: DeploymentState, kinds: list[str], authority_state: str, *, is_made_up: bool
) -> None:
    named = replace(AUTHORITY, kinds=kinds, state=authority_state)
    facts = urgent(state, authorities=[named])
    assert made_up("authorise", replace(facts, caller=SUPERVISOR)) == is_made_up


def test_after_recovery_a_measure_beyond_its_limits_is_still_evidence() -> None:
    evidence = {"seals": Evidence(key="seals", ticked=True), "drain": Evidence(key="drain", number=80)}
    lists: dict[Step, ChecklistFacts] = {"fit": replace(LIST, evidence=evidence)}
    assert not made_up("fit", urgent("live", checklists=lists))
    assert made_up("fit", urgent("recovered", checklists=lists))
    assert not made_up("fit", urgent("recovered", checklists={"fit": LIST}))


def test_a_step_with_something_owed_leaves_paperwork() -> None:
    facts = urgent("checked-out", checklists={"fit": LIST})
    facts = replace(facts, caller=CallerFacts(person="p-eng", role="engineer"))
    assert is_owed(blockers("fit", facts), "fit")
    assert not is_owed(blockers("fit", replace(facts, checklists={})), "fit")
    stopped = blockers("recover", of_deployment(replace(ready("recover"), mandates=[MANDATE]), urgent=True))
    assert not is_owed(stopped, "recover")
