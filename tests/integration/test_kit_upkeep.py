"""Models, stock, maintenance by date and counter, labels, and what units' reports and stock tell by themselves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.kit.running import KitWatch
from fleet.store.store import Store
from protocols.api.kit import ConditionSeen, ItemChange, Maintained, NewItem, NewReading
from tests.support.fleet_rows import add_units
from tests.support.kit_house import MODELS, add, kit_house
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import RotaHouse

UNIT = "unit-kit00001"
VAN_KIT, PACK, FUSE = MODELS


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def report(owner: Owner, house: RotaHouse, **health: int) -> None:
    """Let the unit's latest report be of now."""
    text = msgspec.json.encode(health).decode()
    await owner.execute("UPDATE unit_live SET health = $1, last_sampled_at = $2", text, house.clock.now)


async def test_a_model_is_laid_down_once_and_changed_from_what_was_seen(house: RotaHouse, owner: Owner) -> None:
    again = msgspec.structs.replace(PACK, low_at=2)
    assert await refusal(house["SU-01"].put_kit_model(again, 0)) == (409, "model-changed")
    view = await house["SU-01"].put_kit_model(again, 1)
    assert (view.version, view.available, view.total, view.low) == (2, 0, 0, True)
    other = msgspec.structs.replace(PACK, kind="camera")
    assert await refusal(house["SU-01"].put_kit_model(other, 2)) == (409, "model-is-another")
    assert await refusal(house["TO-12"].put_kit_model(again, 2)) == (403, "role-not-allowed")
    twice = msgspec.structs.replace(VAN_KIT, maintenance=[*VAN_KIT.maintenance, *VAN_KIT.maintenance])
    assert await refusal(house["SU-01"].put_kit_model(twice, 1)) == (400, "rule-twice")
    assert [one["version"] for one in await entries(owner, "kit-model.set") if one["model"] == "pack-12"] == [1, 2]


async def test_stock_is_counted_and_never_below_nought(house: RotaHouse, owner: Owner) -> None:
    assert (await house["TO-12"].move_kit_stock("fuse-10a", 50, note="a box")).available == 50
    left = await house["TO-12"].move_kit_stock("fuse-10a", -30)
    assert (left.available, left.total, left.low) == (20, 20, True)
    assert await refusal(house["TO-12"].move_kit_stock("fuse-10a", -21)) == (409, "stock-short")
    assert await refusal(house["TO-12"].move_kit_stock("pack-12", 1)) == (409, "model-labelled")
    assert await refusal(house["TO-12"].move_kit_stock("fuse-10a", 0)) == (400, "stock-unmoved")
    assert await refusal(house["TO-12"].add_kit(NewItem(model="fuse-10a", place="STORE-1"))) == (409, "model-counted")
    assert [(one["change"], one["left"]) for one in await entries(owner, "kit-stock.")] == [(50, 50), (-30, 20)]


async def test_maintenance_by_counter_is_due_again_after_it_was_done(house: RotaHouse, owner: Owner) -> None:
    item = await add(house)
    seen = await house["TO-12"].kit_item(item)
    assert [(one.rule, one.standing, one.left) for one in seen.maintenance] == [("capacity", "unknown", None)]
    assert seen.row.standing == "available"
    unread = Maintained(rule="capacity", done_at=house.clock.now)
    assert await refusal(house["TO-12"].kit_maintained(item, unread)) == (409, "counter-unread")
    read = await house["TO-12"].read_kit(item, NewReading(counter="battery_cycles", value=100))
    assert (read.row.standing, read.row.why) == ("unserviced", f"maintenance of {item} is overdue: capacity test")
    lower = NewReading(counter="battery_cycles", value=3)
    assert await refusal(house["TO-12"].read_kit(item, lower)) == (409, "counter-went-back")
    done = await house["TO-12"].kit_maintained(item, unread)
    assert [(one.left, one.standing) for one in done.maintenance] == [(100, "in-time")]
    assert [(one.rule, one.counter_value, one.done_by) for one in done.maintained] == [("capacity", 100, "TO-12")]
    anew = await house["TO-12"].read_kit(
        item, NewReading(counter="battery_cycles", value=3, reason="new cells were fitted")
    )
    assert [one.left for one in anew.maintenance] == [100]
    assert await refusal(house["TO-12"].kit_maintained(item, Maintained(rule="seals", done_at=house.clock.now))) == (
        404,
        "rule-unknown",
    )
    late = Maintained(rule="capacity", done_at=house.clock.now + timedelta(hours=1))
    assert await refusal(house["TO-12"].kit_maintained(item, late)) == (400, "in-the-future")
    assert [one["kind"] for one in await entries(owner, "kit.") if one["kind"] != "kit.added"] == [
        "kit.read",
        "kit.maintained",
        "kit.read",
    ]
    assert "cells" not in str(await entries(owner, "kit."))


