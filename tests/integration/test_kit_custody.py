"""Custody of kit through the API: out and in by scanning, from hand to hand, with its entries; one of two wins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from fleet.client import Refused
from fleet.store.store import Store
from protocols.api.kit import ConditionSeen, Maintained, Scan
from protocols.kit import MaintenanceRule
from tests.support.kit_house import DAY, HOUR, MODELS, add, deployment, go_on, kit_house
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def test_kit_goes_out_for_a_deployment_and_comes_back(house: RotaHouse, owner: Owner) -> None:
    first, second = await add(house), await add(house, serial="B-77")
    which = await deployment(house)
    async with house.api.services.store.transaction() as transaction:
        await transaction.reservations.add(
            which, [first, second], house.clock.now, house.clock.now + 3 * DAY, house.clock.now
        )
    out = await house["TO-12"].scan_kit(Scan(item=first, way="out", deployment=which, condition="worn"))
    assert (out.left_to_scan, out.row.custodian, out.row.place, out.row.deployment) == ([second], "TO-12", None, which)
    assert (out.row.standing, out.row.condition) == ("out", "worn")
    assert out.row.expected_back_at == house.clock.now + 3 * DAY
    assert out.sentence == (
        f"{first} (Battery 12 V 40 Ah) is out with TO-12 for {which}, to be back by 2026-02-07 12:00 UTC; "
        f"left to scan: {second}"
    )
    both = await house["TO-12"].scan_kit(Scan(item=second, way="out", deployment=which))
    assert (both.left_to_scan, both.sentence.endswith(f"all that is kept for {which} is out")) == ([], True)
    await go_on(house, which, "recovered")
    back = await house["TO-13"].scan_kit(Scan(item=first, way="in", place="VAN-2"))
    assert (back.row.custodian, back.row.place, back.row.expected_back_at) == ("TO-11", "VAN-2", None)
    assert (back.left_to_scan, back.row.reserved_for) == ([second], None)
    assert back.sentence.endswith(f"is in VAN-2, and TO-11 has it; still out for {which}: {second}")
    last = await house["TO-13"].scan_kit(Scan(item=second, way="in"))
    assert (last.row.place, last.row.custodian, last.left_to_scan) == ("STORE-1", "SU-01", [])
    moved = await entries(owner, "kit.moved")
    assert [(one["way"], one["from_person"], one["person"], one["deployment"]) for one in moved] == [
        ("out", "SU-01", "TO-12", which),
        ("out", "SU-01", "TO-12", which),
        ("in", "TO-12", "TO-11", which),
        ("in", "TO-12", "SU-01", which),
    ]
    assert "B-77" not in str(await entries(owner, "kit."))
    ways = [one.way for one in await house["IN-01"].kit_movements(first)]
    assert ways == ["in", "out", "new"]


async def test_what_is_free_goes_out_and_is_kept_from_then_on_and_no_two_can_have_it(house: RotaHouse) -> None:
    item, which, other = await add(house), await deployment(house), await deployment(house)
    await house["TO-12"].scan_kit(Scan(item=item, way="out", deployment=which))
    detail = await house["TO-12"].kit_item(item)
    assert [one.deployment for one in detail.reservations] == [which]
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="out", deployment=other))) == (409, "kit-out")
    assert await refusal(house["TO-12"].scan_kit(Scan(item=item, way="out", deployment=which))) == (409, "kit-yours")
    await house["TO-12"].scan_kit(Scan(item=item, way="in"))
    taken = house["TO-13"].scan_kit(Scan(item=item, way="out", deployment=other))
    assert await refusal(taken) == (409, "kit-reserved")
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="out"))) == (409, "kit-reserved")
    await house["TO-13"].scan_kit(Scan(item=item, way="out", deployment=which))


async def test_of_two_who_scan_one_item_at_once_one_has_it(house: RotaHouse, owner: Owner) -> None:
    item, which, other = await add(house), await deployment(house), await deployment(house)
    asked = [
        house["TO-12"].scan_kit(Scan(item=item, way="out", deployment=which)),
        house["TO-13"].scan_kit(Scan(item=item, way="out", deployment=other)),
        house["TO-11"].scan_kit(Scan(item=item, way="out")),
    ]
    found = await asyncio.gather(*asked, return_exceptions=True)
    lost = [one for one in found if isinstance(one, Refused)]
    assert [one.status for one in lost] == [409, 409]
    assert {one.problem.code for one in lost} <= {"kit-out", "kit-reserved"}
    assert len(await entries(owner, "kit.moved")) == 1


async def test_what_may_not_go_out_does_not_and_says_whose_decision_it_is(house: RotaHouse) -> None:
    damaged, old, quarantined = [await add(house) for _ in range(3)]
    take = house["TO-12"].scan_kit
    assert await refusal(take(Scan(item=damaged, way="out", condition="damaged"))) == (409, "kit-damaged")
    await house["TO-12"].see_kit_condition(damaged, ConditionSeen(condition="failed", note="it smells"))
    assert await refusal(take(Scan(item=damaged, way="out", condition="good"))) == (409, "kit-failed")
    await house["TO-12"].change_kit_service(quarantined, "quarantined", "a loose cell")
    with pytest.raises(Refused) as caught:
        await take(Scan(item=quarantined, way="out"))
    assert caught.value.problem.message == f"{quarantined} is quarantined"
    assert caught.value.problem.remedy == "have it released, or take another; who decides: a supervisor"
    assert await refusal(house["TO-12"].change_kit_service(quarantined, "in-service", "seems fine")) == (
        403,
        "role-not-allowed",
    )
    await house["SU-01"].change_kit_service(quarantined, "in-service", "was tightened")
    await take(Scan(item=quarantined, way="out", expected_back_at=house.clock.now + HOUR))
    house.clock.go_on(hours=1)
    page = await house["TO-12"].kit(custodian="TO-12")
    assert [(one.item, one.standing) for one in page.rows] == [(quarantined, "overdue")]
    await _every_day(house)
    house.clock.go_on(days=1)
    assert await refusal(take(Scan(item=old, way="out"))) == (409, "kit-unserviced")
    await house["TO-12"].kit_maintained(old, Maintained(rule="daily", done_at=house.clock.now))
    await take(Scan(item=old, way="out"))


async def _every_day(house: RotaHouse) -> None:
    daily = MaintenanceRule(rule="daily", what="look at it", every_days=1)
    (model,) = [one for one in MODELS if one.model == "pack-12"]
    changed = type(model)(model=model.model, kind=model.kind, name=model.name, low_at=1, maintenance=[daily])
    await house["SU-01"].put_kit_model(changed, 1)


@pytest.mark.parametrize(
    ("state", "code"),
    [("planned", "deployment-takes-no-kit"), ("live", "kit-not-kept"), ("closed", "deployment-takes-no-kit")],
)
async def test_a_deployment_takes_kit_only_while_it_may(house: RotaHouse, state: str, code: str) -> None:
    item, which = await add(house), await deployment(house, state)  # type: ignore[arg-type]  # one of the states
    assert await refusal(house["TO-12"].scan_kit(Scan(item=item, way="out", deployment=which))) == (409, code)


async def test_kit_passes_from_hand_to_hand_and_out_of_a_store_only_by_scanning_out(house: RotaHouse) -> None:
    item = await add(house)
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="hand-over"))) == (409, "kit-in")
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="in"))) == (409, "kit-in")
    await house["TO-12"].scan_kit(Scan(item=item, way="out", how="typed"))
    taken = await house["TO-13"].scan_kit(Scan(item=item, way="hand-over"))
    assert taken.sentence == f"{item} (Battery 12 V 40 Ah) passed from TO-12 to TO-13"
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="hand-over"))) == (409, "kit-yours")
    for wrong in (
        Scan(item=item, way="in", deployment="DEP-1"),
        Scan(item=item, way="out", place="STORE-1"),
        Scan(item=item, way="out", deployment="DEP-1", expected_back_at=house.clock.now + HOUR),
        Scan(item=item, way="out", expected_back_at=house.clock.now),
    ):
        status, _ = await refusal(house["TO-13"].scan_kit(wrong))
        assert status == 400
    assert await refusal(house["TO-13"].scan_kit(Scan(item="K-9999", way="in"))) == (404, "item-unknown")


async def test_what_is_lost_stays_with_its_last_custodian_until_it_is_found(house: RotaHouse) -> None:
    item = await add(house)
    await house["TO-12"].scan_kit(Scan(item=item, way="out"))
    lost = await house["SU-01"].change_kit_service(item, "lost", "not in the van")
    assert (lost.row.standing, lost.row.custodian) == ("gone", "TO-12")
    found = await house["TO-13"].scan_kit(Scan(item=item, way="in"))
    assert found.sentence.endswith("On the books it is lost: a supervisor puts it in service again")
    await house["SU-01"].change_kit_service(item, "in-service", "found")
    gone = await house["SU-01"].change_kit_service(item, "disposed", "end of life")
    assert (gone.row.standing, gone.row.custodian) == ("gone", "SU-01")
    assert await refusal(house["SU-01"].change_kit_service(item, "in-service", "no")) == (409, "kit-gone")


async def test_another_keeper_takes_over_all_that_lies_in_a_store(house: RotaHouse, owner: Owner) -> None:
    first, second, out = [await add(house) for _ in range(3)]
    await house["TO-12"].scan_kit(Scan(item=out, way="out"))
    view = await house["SU-01"].put_kit_place("STORE-1", "main store", "SU-02")
    assert (view.keeper, view.items) == ("SU-02", 2)
    rows = (await house["IN-01"].kit()).rows
    assert {one.item: one.custodian for one in rows} == {first: "SU-02", second: "SU-02", out: "TO-12"}
    (told,) = [one for one in await entries(owner, "kit-place.set") if one["items"]]
    assert (told["store"], told["person"], told["items"]) == ("STORE-1", "SU-02", 2)
    assert await refusal(house["SU-01"].put_kit_place("STORE-1", "main store", "AP-01")) == (409, "keeps-no-kit")


async def test_the_database_lets_nobody_move_kit_without_movement_and_entry(house: RotaHouse) -> None:
    item = await add(house)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with house.api.services.store.transaction() as transaction:
            await transaction._connection.execute("UPDATE kit_item SET custodian = 'TO-13' WHERE item = $1", item)
