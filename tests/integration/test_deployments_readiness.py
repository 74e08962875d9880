"""A unit's readiness certificate is judged by what the controller has of the unit: report, presence, papers, chain."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.store.store import Store
from protocols.api.deployments import ReadinessView, SetKit
from protocols.api.kit import ItemChange
from protocols.health import HealthReport
from tests.support.fleet_rows import add_units
from tests.support.kit_house import add, deployment, kit_house
from tests.support.mandate_house import Owner, entries
from tests.support.rota_house import RotaHouse

UNIT = "unit-kit00001"
S, H, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
GOOD = {
    "supply_mv": 5080,
    "undervolted": False,
    "storage_used_percent": 40.0,
    "storage_read_only": False,
    "clock_synchronised": True,
    "clock_offset_ms": 3.0,
    "soc_temp_c": 51.0,
    "link_kind": "lte",
    "rsrp_dbm": -90.0,
    "spool_dropped": 4,
}


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def report(owner: Owner, house: RotaHouse, **figures: Any) -> None:
    """Let the unit's latest report be of ten seconds ago, and another one of half an hour before it."""
    at, sample = house.clock.now - 10 * S, {**GOOD, **figures}
    health = msgspec.json.encode(HealthReport(seq=9, sampled_at_ms=int(at.timestamp() * 1000), **sample)).decode()
    await owner.execute(
        "UPDATE unit_live SET health = $1, last_report_at = $2, last_sampled_at = $2, presence = 'online', "
        "spool_id = 1, last_seq = 9",
        health,
        at,
    )
    await owner.execute(
        "INSERT INTO health_report (unit_id, spool_id, seq, sampled_at, received_at, more) "
        "VALUES ($1, 1, 8, $2, $2, $3) ON CONFLICT DO NOTHING",
        UNIT,
        at - H / 2,
        '{"spool_dropped": 4}',
    )


async def judged(house: RotaHouse, number: str) -> tuple[ReadinessView, dict[str, str]]:
    """The certificate of the only unit, and the lines that did not pass."""
    (view,) = await house["TO-12"].judge_readiness(number)
    return view, {one.name: one.result for one in view.lines if one.result != "pass"}


async def test_a_unit_is_judged_by_its_latest_report_its_papers_and_its_chain(
    house: RotaHouse, store: Store, owner: Owner
) -> None:
    await add_units(store, "TO-11", {UNIT: "van kit 3"}, house.clock.now)
    item = await add(house, "van-kit")
    await house["TO-11"].change_kit(item, ItemChange(based_on=1, unit=UNIT))
    number = await deployment(house, "planned", modalities=["video"])
    version = (await house["SU-01"].deployment(number)).version
    await house["SU-01"].set_kit(number, SetKit(based_on=version, items=[item]))

    view, left = await judged(house, number)
    assert not view.passed
    assert left["report"] == left["supply"] == "not-measured"
    assert left["online"] == left["certificate"] == "fail"

    await owner.execute("UPDATE certificate SET not_after = $1", house.clock.now + 20 * DAY)
    await report(owner, house)
    view, left = await judged(house, number)
    assert left == {"access-record": "not-measured", "check": "not-measured"}
    assert view.passed
    assert (view.unit, view.item, view.valid_until - view.issued_at) == (UNIT, item, 12 * H)
    supply = next(one for one in view.lines if one.name == "supply")
    assert (supply.value, supply.limit, supply.age_s) == (5080, 4750, 10)

    await report(owner, house, spool_dropped=5, supply_mv=4600)
    await owner.execute(
        "INSERT INTO access_chain (unit_id, records, claimed, claimed_head) VALUES ($1, 3, 4, $2)", UNIT, "ab" * 32
    )
    view, left = await judged(house, number)
    assert left == {"supply": "fail", "spool": "fail", "access-record": "fail", "check": "not-measured"}
    await owner.execute("UPDATE access_chain SET claimed = 3, claimed_head = head")
    _, left = await judged(house, number)
    assert "access-record" not in left
    told = await entries(owner, "readiness.judged")
    assert [one["passed"] for one in told] == [False, True, False, False]
    assert all(one["deployment"] == number and one["unit"] == UNIT for one in told)
