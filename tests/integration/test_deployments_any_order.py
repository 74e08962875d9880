"""A few walks of `make fuzz-deployments`; and that what is promised is looked for, whichever guard is taken away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from fleet.client import Refused
from protocols.api.checks import CarriedLease, CarriedRequest
from protocols.api.deployments import DeploymentView, SetKit, SetVisits
from protocols.api.kit import ItemChange, NewItem, Scan
from protocols.api.mandates import NewMandate
from protocols.mandate import MANDATE_NAMESPACE
from tests.fuzz.deployments.beginning import help_to
from tests.fuzz.deployments.checker import Traces, broken
from tests.fuzz.deployments.moves import Known, request
from tests.fuzz.deployments.walking import Tally, walk
from tests.fuzz.deployments.world import Furniture, World, world
from tests.support.deployment_house import (
    UNITS,
    certify,
    go,
    named,
    planned,
    requested,
    rules_of,
    scanned_out,
    visit,
)
from tests.support.kit_house import HOUR
from tests.support.mandate_house import refusal
from tests.support.mandates import allows
from tests.support.waiting import until

pytestmark = pytest.mark.long
SEED, WALKS = "4", 5


@pytest.fixture
async def made(dsn: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(dsn, tmp_path) as there:
        yield there


async def wrong(made: World, items: list[str]) -> set[str]:
    """The promises that do not hold."""
    return {one.split(":")[0] for one in await broken(made.owner, items, made.house.clock.now)}


async def two(made: World) -> tuple[DeploymentView, DeploymentView]:
    """Two deployments of the same days."""
    made.begun_at = made.house.clock.now
    return await requested(made.house), await requested(made.house)


async def test_whatever_is_done_in_any_order_what_is_promised_holds(made: World) -> None:
    tally = Tally()
    for number in range(WALKS):
        found = await walk(made, f"{SEED} {number}", tally)
        assert found is None, "\n".join([*found.told, *found.wrong])
    assert tally.sequences == WALKS
    assert tally.answers["200"] > WALKS
    assert tally.answers["409"] > WALKS
    assert {"planned", "checked-out", "fitted", "commissioned", "live"} <= set(tally.states)
    assert tally.leases > 0
    assert tally.leases_refused.total() > 0


async def test_what_is_in_two_places_is_found_where_the_database_lets_it(made: World) -> None:
    one, other = await two(made)
    await made.owner.execute("UPDATE kit_item SET service = 'in-service'")
    await made.owner.execute("ALTER TABLE kit_reservation DROP CONSTRAINT kit_in_one_place")
    await made.owner.execute("ALTER TABLE visit_person DROP CONSTRAINT person_in_one_place")
    for view, item, person in ((one, "K-0001", "TO-12"), (other, "K-0002", "TO-11")):
        await made.house["TO-12"].set_kit(view.row.deployment, SetKit(based_on=1, items=[item]))
        wanted = SetVisits(based_on=2, visits=[visit(person=person)])
        await made.house["TO-12"].set_visits(view.row.deployment, wanted)
    assert await wrong(made, ["K-0001"]) == set()
    await made.owner.execute("UPDATE kit_reservation SET item = 'K-0001'")
    await made.owner.execute("UPDATE visit_person SET person_id = 'TO-12'")
    assert await wrong(made, ["K-0001"]) == {"item booked twice", "person booked twice"}


UNGUARDED = {
    "UPDATE kit_item SET custodian = 'TO-13' WHERE item = 'K-0001'": {
        "custody",
        "out of the store by its keeper's books",
    },
    "DELETE FROM kit_movement WHERE item = 'K-0001'": {"custody", "movement without its entry"},
    "UPDATE kit_movement SET from_person = 'TO-13' WHERE item = 'K-0001'": {"chain of custody"},
    "UPDATE deployment SET state = 'live'": {"state that no step led to"},
    "INSERT INTO deployment_step (deployment_id, step, from_state, to_state, at, by)"
    " SELECT deployment_id, 'fit', 'requested', 'fitted', requested_at, 'TO-12' FROM deployment": {
        "state that no step led to",
        "step that there is not",
        "steps differ from their entries",
        "fitted without authority",
    },
    "UPDATE deployment SET state = 'cancelled'": {"state that no step led to", "over, and holds on to kit or people"},
}
"""What nobody could do while the triggers stand, and what is said of it."""


@pytest.mark.parametrize("done", UNGUARDED)
async def test_what_the_triggers_prevent_is_found_without_them(made: World, done: str) -> None:
    one, _ = await two(made)
    await made.owner.execute("UPDATE kit_item SET service = 'in-service'")
    await made.house["TO-12"].set_kit(one.row.deployment, SetKit(based_on=1, items=["K-0001"]))
    await made.owner.execute("SET session_replication_role = replica")
    assert await wrong(made, ["K-0001"]) == set()
    await made.owner.execute(done)
    assert await wrong(made, ["K-0001"]) == UNGUARDED[done]


LEASED = {
    "UPDATE opening SET leased_until = leased_until + interval '90 days'": {"lease outside a live mandate"},
    "UPDATE opening SET begun_at = begun_at - interval '1 day'": {"lease outside a live mandate"},
    "UPDATE opening SET modalities = '{position}'": {"lease beyond what its mandate covers"},
    "UPDATE authority SET kinds = '{install}'": {"lease outside a live mandate", "live without authority"},
    "INSERT INTO opening (opening, unit_id, mandate_id, modalities, person_id, controller, begun_at, state, entry_id,"
    " leased_until) SELECT opening || number, unit_id, mandate_id, modalities, person_id, controller, begun_at, state,"
    " entry_id, leased_until FROM opening, generate_series(1, 3) AS one (number)": {
        "two leases of the same at once",
        "more openings than a day allows",
    },
}
"""What a controller that kept no rule could have written of leases, and what is said of it."""


async def leasing(made: World) -> tuple[Furniture, CarriedRequest]:
    """A walk's furniture with a deployment that is live, and a lease that may be asked for."""
    furniture = await made.furnish()
    known = Known(made, furniture, made.house.clock.now)
    await help_to(known, Random(SEED), "live")
    [mandate] = [await made.house["SU-01"].mandate(one) for one in known.mandates]
    nonce, sealed = made.key.asks(mandate.unit, furniture.units[mandate.unit])
    return furniture, CarriedRequest(
        unit=mandate.unit,
        opening=nonce.opening,
        nonce=nonce.nonce,
        modalities=["video"],
        mandate=mandate.mandate_id,
        sealed=sealed,
    )


