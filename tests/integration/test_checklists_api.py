"""Checklists through the API: versions that stay, evidence that is only added, readiness that is kept."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from fleet.deployments.checklist_desk import MAX_EVIDENCE
from fleet.deployments.readiness_desk import MAX_CERTIFICATES
from fleet.deployments.rules.readiness import MANDATORY
from fleet.store.store import Store
from protocols.api.checklists import ChecklistView, NewEvidence, SetTemplate
from protocols.deployments import ChecklistItem
from tests.support.deployment_house import deployment_house, go, planned, requested
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import RotaHouse

LID = ChecklistItem(key="lid", text="Lid closed", procedure="OP014")
SUPPLY = ChecklistItem(
    key="supply", text="Supply at the unit", evidence="number", unit_of_measure="mV", at_least=4750, at_most=5250
)
SEAL = ChecklistItem(key="seal", text="Number of the seal", evidence="text", required=False)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def lay_down(house: RotaHouse, version: int, *items: ChecklistItem) -> None:
    wanted = SetTemplate(version=version, items=list(items))
    made = await house["SU-01"].set_checklist_template("av-capture", "assess", wanted)
    assert (made.version, made.items) == (version + 1, list(items))


async def assess_of(house: RotaHouse, deployment_id: str) -> ChecklistView:
    found = await house["TO-13"].checklists(deployment_id)
    return next(one for one in found if one.step == "assess")


async def test_evidence_is_added_and_a_step_keeps_the_version_that_it_began_with(
    house: RotaHouse, owner: Owner
) -> None:
    await lay_down(house, 1, LID, SUPPLY, SEAL)
    first = (await requested(house)).row.deployment
    assert (await assess_of(house, first)).missing == ["lid", "supply"]

    too_low = await house["TO-12"].give_evidence(first, NewEvidence(step="assess", key="supply", number=4749.5))
    assert [(one.key, one.number, one.met, one.by) for one in too_low.evidence] == [("supply", 4749.5, False, "TO-12")]
    assert too_low.missing == ["lid", "supply"]
    await lay_down(house, 2, SEAL)
    await house["TO-11"].give_evidence(first, NewEvidence(step="assess", key="supply", number=4750))
    done = await house["TO-11"].give_evidence(first, NewEvidence(step="assess", key="lid", ticked=True))
    assert (done.version, done.missing, [one.met for one in done.evidence]) == (2, [], [True, True])
    assert await assess_of(house, first) == done
    second = await assess_of(house, (await requested(house)).row.deployment)
    assert (second.version, [one.key for one in second.items]) == (3, ["seal"])

    rows = await owner.fetch("SELECT key, number, met FROM checklist_evidence ORDER BY evidence_id")
    assert [tuple(row) for row in rows] == [("supply", 4749.5, False), ("supply", 4750.0, True), ("lid", None, True)]
    told = await entries(owner, "checklist.evidence-given")
    assert [(one["actor"], one["key"], one["version"], one["met"]) for one in told] == [
        ("TO-12", "supply", 2, False),
        ("TO-11", "supply", 2, True),
        ("TO-11", "lid", 2, True),
    ]
    assert "4749" not in str(told)
    assert {tuple(one["evidence"]) for one in told} == {("sha256",)}
    (laid_down, _) = await entries(owner, "checklist-template.set")
    text = await owner.fetchval(
        "SELECT items FROM checklist_template WHERE (kind, step, version) = ('av-capture', 'assess', 2)"
    )
    assert (laid_down["version"], laid_down["items"], laid_down["sha256"]) == (2, 3, sha256(text.encode()).hexdigest())


async def test_what_is_missing_stops_the_step(house: RotaHouse) -> None:
    await lay_down(house, 1, LID)
    view = await requested(house)
    assert await refusal(go(house, view, "assess")) == (409, "blocked")
    await house["TO-12"].give_evidence(view.row.deployment, NewEvidence(step="assess", key="lid", ticked=True))
    assert (await go(house, view, "assess")).row.state == "feasible"


@pytest.mark.parametrize(
    ("new", "status", "code"),
    [
        (NewEvidence(step="assess", key="lamp", ticked=True), 404, "checklist-item-unknown"),
        (NewEvidence(step="close", key="lid", ticked=True), 404, "checklist-item-unknown"),
        (NewEvidence(step="assess", key="supply"), 400, "evidence-unfit"),
        (NewEvidence(step="assess", key="supply", number=5000, text="about"), 400, "evidence-unfit"),
        (NewEvidence(step="assess", key="seal", text=" "), 400, "evidence-unfit"),
        (NewEvidence(step="assess", key="lid", number=1), 400, "evidence-unfit"),
    ],
)
async def test_evidence_is_as_the_item_asks(house: RotaHouse, new: NewEvidence, status: int, code: str) -> None:
    await lay_down(house, 1, LID, SUPPLY, SEAL)
    which = (await requested(house)).row.deployment
    assert await refusal(house["TO-12"].give_evidence(which, new)) == (status, code)
    assert (await assess_of(house, which)).evidence == []


async def test_who_may_and_what_was_seen(house: RotaHouse) -> None:
    wanted = SetTemplate(version=1, items=[LID])
    assert await refusal(house["TO-12"].set_checklist_template("av-capture", "assess", wanted)) == (
        403,
        "role-not-allowed",
    )
    await lay_down(house, 1, LID)
    stale = house["SU-02"].set_checklist_template("av-capture", "assess", wanted)
    assert await refusal(stale) == (409, "checklist-changed")
    twice = SetTemplate(version=2, items=[LID, LID])
    assert await refusal(house["SU-01"].set_checklist_template("av-capture", "assess", twice)) == (
        400,
        "checklist-unusable",
    )
    view = await requested(house)
    given = NewEvidence(step="assess", key="lid", ticked=True)
    assert await refusal(house["IN-01"].give_evidence(view.row.deployment, given)) == (403, "role-not-allowed")
    assert await refusal(house["TO-12"].give_evidence("DEP-999", given)) == (404, "deployment-unknown")
    await go(house, view, "cancel")
    assert await refusal(house["TO-12"].give_evidence(view.row.deployment, given)) == (409, "deployment-over")


async def test_evidence_and_certificates_have_a_bound(house: RotaHouse, owner: Owner) -> None:
    await lay_down(house, 1, LID)
    which = (await planned(house, starts_at=house.clock.now, title="another", kind="delivery-support")).row.deployment
    await house["SU-01"].set_checklist_template("delivery-support", "fit", SetTemplate(version=1, items=[LID]))
    given = NewEvidence(step="fit", key="lid", ticked=True)
    await house["TO-12"].give_evidence(which, given)
    await house["TO-12"].judge_readiness(which)
    await owner.execute(
        "INSERT INTO checklist_evidence (deployment_id, step, key, ticked, text, met, by, at) "
        "SELECT deployment_id, step, key, ticked, text, met, by, at FROM checklist_evidence, generate_series(1, $1)",
        MAX_EVIDENCE - 1,
    )
    await owner.execute(
        "INSERT INTO readiness_certificate SELECT 'RC-' || number, deployment_id, item, unit_id, issued_at, issued_by, "
        "valid_until, passed, document FROM readiness_certificate, generate_series(1, $1) AS number",
        MAX_CERTIFICATES - 1,
    )
    assert await refusal(house["TO-12"].give_evidence(which, given)) == (409, "too-much-evidence")
    assert await refusal(house["TO-12"].judge_readiness(which)) == (409, "too-many-certificates")


async def test_every_unit_is_judged_and_the_certificate_is_kept_as_it_was_given(house: RotaHouse, owner: Owner) -> None:
    view = await requested(house)
    assert await refusal(house["TO-12"].judge_readiness(view.row.deployment)) == (409, "no-unit")
    which = (await planned(house, starts_at=house.clock.now, title="another")).row.deployment
    (judged,) = await house["TO-11"].judge_readiness(which)
    assert (judged.passed, judged.issued_by, judged.item) == (False, "TO-11", "K-0001")
    assert {one.name for one in judged.lines} >= MANDATORY
    assert (judged.valid_until - judged.issued_at).total_seconds() == 12 * 3600
    (again,) = await house["TO-11"].judge_readiness(which)
    assert [one.certificate for one in (await house["IN-01"].deployment(which)).certificates] == sorted(
        [judged.certificate, again.certificate]
    )
    told = await entries(owner, "readiness.judged")
    documents = {
        row["certificate_id"]: row["document"]
        for row in await owner.fetch("SELECT certificate_id, document FROM readiness_certificate")
    }
    for one, view_of in zip(told, (judged, again), strict=True):
        digest = sha256(documents[view_of.certificate].encode()).hexdigest()
        assert (one["certificate"], one["unit"], one["item"]) == (view_of.certificate, view_of.unit, "K-0001")
        assert (one["sha256"], view_of.sha256, one["passed"]) == (digest, digest, False)