async def test_counters_of_a_unit_follow_from_its_reports(house: RotaHouse, owner: Owner) -> None:
    store, watch = house.api.services.store, KitWatch(house.api.services.store, house.clock)
    await add_units(store, "TO-11", {UNIT: "van kit 3"}, house.clock.now)
    item = await add(house, "van-kit", serial="MK3-0007")
    linked = await house["TO-11"].change_kit(item, ItemChange(based_on=1, unit=UNIT))
    assert (linked.row.unit, linked.row.unit_label, linked.row.version) == (UNIT, "van kit 3", 2)
    assert await refusal(house["TO-11"].change_kit(item, ItemChange(based_on=1, serial="x"))) == (409, "item-changed")
    second = NewItem(model="van-kit", place="STORE-1", unit=UNIT)
    assert await refusal(house["TO-11"].add_kit(second)) == (409, "unit-is-item")
    for uptime_h, worn in ((200, 10), (900, 20), (150, 30)):
        house.clock.go_on(days=1)
        await report(owner, house, uptime_s=uptime_h * 3600, emmc_worn_percent=worn)
        assert [await watch.look(), await watch.look()] == [1, 0]
    seen = await house["TO-11"].kit_item(item)
    assert {one.counter: (one.value, one.read_by) for one in seen.counters} == {
        "running_h": (1050, None),
        "emmc_worn_percent": (30, None),
    }
    assert [(one.rule, one.left) for one in seen.maintenance if one.standing == "overdue"] == [("fan", -50)]
    by_hand = NewReading(counter="running_h", value=2000)
    assert await refusal(house["TO-11"].read_kit(item, by_hand)) == (409, "counter-of-reports")
    done = await house["TO-11"].kit_maintained(item, Maintained(rule="fan", done_at=house.clock.now))
    assert {one.rule: one.left for one in done.maintenance} == {"fan": 1000, "seals": None}


async def test_low_stock_is_told_once_until_there_is_enough_again(house: RotaHouse, owner: Owner) -> None:
    watch = KitWatch(house.api.services.store, house.clock)
    query = "SELECT subject, summary, count, pages, cleared_at FROM alarm WHERE kind = 'stock-low' ORDER BY subject"
    for _ in range(2):
        await watch.look()
        assert [(one["subject"], one["count"], one["pages"]) for one in await owner.fetch(query)] == [
            ("fuse-10a", 1, False),
            ("pack-12", 1, False),
        ]
    assert (await owner.fetch(query))[0]["summary"] == (
        "0 of Blade fuse 10 A (fuse-10a) are left; it is low from 20 on"
    )
    await house["TO-12"].move_kit_stock("fuse-10a", 21)
    await watch.look()
    assert [one["cleared_at"] is None for one in await owner.fetch(query)] == [False, True]


async def test_labels_come_on_sheets_of_twenty_four(house: RotaHouse) -> None:
    items = [await add(house, serial=f"B-{number}") for number in range(2)]
    content = await house["TO-12"].kit_labels(items * 13)
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") == 2
    assert await refusal(house["TO-12"].kit_labels([*items, "K-9999"])) == (404, "item-unknown")


async def test_the_list_is_filtered_and_counts_by_standing(house: RotaHouse) -> None:
    first, second = await add(house), await add(house, "van-kit", serial="MK3-0007")
    await house["TO-12"].change_kit_service(first, "quarantined", "a loose cell")
    page = await house["IN-01"].kit()
    assert (page.total, page.standings) == (2, {"available": 1, "quarantined": 1})
    for asked, found in (
        ({"filter": "mk3"}, [second]),
        ({"filter": "battery|van SU-01"}, [first, second]),
        ({"kind": "battery"}, [first]),
        ({"model": "van-kit"}, [second]),
        ({"standing": "quarantined"}, [first]),
        ({"custodian": "TO-12"}, []),
        ({"offset": 1}, [second]),
    ):
        rows = (await house["IN-01"].kit(**asked)).rows
        assert [one.item for one in rows] == found, asked
    assert await refusal(house["IN-01"].see_kit_condition(first, ConditionSeen(condition="good"))) == (
        403,
        "role-not-allowed",
    )