async def test_a_lease_that_should_not_be_is_found(made: World) -> None:
    furniture, asked = await leasing(made)
    await made.house["TO-12"].carried_lease(asked)
    assert await wrong(made, [*furniture.items]) == set()
    await made.owner.execute("SET session_replication_role = replica")
    for done, expected in LEASED.items():
        written = made.owner.transaction()
        await written.start()
        await made.owner.execute(done)
        assert await wrong(made, [*furniture.items]) == expected, done
        await written.rollback()


async def test_who_cancels_a_mandate_and_who_asks_for_a_lease_do_not_wait_for_each_other(made: World) -> None:
    _, asked = await leasing(made)
    busy = made.owner.transaction()
    await busy.start()
    await made.owner.execute("SELECT FROM unit WHERE unit_id = $1 FOR NO KEY UPDATE", asked.unit)
    lease = asyncio.create_task(made.house["TO-12"].carried_lease(asked))
    await until(lambda: waiting(made, 1))
    cancelling = asyncio.create_task(made.house["SU-01"].cancel_mandate(asked.mandate, "it comes home"))
    await until(lambda: waiting(made, 2))
    await busy.rollback()
    assert (await cancelling).state == "cancelled"
    [answer] = await asyncio.gather(lease, return_exceptions=True)
    assert isinstance(answer, CarriedLease | Refused)  # which of both, the moment decides


