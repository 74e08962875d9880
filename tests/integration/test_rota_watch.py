"""The controller looks after cover by itself: alarms for gaps, once each; changes that lapse; plans without solvers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fleet.rota.watch import CoverWatch
from fleet.store.store import Store
from protocols.api.events import EventView
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.api.rota_people import NewAbsence
from tests.support.mandate_house import Owner, entries
from tests.support.rota_books import layer
from tests.support.rota_house import APPROVERS, NOW, PRIMARY, SECONDARY, RotaHouse, given, rota_house, week

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROTA = "technical"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
def watch(house: RotaHouse, store: Store) -> CoverWatch:
    return CoverWatch(store, house.clock)


async def alarms(house: RotaHouse, *, open_only: bool = True) -> list[EventView]:
    page = await house["SU-01"].events(severity="alarm", open_only=open_only)
    return [one for one in page.events if one.kind == "cover-gap"]


async def with_gap(house: RotaHouse, number: int = 0) -> None:
    """Nobody has the primary of a week; alone, the secondary may not sign: two gaps in cover."""
    plan = await house.plan([given(PRIMARY, number, None)])
    await house["SU-01"].publish_rota_plan(plan.plan, "to be found")


async def override(house: RotaHouse, person: str, **changes: Any) -> ChangeView:
    fields: dict[str, Any] = {
        "kind": "override",
        "position": "primary",
        "person": person,
        "starts_at": week(0),
        "ends_at": week(1),
    }
    return await house["SU-01"].ask_rota_change(ROTA, NewChange(**{**fields, **changes}))


async def test_a_gap_is_an_alarm_once_and_ends_when_it_is_closed(
    house: RotaHouse, watch: CoverWatch, owner: Owner
) -> None:
    await with_gap(house)
    assert await watch.look() == 0
    assert await alarms(house) == []
    house.clock.now = week(0) - 2 * DAY
    assert await watch.look() == 2
    found = await alarms(house)
    assert sorted(one.summary.partition(" from ")[0] for one in found) == [
        "Technical on-call: no two people on call may request and approve a mandate between them (AP-01 is there)",
        "Technical on-call: nobody is primary",
    ]
    house.clock.go_on(minutes=1)
    assert await watch.look() == 0
    house.clock.now = week(0) + HOUR
    assert await watch.look() == 0
    assert [(one.event_id, one.count) for one in await alarms(house)] == [(one.event_id, 1) for one in found]
    # Filled from now on: what has passed was a gap, and the rest of it is none any more.
    change = await override(house, "TO-11", starts_at=house.clock.now)
    house.clock.go_on(minutes=1)
    assert await watch.look() == 0
    assert len(await alarms(house)) == 2
    for one in found:
        await house["SU-01"].acknowledge(one.event_id)
    assert await watch.look() == 0
    # The same gap opens again: what a person has taken is not told again, what begins elsewhere is.
    house.clock.go_on(hours=1)
    await house["SU-01"].undo_rota_change(change.change)
    assert await watch.look() == 2
    taken = await entries(owner, "event.acknowledged")
    assert {one["actor"] for one in taken} == {"SU-01"}


async def test_a_gap_that_is_closed_before_it_begins_ends_its_alarm_by_itself(
    house: RotaHouse, watch: CoverWatch, owner: Owner
) -> None:
    await with_gap(house)
    house.clock.now = week(0) - DAY
    assert await watch.look() == 2
    change = await override(house, "TO-11")
    assert await watch.look() == 2
    assert await alarms(house) == []
    assert {one.acknowledged_by for one in await alarms(house, open_only=False)} == {"controller"}
    taken = await entries(owner, "event.acknowledged")
    assert [(one["actor"], one["event_kind"]) for one in taken] == [("controller", "cover-gap")] * 2
    # It opens again, and is told again.
    await house["SU-01"].undo_rota_change(change.change)
    assert await watch.look() == 2
    assert len(await alarms(house)) == 2
    # So does one whose rota asks for nobody any more.
    await house["SU-01"].end_rota(ROTA)
    assert await watch.look() == 2
    assert await alarms(house) == []


async def test_what_a_person_has_taken_is_not_told_again(house: RotaHouse, watch: CoverWatch) -> None:
    await with_gap(house)
    house.clock.now = week(0) - DAY
    await watch.look()
    for one in await alarms(house):
        await house["TO-12"].acknowledge(one.event_id)
    house.clock.go_on(minutes=1)
    assert await watch.look() == 0
    assert await alarms(house) == []


async def test_a_gap_that_nobody_heeded_keeps_its_alarm(house: RotaHouse, watch: CoverWatch) -> None:
    await with_gap(house)
    house.clock.now = week(0) - DAY
    await watch.look()
    house.clock.now = week(1) + DAY
    assert await watch.look() == 0
    assert len(await alarms(house)) == 2


async def test_one_without_a_beginning_that_is_known_is_told_once(house: RotaHouse, watch: CoverWatch) -> None:
    layers = [layer(PRIMARY, order=[]), layer(SECONDARY, position="secondary", order=APPROVERS)]
    await house.put(1, layers=layers, signers=False)
    house.clock.now = week(10)
    assert await watch.look() == 1
    house.clock.go_on(minutes=1)
    assert await watch.look() == 0
    house.clock.go_on(days=40)
    assert await watch.look() == 0
    assert len(await alarms(house)) == 1


async def test_who_falls_ill_leaves_a_gap(house: RotaHouse, watch: CoverWatch) -> None:
    leave = NewAbsence(person="TO-12", kind="sick", starts_at=NOW + HOUR, ends_at=NOW + DAY, zone="Europe/London")
    await house["TO-12"].add_absence(leave)
    assert await watch.look() == 2
    assert any("TO-12 is on call and on leave" in one.summary for one in await alarms(house))


async def test_several_controllers_tell_each_thing_once(house: RotaHouse, watch: CoverWatch, store: Store) -> None:
    await with_gap(house)
    house.clock.now = week(0) - DAY
    other = CoverWatch(store, house.clock)
    assert sum(await asyncio.gather(watch.look(), other.look(), watch.look())) == 2
    assert [one.count for one in await alarms(house)] == [1, 1]


async def test_a_rota_that_is_still_to_begin_has_no_gap(house: RotaHouse, watch: CoverWatch) -> None:
    later = [layer(PRIMARY, order=[], starts="2026-03-02T09:00")]
    await house.put(1, layers=later, positions=["primary"], signers=False)
    assert await watch.look() == 0
    house.clock.now = week(3) - DAY
    assert await watch.look() == 1


async def test_changes_lapse_when_their_time_comes(house: RotaHouse, watch: CoverWatch, owner: Owner) -> None:
    take = NewChange(
        kind="take-over",
        position="primary",
        person="TO-11",
        gives="TO-13",
        starts_at=week(0),
        ends_at=week(0) + DAY,
    )
    asked = (await house["TO-11"].ask_rota_change(ROTA, take)).change
    agreed = (await house["TO-11"].ask_rota_change(ROTA, take)).change
    await house["TO-13"].agree_rota_change(agreed)
    house.clock.now = week(0) - HOUR
    assert await watch.look() == 0
    house.clock.now = week(0)
    assert await watch.look() == 2
    assert {(await house["TO-11"].rota_change(one)).state for one in (asked, agreed)} == {"lapsed"}
    told = await entries(owner, "rota.change-lapsed")
    assert {(one["actor"], one["change"]) for one in told} == {("controller", asked), ("controller", agreed)}
    assert await watch.look() == 0


async def test_a_plan_without_a_solver_fails(house: RotaHouse, watch: CoverWatch, owner: Owner) -> None:
    plan = await house.plan([])
    await owner.execute("ALTER TABLE rota_plan DISABLE TRIGGER step")
    await owner.execute(
        "UPDATE rota_plan SET state = 'solving', beat_at = $1, "
        """solving = '{"seed":1,"elapsed_s":0,"found":0,"objective":null,"bound":null,"ended":null}'""",
        NOW - DAY,
    )
    await owner.execute("ALTER TABLE rota_plan ENABLE TRIGGER step")
    await watch.look()
    assert (await house["SU-01"].rota_plan(plan.plan)).state == "failed"
    (failed,) = await entries(owner, "rota.plan-failed")
    assert failed["cause"] == "lost"
