"""Who is on call now, until when, who is next and what gap comes, through the API; and what waits for people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from fleet.rota.duties import RotaDuties
from fleet.store.store import Store
from protocols.api.call_outs import NewCallOut, NewRest, NewWorkDone
from protocols.api.duties import Duty, RotaDutyKind
from protocols.api.rota_changes import NewChange
from protocols.api.rota_people import NewAbsence, SetTerms
from protocols.api.rotas import OnCallNow
from protocols.rota.member import Competence, WorkingTerms
from tests.support.rota_books import layer, weekdays
from tests.support.rota_house import (
    APPROVERS,
    ENGINEERS,
    NOW,
    PRIMARY,
    SECONDARY,
    RotaHouse,
    given,
    rota_house,
    technical,
    week,
)
from tests.support.waiting import until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROTA = "technical"
# By the order TO-12 has the primary now, TO-13 week 0, TO-11 the next, then TO-12; SU-02 the secondary, then AP-01,
# SU-01, SU-02.


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def now_of(house: RotaHouse, person: str = "TO-11") -> OnCallNow:
    (rota,) = await house[person].on_call()
    return rota


def held(rota: OnCallNow) -> list[tuple[Any, ...]]:
    return [(one.position, one.person, one.until, one.next_person) for one in rota.positions]


async def override(house: RotaHouse, person: str, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "kind": "override",
        "position": "primary",
        "person": person,
        "starts_at": NOW,
        "ends_at": NOW + DAY,
        "despite": "a test",
    }
    return (await house["SU-01"].ask_rota_change(ROTA, NewChange(**{**fields, **changes}))).change


async def test_everybody_sees_who_is_on_call_until_when_and_who_is_next(house: RotaHouse) -> None:
    rota = await now_of(house, "IN-01")
    assert (rota.rota, rota.name, rota.zone, rota.at) == (ROTA, "Technical on-call", "Europe/London", NOW)
    assert held(rota) == [("primary", "TO-12", week(0), "TO-13"), ("secondary", "SU-02", week(0), "AP-01")]
    assert (rota.signers, rota.gap_at, rota.gap) == (["SU-02", "TO-12"], None, "")


async def test_who_keeps_it_through_several_turns_has_it_until_the_last(house: RotaHouse) -> None:
    plan = await house.plan([given(PRIMARY, number, "TO-12") for number in range(4)])
    await house["SU-01"].publish_rota_plan(plan.plan)
    assert held(await now_of(house))[0] == ("primary", "TO-12", week(4), "TO-11")
    await override(house, "TO-11", starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR)
    assert held(await now_of(house))[0] == ("primary", "TO-12", NOW + DAY, "TO-11")
    house.clock.now = NOW + DAY
    assert held(await now_of(house))[0] == ("primary", "TO-11", NOW + DAY + HOUR, "TO-12")


async def test_who_has_it_for_ever_has_no_end(house: RotaHouse) -> None:
    await house.put(1, layers=[layer(PRIMARY, order=["TO-12"]), layer(SECONDARY, position="secondary", order=[])])
    rota = await now_of(house)
    assert held(rota) == [("primary", "TO-12", None, None), ("secondary", None, None, None)]
    assert (rota.gap_at, rota.signers) == (NOW, [])
    assert rota.gap.startswith("nobody is secondary") or rota.gap.startswith("no two people on call")


async def test_outside_its_hours_nobody_has_it_until_they_begin(house: RotaHouse) -> None:
    nights = [weekdays(range(7), "18:00", "08:00")]
    layers = [
        layer(PRIMARY, order=ENGINEERS, restrictions=nights),
        layer(SECONDARY, position="secondary", order=APPROVERS, restrictions=nights),
        layer("learning", position="shadow", order=["TO-11"]),
    ]
    await house.put(1, layers=layers, cover=nights)
    rota = await now_of(house)
    tonight = NOW + 6 * HOUR
    assert held(rota) == [
        ("primary", None, tonight, "TO-12"),
        ("secondary", None, tonight, "SU-02"),
        ("shadow", "TO-11", None, None),
    ]
    assert (rota.signers, rota.gap_at) == ([], None)


async def test_the_next_gap_is_told_and_who_is_on_leave_neither_covers_nor_signs(house: RotaHouse) -> None:
    plan = await house.plan([given(PRIMARY, 0, None)])
    await house["SU-01"].publish_rota_plan(plan.plan, "to be found")
    rota = await now_of(house)
    assert rota.gap_at == week(0)
    assert "nobody is primary from Mon 9 Feb 2026 09:00 GMT" in rota.gap or "no two people" in rota.gap
    leave = NewAbsence(person="SU-02", kind="sick", starts_at=NOW - HOUR, ends_at=NOW + HOUR, zone="Europe/London")
    await house["SU-02"].add_absence(leave)
    rota = await now_of(house)
    assert (rota.gap_at, rota.signers) == (NOW, [])
    await house["SU-01"].end_rota(ROTA)
    assert await house["TO-11"].on_call() == []


async def duties_of(house: RotaHouse, person: str) -> list[Duty]:
    """What waits of rotas, after a while, so that what is owed is worked out anew."""
    house.clock.go_on(minutes=2)
    of_rotas = get_args(RotaDutyKind)
    return [one for one in await house[person].duties() if one.kind in of_rotas]


async def kinds(house: RotaHouse, person: str) -> list[tuple[str, str]]:
    return [(one.kind, one.about) for one in await duties_of(house, person)]


async def test_nothing_waits_where_all_is_well(house: RotaHouse) -> None:
    for person in ("TO-11", "SU-01", "AP-01", "IN-01"):
        assert await kinds(house, person) == []


async def test_a_gap_waits_for_supervisors_and_is_an_alarm_in_its_last_two_days(house: RotaHouse) -> None:
    plan = await house.plan([given(PRIMARY, 0, None), given(PRIMARY, 1, "TO-11")], (0, 20))
    await house["SU-01"].publish_rota_plan(plan.plan, "to be found")
    found = await duties_of(house, "SU-01")
    assert [(one.kind, one.due_at, one.is_alarm, one.rota) for one in found] == [
        ("cover-gap", week(0), False, ROTA),
        ("cover-gap", week(0), False, ROTA),
    ]
    assert await kinds(house, "TO-11") == []
    house.clock.now = week(0) - 2 * DAY - HOUR
    assert [one.is_alarm for one in await duties_of(house, "SU-01")] == [False, False]
    house.clock.now = week(0) - 2 * DAY
    assert [one.is_alarm for one in await duties_of(house, "SU-01")] == [True, True]
    await override(house, "TO-11", starts_at=week(0), ends_at=week(1))
    assert await kinds(house, "SU-01") == []


async def test_a_shift_is_told_the_day_before_and_not_again_while_it_goes_on(house: RotaHouse) -> None:
    house.clock.now = week(0) - DAY - HOUR
    assert await kinds(house, "TO-13") == []
    house.clock.now = week(0) - DAY
    (duty,) = await duties_of(house, "TO-13")
    assert (duty.kind, duty.due_at, duty.is_alarm) == ("shift-soon", week(0), False)
    assert duty.sentence == "you are primary of Technical on-call from Mon 9 Feb 2026 09:00 GMT"
    assert await kinds(house, "TO-12") == []
    house.clock.now = week(0)
    assert await kinds(house, "TO-13") == []
    # Who goes on after their turn begins nothing.
    await house.put(
        1, layers=[layer(PRIMARY, order=["TO-12"]), layer(SECONDARY, position="secondary", order=["SU-02"])]
    )
    house.clock.now = week(1) - HOUR
    assert await kinds(house, "TO-12") == []


async def test_words_on_changes_wait_for_whose_they_are(house: RotaHouse) -> None:
    new = NewChange(
        kind="take-over",
        position="secondary",
        person="SU-01",
        gives="AP-01",
        starts_at=week(0),
        ends_at=week(0) + DAY,
    )
    change = (await house["SU-01"].ask_rota_change(ROTA, new)).change
    (duty,) = await duties_of(house, "AP-01")
    assert (duty.kind, duty.about, duty.due_at) == ("swap-asked", change, week(0))
    assert "SU-01 has secondary, which AP-01 gives" in duty.sentence
    assert await kinds(house, "SU-02") == []
    await house["AP-01"].agree_rota_change(change)
    assert await kinds(house, "SU-02") == [("swap-approve", change)]
    assert await kinds(house, "SU-01") == []
    await house["SU-02"].approve_rota_change(change)
    assert await kinds(house, "SU-02") == []


async def test_competences_that_end_are_told_to_the_person_and_supervisors(house: RotaHouse) -> None:
    today = NOW.date()
    held_now = [
        Competence(subject="electrical", level=3, valid_until=today + 30 * DAY),
        Competence(subject="driving-licence", valid_until=today + 31 * DAY),
        Competence(subject="wiring-regulations", level=3, valid_until=today - 5 * DAY),
        Competence(subject="wiring-regulations", level=3, valid_until=date(2030, 1, 1)),
        Competence(subject="radio"),
    ]
    await house["SU-01"].set_terms("TO-11", SetTerms(version=0, terms=WorkingTerms(competences=held_now)))
    for person in ("TO-11", "SU-02"):
        (duty,) = await duties_of(house, person)
        assert (duty.kind, duty.about) == ("competence-ending", "TO-11")
        assert duty.sentence.startswith("TO-11's electrical at level 3 ends with 06 Mar 2026")
    assert await kinds(house, "TO-12") == []


async def test_rest_that_is_owed_is_told_until_it_is_planned(house: RotaHouse) -> None:
    # Eight hours between two days of work, where eleven are due.
    night = NOW - DAY
    for starts_at, ends_at in ((night - 10 * HOUR, night), (night + 8 * HOUR, night + 16 * HOUR)):
        await house["TO-11"].add_work(NewWorkDone(person="TO-11", starts_at=starts_at, ends_at=ends_at, break_min=30))
    for person, asked in (("TO-11", "a supervisor plans it"), ("SU-02", "plan it")):
        (duty,) = await duties_of(house, person)
        assert (duty.kind, duty.about) == ("rest-owed", "TO-11")
        assert duty.sentence == f"TO-11 is owed 3 h of compensatory rest: {asked}"
    assert await kinds(house, "TO-12") == []
    rest = NewRest(person="TO-11", starts_at=NOW - 7 * HOUR, ends_at=NOW - 4 * HOUR)
    await house["SU-01"].add_rest(rest)
    assert await kinds(house, "TO-11") == []


async def test_a_call_out_without_an_end_is_asked_about_after_twelve_hours(house: RotaHouse) -> None:
    out = NewCallOut(rota=ROTA, person="TO-12", left_home_at=NOW - 11 * HOUR)
    made = (await house["TO-12"].record_call_out(out)).call_out.call_out
    assert ("call-out-open", made) not in await kinds(house, "TO-12")
    house.clock.go_on(hours=1)
    for person, told in (("TO-12", True), ("SU-01", True), ("TO-11", False)):
        assert (("call-out-open", made) in await kinds(house, person)) is told


async def test_turns_are_to_be_published_for_four_weeks_ahead(house: RotaHouse) -> None:
    plan = await house.plan([given(PRIMARY, 0, "TO-13")], (0, 5))
    await house["SU-01"].publish_rota_plan(plan.plan)
    assert await kinds(house, "SU-01") == []
    house.clock.now = week(1) + HOUR
    (duty,) = [one for one in await duties_of(house, "SU-01") if one.kind == "rota-ends"]
    assert (duty.about, duty.due_at, duty.is_alarm) == (ROTA, week(5), False)
    assert [one for one in await kinds(house, "TO-11") if one[0] == "rota-ends"] == []
    empty = [msgspec.structs.replace(one, order=[]) for one in technical().layers]
    await house["SU-01"].put_rota(msgspec.structs.replace(technical(), rota="radio", layers=empty), 0)
    assert ("rota-ends", "radio") in await kinds(house, "SU-01")


async def test_who_waits_for_what_rest_is_owed_holds_no_connection(house: RotaHouse, store: Store) -> None:
    duties = RotaDuties(store, lambda: NOW)
    async with store.transaction() as transaction:
        person = await transaction.people.get("SU-01")
    assert person is not None
    many = 12  # more than the store has connections

    async def all_wait() -> bool:
        return len(duties._working_out._waiters or ()) == many

    async with duties._working_out:
        waiting = [asyncio.create_task(duties.of(person)) for _ in range(many)]
        await until(all_wait, limit_s=20)
        async with asyncio.timeout(5), store.transaction() as transaction:
            assert await transaction.rotas.every()
    assert len({len(found) for found in await asyncio.gather(*waiting)}) == 1
