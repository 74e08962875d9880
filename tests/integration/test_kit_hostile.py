"""Kit that somebody wants out of the house in spite of what is wrong with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.kit import ConditionSeen, Scan
from tests.support.kit_house import add, kit_house
from tests.support.mandate_house import refusal
from tests.support.rota_house import RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def test_no_scan_makes_kit_better_and_what_failed_is_a_supervisors(house: RotaHouse) -> None:
    item = await add(house)
    await house["TO-12"].scan_kit(Scan(item=item, way="out"))
    await house["TO-12"].see_kit_condition(item, ConditionSeen(condition="failed"))
    passed_on = await house["TO-13"].scan_kit(Scan(item=item, way="hand-over", condition="good"))
    back = await house["TO-13"].scan_kit(Scan(item=item, way="in", condition="good"))
    assert (passed_on.row.condition, back.row.condition) == ("failed", "failed")
    seen = house["TO-13"].see_kit_condition(item, ConditionSeen(condition="good"))
    assert await refusal(seen) == (403, "role-not-allowed")
    assert await refusal(house["TO-13"].scan_kit(Scan(item=item, way="out"))) == (409, "kit-failed")
    await house["SU-01"].see_kit_condition(item, ConditionSeen(condition="worn"))
    out = await house["TO-13"].scan_kit(Scan(item=item, way="out", condition="good"))
    assert out.row.condition == "worn"


async def test_what_was_lost_and_lies_in_a_store_is_its_keepers_when_it_is_found(house: RotaHouse) -> None:
    item = await add(house)
    await house["SU-01"].change_kit_service(item, "lost", "not on its shelf")
    await house["SU-01"].put_kit_place("STORE-1", "main store", "TO-12")
    assert (await house["SU-01"].kit_item(item)).row.custodian == "SU-01"
    found = await house["SU-01"].change_kit_service(item, "in-service", "behind the shelf")
    assert (found.row.place, found.row.custodian) == ("STORE-1", "TO-12")
