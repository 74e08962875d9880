"""A deployment from its request to recovered kit, through the API: each step by the rules, each with its entry."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.deployments import NewIncident, SetKit, SetVisits
from protocols.api.kit import Scan
from protocols.api.mandates import NewMandate
from protocols.deployments import Step
from protocols.mandate import MANDATE_NAMESPACE
from tests.support.deployment_house import (
    certify,
    deployment_house,
    go,
    named,
    requested,
    rules_of,
    scanned_out,
    visit,
)
from tests.support.kit_house import HOUR
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.mandates import allows
from tests.support.rota_house import NOW, RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_deployment_goes_all_its_way_and_the_log_tells_each_step(house: RotaHouse, owner: Owner) -> None:
    view = await requested(house)
    which = view.row.deployment
    assert (view.row.state, view.row.next_step, view.version, view.requested_by) == ("requested", "assess", 1, "TO-12")
    view = await go(house, view, "assess")
    assert rules_of(view, "plan") == ["not-permitted", "kit-missing", "kit-missing", "kit-missing", "no-fit-visit"]
    visits = SetVisits(based_on=view.version, visits=[visit("fit"), visit("recover", day=3, away=True)])
    view = await house["TO-12"].set_visits(which, visits)
    assert [(one.kind, one.works, one.away) for one in view.visits] == [
        ("fit", ["driving"], False),
        ("recover", ["driving"], True),
    ]
    view = await house["TO-12"].set_kit(which, SetKit(based_on=view.version, pick=True))
    assert [one.kind for one in view.items] == ["unit", "battery", "battery", "antenna"]
    assert {one.standing for one in view.items} == {"reserved"}
    view = await go(house, view, "plan", "SU-02")
    view = await named(house, view)
    assert await refusal(go(house, view, "authorise", "TO-12")) == (403, "role-not-allowed")
    view = await go(house, view, "authorise", "AP-01")
    house.clock.go_on(days=1)
    assert rules_of(await house["TO-12"].deployment(which), "check-out") == ["kit-not-out"]
    await scanned_out(house, view)
    view = await go(house, await house["TO-12"].deployment(which), "check-out")
    view = await go(house, view, "fit")
    assert rules_of(view, "commission") == ["certificate-missing"]
    await certify(house, view)
    last: tuple[Step, ...] = ("commission", "go-live", "maintain", "resume", "recover")
    for step in last:
        view = await go(house, view, step)
    assert rules_of(await house["SU-01"].deployment(which), "close") == ["kit-out"]
    for one in view.items:
        await house["TO-12"].scan_kit(Scan(item=one.item, way="in", place="STORE-1"))
    view = await go(house, await house["SU-01"].deployment(which), "close", "SU-01")
    assert (view.row.state, view.row.next_step, view.visits[-1:], view.row.deadline) == ("closed", None, [], None)
    told = await entries(owner, "deployment.changed")
    assert [(one["step"], one["from_state"], one["to_state"], one["actor"]) for one in told] == [
        ("assess", "requested", "feasible", "TO-12"),
        ("plan", "feasible", "planned", "SU-02"),
        ("authorise", "planned", "authorised", "AP-01"),
        ("check-out", "authorised", "checked-out", "TO-12"),
        ("fit", "checked-out", "fitted", "TO-12"),
        ("commission", "fitted", "commissioned", "TO-12"),
        ("go-live", "commissioned", "live", "TO-12"),
        ("maintain", "live", "maintenance", "TO-12"),
        ("resume", "maintenance", "live", "TO-12"),
        ("recover", "live", "recovered", "TO-12"),
        ("close", "recovered", "closed", "SU-01"),
    ]
    windows = [one["kind"] for one in await entries(owner, "alarm-window.")]
    assert windows == ["alarm-window.made", "alarm-window.ended"]
    away = [(one["kind"], one["person"], one["deployment"]) for one in await entries(owner, "absence.")]
    assert away == [("absence.recorded", "TO-12", which), ("absence.withdrawn", "TO-12", which)]
    assert "north yard" not in str(await entries(owner, "deployment."))


async def test_a_unit_that_is_fitted_is_not_on_the_bench(house: RotaHouse, owner: Owner) -> None:
    view = await house["TO-12"].begin_incident(NewIncident(going=False))
    unit = next(one.unit for one in view.items if one.unit is not None)
    bench = NewMandate(
        kind="bench",
        unit=unit,
        authority=None,
        allows=[allows("video")],
        purpose="aim and focus",
        not_before=NOW,
        not_after=NOW + 4 * HOUR,
        approver="AP-01",
    )
    draft = await house["TO-11"].draft_mandate(bench)
    view = await go(house, await named(house, view), "fit")
    assert await refusal(house["TO-11"].draft_mandate(bench)) == (409, "unit-fitted")
    signature = house.keys["TO-11"].sign(f"{draft.text}\n", MANDATE_NAMESPACE)
    signed = house["TO-11"].hand_in_signature(draft.mandate_id, signature)
    assert await refusal(signed) == (409, "unit-fitted")
    view = await go(house, view, "recover")
    assert (await house["TO-11"].draft_mandate(bench)).state == "draft"
    told = await entries(owner, "mandate.drafted")
    assert [one["deployment"] for one in told] == [view.row.deployment] * 2
    await house["TO-12"].scan_kit(Scan(item=view.items[0].item, way="in", place="STORE-1"))
    await house["TO-11"].draft_mandate(bench)
    assert (await entries(owner, "mandate.drafted"))[-1]["deployment"] is None
