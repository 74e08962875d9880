"""When a welfare answer is due the person is paged, when it is missed supervisors are; an answer ends both."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fleet.alarms.taking import take
from fleet.store.store import Store
from fleet.welfare.watch import WelfareWatch
from protocols.api.call_outs import NewCallOut
from protocols.api.welfare import NewWelfare
from tests.support.mandate_house import Owner, entries
from tests.support.rota_house import NOW, RotaHouse, rota_house


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
def watch(house: RotaHouse, store: Store) -> WelfareWatch:
    return WelfareWatch(store, house.clock)


async def alarms(owner: Owner) -> list[tuple[Any, ...]]:
    rows = await owner.fetch(
        "SELECT kind, severity, route_to, acknowledged_by, cleared_at IS NOT NULL, closed_at IS NOT NULL FROM alarm "
        "WHERE subject_kind = 'person' AND subject = 'TO-12' AND rule = 'welfare' ORDER BY alarm_no"
    )
    return [tuple(row) for row in rows]


async def taken(store: Store, kind: str, by: str, now: datetime) -> None:
    """Somebody acknowledges TO-12's alarm, as a page's link does."""
    async with store.transaction() as transaction:
        alarm = await transaction.alarms.locked_open("person", "TO-12", kind)
        assert alarm is not None
        await take(transaction, alarm, by, "link", now)


async def test_the_person_is_asked_then_supervisors_are_and_an_answer_ends_it(
    house: RotaHouse, watch: WelfareWatch, owner: Owner
) -> None:
    begun = (await house["TO-12"].start_welfare(NewWelfare())).welfare
    house.clock.go_on(minutes=59)
    assert await watch.look() == 0
    house.clock.go_on(minutes=1)
    assert [await watch.look(), await watch.look()] == [1, 0]
    asked = ("welfare", "warning", ["TO-12"])
    assert await alarms(owner) == [(*asked, None, False, False)]
    house.clock.go_on(minutes=10)
    assert [await watch.look(), await watch.look()] == [1, 0]
    missed = ("welfare-missed", "alarm", ["SU-01", "SU-02"])
    assert await alarms(owner) == [(*asked, None, True, False), (*missed, None, False, False)]
    await house["TO-12"].answer_welfare(begun)
    assert await alarms(owner) == [(*asked, "TO-12", True, True), (*missed, "TO-12", True, True)]
    assert await watch.look() == 0
    told = await entries(owner, "welfare.")
    assert [(one["kind"], one["actor"]) for one in told[1:]] == [
        ("welfare.missed", "controller"),
        ("welfare.answered", "TO-12"),
    ]
    house.clock.go_on(minutes=60)
    assert await watch.look() == 1
    await house["TO-12"].end_welfare(begun)
    assert {one[-1] for one in await alarms(owner)} == {True}


async def test_to_take_ones_own_page_is_an_answer_and_to_take_anothers_is_none(
    house: RotaHouse, watch: WelfareWatch, store: Store, owner: Owner
) -> None:
    await house["TO-12"].record_call_out(NewCallOut(rota="technical", person="TO-12", left_home_at=NOW))
    house.clock.go_on(minutes=61)
    await watch.look()
    await taken(store, "welfare", "TO-13", house.clock.now)
    assert await watch.look() == 0
    house.clock.go_on(minutes=10)
    assert await watch.look() == 1
    assert [one[0] for one in await alarms(owner)] == ["welfare", "welfare-missed"]
    await taken(store, "welfare-missed", "TO-12", house.clock.go_on(minutes=1))
    assert [await watch.look(), await watch.look()] == [1, 0]
    (timer,) = await house["TO-12"].welfare()
    assert (timer.stage, timer.answers, timer.answered_at) == ("waiting", 1, house.clock.now)
    house.clock.go_on(minutes=60)
    await watch.look()
    house.clock.go_on(minutes=10)
    await watch.look()
    await taken(store, "welfare", "TO-12", house.clock.now)
    assert await watch.look() == 1
    (told, late) = await entries(owner, "welfare.answered")
    assert (told["how"], late["how"], told["actor"]) == ("page", "page", "TO-12")
    assert {one[-1] for one in await alarms(owner)} == {True}


async def test_two_controllers_tell_each_thing_once(
    house: RotaHouse, watch: WelfareWatch, store: Store, owner: Owner
) -> None:
    await house["TO-12"].start_welfare(NewWelfare())
    house.clock.go_on(minutes=75)
    other = WelfareWatch(store, house.clock)
    assert await watch.look() + await other.look() == 1
    assert [one[0] for one in await alarms(owner)] == ["welfare-missed"]
    assert len(await entries(owner, "welfare.missed")) == 1