async def waiting(made: World, count: int) -> bool:
    """Whether as many of the controller's statements wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await made.owner.fetchval(query) == count)


async def test_a_trace_of_what_was_refused_is_found(made: World) -> None:
    furniture = await made.furnish()
    known, traces = Known(made, furniture, made.house.clock.now), Traces(made.owner)
    await traces.mark()
    assert await traces.left() == []
    asked = await request(known, Random(SEED))
    await asked.ask()
    assert {"deployment", "log_entry"} <= set(await traces.left())
    await traces.mark()
    await made.owner.execute("UPDATE kit_item SET version = version + 1 WHERE item = $1", furniture.items[0])
    assert await traces.left() == ["kit_item"]


async def bench(made: World, unit: str) -> str:
    """A bench mandate of a unit that begins in six hours, signed by two."""
    door, now = made.house["TO-12"], made.house.clock.now
    new = NewMandate(
        kind="bench",
        unit=unit,
        authority=None,
        allows=[allows("video")],
        purpose="focus",
        not_before=now + 6 * HOUR,
        not_after=now + 10 * HOUR,
        approver="AP-01",
    )
    view = await door.draft_mandate(new)
    for one in view.waits_for:
        signature = made.house.keys[one].sign(f"{view.text}\n", MANDATE_NAMESPACE)
        await made.house[one].hand_in_signature(view.mandate_id, signature)
    return view.mandate_id


async def test_no_bench_mandate_becomes_live_while_its_unit_is_fitted_somewhere(made: World) -> None:
    await made.owner.execute("UPDATE kit_item SET service = 'in-service'")
    house = made.house
    view = await go(house, await named(house, await planned(house)), "authorise", "AP-01")
    which, [unit] = view.row.deployment, view.row.units
    [other] = set(UNITS) - {unit}
    await scanned_out(house, view)
    view = await go(house, view, "check-out")
    mandates = [await bench(made, unit), await bench(made, other)]
    view = await house["TO-12"].deployment(which)
    assert rules_of(view, "fit") == ["bench-mandate-live"]
    await house["TO-12"].cancel_mandate(mandates[0], "it goes out")
    view = await go(house, view, "fit")
    await certify(house, view)
    for step in ("commission", "go-live", "maintain"):
        view = await go(house, view, step)
    [item] = [one.item for one in (await house["TO-12"].kit(kind="unit")).rows if one.unit == other]
    out = Scan(item=item, way="out", deployment=which)
    assert await refusal(house["TO-12"].scan_kit(out)) == (409, "bench-mandate-live")
    await house["TO-12"].cancel_mandate(mandates[1], "it goes out too")
    await house["TO-12"].scan_kit(out)


async def test_no_item_that_is_out_becomes_a_unit_with_a_bench_mandate_where_kit_is_fitted(made: World) -> None:
    await made.owner.execute("UPDATE kit_item SET service = 'in-service'")
    house, spare = made.house, "unit-jkmn2345"
    await made.add_units({spare: "5a5a"}, house.clock.now)
    view = await go(house, await named(house, await planned(house)), "authorise", "AP-01")
    which = view.row.deployment
    blank = (await house["SU-01"].add_kit(NewItem(model="van-kit", place="STORE-1"))).row.item
    await scanned_out(house, view)
    out = await house["TO-12"].scan_kit(Scan(item=blank, way="out", deployment=which))
    view = await go(house, await house["TO-12"].deployment(which), "check-out")
    view = await go(house, view, "fit")
    mandate = await bench(made, spare)
    joined = ItemChange(based_on=out.row.version, unit=spare)
    assert await refusal(house["TO-12"].change_kit(blank, joined)) == (409, "bench-mandate-live")
    await house["TO-12"].cancel_mandate(mandate, "it is fitted")
    assert (await house["TO-12"].change_kit(blank, joined)).row.unit == spare


async def test_no_unit_comes_to_what_is_live_before_it_was_judged(made: World) -> None:
    await made.owner.execute("UPDATE kit_item SET service = 'in-service'")
    house = made.house
    view = await go(house, await named(house, await planned(house)), "authorise", "AP-01")
    which, units = view.row.deployment, (await house["TO-12"].kit(kind="unit")).rows
    [spare] = [one.item for one in units if one.unit not in view.row.units]
    await scanned_out(house, view)
    view = await go(house, await go(house, view, "check-out"), "fit")
    await certify(house, view)
    view = await go(house, await go(house, view, "commission"), "go-live")
    kept = [*(one.item for one in view.items), spare]
    view = await house["SU-01"].set_kit(which, SetKit(based_on=view.version, items=kept))
    out = Scan(item=spare, way="out", deployment=which)
    assert await refusal(house["TO-12"].scan_kit(out)) == (409, "unit-unjudged")
    view = await go(house, view, "maintain")
    await house["TO-12"].scan_kit(out)
    view = await house["TO-12"].deployment(which)
    assert rules_of(view, "resume") == ["certificate-missing"]
    house.clock.go_on(minutes=1)
    await certify(house, view)
    assert (await go(house, await house["TO-12"].deployment(which), "resume")).row.state == "live"
