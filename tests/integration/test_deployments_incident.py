"""The fast path: kit in hand at once, signatures as ever, and paperwork that is owed until it is there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.client import Refused
from fleet.store.store import Store
from protocols.api.checklists import NewEvidence, SetTemplate
from protocols.api.deployments import NewIncident, SetKit, SetVisits
from protocols.api.kit import ConditionSeen, Scan
from protocols.deployments import ChecklistItem
from tests.support.deployment_house import (
    certify,
    deployment_house,
    go,
    named,
    requested,
    rules_of,
    visit,
)
from tests.support.kit_house import HOUR
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def test_an_incident_hands_kit_over_at_once_and_owes_its_papers(house: RotaHouse, owner: Owner) -> None:
    on_call = (await house["SU-01"].on_call())[0].positions[0].person
    assert on_call == "TO-12"
    view = await house["TO-12"].begin_incident(NewIncident(site="NORTH", title="at the quay"))
    which = view.row.deployment
    assert (view.row.state, view.urgent, view.row.lead, view.rota) == ("checked-out", True, "TO-12", "technical")
    assert [(one.kind, one.custodian, one.deployment) for one in view.items] == [
        ("unit", "TO-12", which),
        ("battery", "TO-12", which),
    ]
    assert [(one.step, one.skipped, one.owed_until) for one in view.steps[:4]] == [
        ("assess", True, None),
        ("plan", True, NOW + 72 * HOUR),
        ("authorise", True, NOW + 24 * HOUR),
        ("check-out", False, None),
    ]
    assert [one.kind for one in view.deadlines] == ["kit-return", "paper", "paper"]
    assert (view.row.owed, view.row.alarms) == (2, 1)
    assert rules_of(view, "fit") == ["no-install-authority"]
    told = [(one["kind"], one.get("step")) for one in await entries(owner, "deployment.")]
    assert told == [
        ("deployment.requested", None),
        ("deployment.kit-kept", None),
        ("deployment.step-owed", "assess"),
        ("deployment.step-owed", "plan"),
        ("deployment.step-owed", "authorise"),
        ("deployment.changed", "check-out"),
        ("deployment.made-up", "assess"),
    ]
    assert [one["way"] for one in await entries(owner, "kit.moved")] == ["fast-path", "fast-path"]
    alarm = (await entries(owner, "alarm.raised"))[0]
    assert (alarm["alarm_kind"], alarm["deployment"]) == ("authority-wanted", which)
    called = await house["TO-12"].call_outs(person="TO-12")
    assert [(one.reference, one.position) for one in called] == [(which, "primary")]
    assert "quay" not in str(await entries(owner, "deployment."))


async def test_its_paperwork_is_made_up_for_by_who_may_and_then_it_closes(house: RotaHouse, owner: Owner) -> None:
    view = await house["TO-12"].begin_incident(NewIncident(site="NORTH", going=False))
    which = view.row.deployment
    view = await named(house, view)
    assert [one["kind"] for one in await entries(owner, "alarm.")][-1] == "alarm.cleared"
    view = await go(house, view, "fit")
    await certify(house, view)
    for step in ("commission", "go-live", "recover"):
        view = await go(house, view, step)
    for one in view.items:
        await house["TO-12"].scan_kit(Scan(item=one.item, way="in", place="STORE-1"))
    for alarm in (await house["SU-02"].alarms(open_only=True)).alarms:
        await house["SU-02"].acknowledge_alarm(alarm.alarm)
    view = await house["SU-02"].deployment(which)
    assert rules_of(view, "close") == ["papers-owed", "papers-owed"]
    assert await refusal(go(house, view, "authorise", "TO-12")) == (403, "role-not-allowed")
    view = await go(house, view, "authorise", "AP-01")
    assert await refusal(go(house, view, "authorise", "AP-01")) == (409, "blocked")
    view = await go(house, view, "plan", "SU-02")
    assert (view.row.owed, [one.owed_until for one in view.steps if one.skipped]) == (0, [None, None, None])
    assert (await go(house, view, "close", "SU-02")).row.state == "closed"
    made_up = [(one["step"], one["actor"]) for one in await entries(owner, "deployment.made-up")]
    assert made_up == [("assess", "TO-12"), ("authorise", "AP-01"), ("plan", "SU-02")]


async def test_two_incidents_at_once_never_get_the_same_kit(house: RotaHouse, owner: Owner) -> None:
    people = ("TO-11", "TO-12", "TO-13")
    asked = [house[one].begin_incident(NewIncident(going=False)) for one in people]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one.problem.code for one in answers if isinstance(one, Refused)]
    assert refused == ["kit-not-available"]
    views = [one for one in answers if not isinstance(one, BaseException)]
    taken = [one.item for view in views for one in view.items]
    assert len(taken) == len(set(taken)) == 4
    assert len(await owner.fetch("SELECT FROM deployment")) == 2


async def test_kit_that_may_not_go_out_is_not_handed_out_and_what_is_ready_goes_first(
    house: RotaHouse, owner: Owner
) -> None:
    await owner.execute("UPDATE unit_live SET presence = 'quiet' WHERE unit_id = 'unit-abcd2345'")
    await house["TO-12"].see_kit_condition("K-0003", ConditionSeen(condition="damaged"))
    view = await house["TO-12"].begin_incident(NewIncident(going=False))
    assert [one.item for one in view.items] == ["K-0002", "K-0004"]
    kept = await requested(house)
    await house["TO-12"].set_kit(kept.row.deployment, SetKit(based_on=1, items=["K-0001"]))
    broken = NewIncident(items=["K-0003"], going=False)
    assert await refusal(house["TO-11"].begin_incident(broken)) == (409, "blocked")
    assert await refusal(house["TO-11"].begin_incident(NewIncident(going=False, hours=36))) == (
        409,
        "kit-not-available",
    )
    assert await refusal(house["TO-11"].begin_incident(NewIncident(items=["K-0002"]))) == (409, "double-booked")
    short = await house["TO-11"].begin_incident(NewIncident(items=["K-0001"], hours=12, going=False))
    assert [one.item for one in short.items] == ["K-0001"]


async def test_visits_are_planned_for_an_incident_that_goes_on(house: RotaHouse) -> None:
    view = await house["TO-12"].begin_incident(NewIncident(going=False, hours=72))
    now = visit(day=0, starts_at=NOW, ends_at=NOW + HOUR)
    view = await house["TO-12"].set_visits(view.row.deployment, SetVisits(based_on=view.version, visits=[now]))
    assert [one.findings for one in view.visits] == [[]]


async def test_a_checklist_that_is_not_met_becomes_paperwork_until_its_evidence_is_there(
    house: RotaHouse, owner: Owner
) -> None:
    items = [ChecklistItem(key="fixing", text="Fixings pulled by hand"), ChecklistItem(key="lid", text="Lid closed")]
    await house["SU-01"].set_checklist_template("critical-incident", "fit", SetTemplate(version=1, items=items))
    view = await named(house, await house["TO-12"].begin_incident(NewIncident(site="NORTH", going=False)))
    which = view.row.deployment
    assert [one.answer for step in view.steps if step.step == "fit" for one in step.blockers] == ["owed"]
    view = await go(house, view, "fit")
    fitted = next(one for one in view.steps if one.step == "fit")
    assert (fitted.skipped, fitted.done_by, fitted.owed_until) == (False, "TO-12", NOW + 72 * HOUR)
    assert [one.rule for one in fitted.blockers] == ["checklist-open"]
    for key in ("fixing", "lid"):
        await house["TO-12"].give_evidence(which, NewEvidence(step="fit", key=key, ticked=True))
    fitted = next(one for one in (await house["TO-12"].deployment(which)).steps if one.step == "fit")
    assert (fitted.owed_until, fitted.blockers) == (None, [])
    assert [one["step"] for one in await entries(owner, "deployment.made-up")] == ["assess", "fit"]
