"""Welfare timers through the API: who starts, answers and ends which, and what a call-out does to them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fleet.store.store import Store
from protocols.api.call_outs import NewCallOut
from protocols.api.welfare import NewWelfare
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse, rota_house

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_timer_started_by_hand_goes_on_by_answers_until_it_is_ended(house: RotaHouse, owner: Owner) -> None:
    begun = await house["TO-12"].start_welfare(NewWelfare(every_min=30))
    assert (begun.person, begun.every_min, begun.due_at, begun.stage) == ("TO-12", 30, NOW + 30 * MINUTE, "waiting")
    assert await refusal(house["TO-12"].start_welfare(NewWelfare())) == (409, "welfare-runs")
    house.clock.go_on(minutes=35)
    assert [one.stage for one in await house["TO-12"].welfare()] == ["due"]
    answered = await house["TO-12"].answer_welfare(begun.welfare)
    assert (answered.answers, answered.answered_at, answered.due_at) == (1, house.clock.now, NOW + 65 * MINUTE)
    ended = await house["TO-12"].end_welfare(begun.welfare)
    assert (ended.stage, ended.ended_how, ended.ended_by) == ("ended", "self", "TO-12")
    assert await refusal(house["TO-12"].answer_welfare(begun.welfare)) == (409, "welfare-ended")
    assert await house["TO-12"].welfare() == []
    assert [one.welfare for one in await house["TO-12"].welfare(ended=True)] == [begun.welfare]
    told = await entries(owner, "welfare.")
    assert [(one["kind"], one["actor"]) for one in told] == [
        ("welfare.started", "TO-12"),
        ("welfare.answered", "TO-12"),
        ("welfare.ended", "TO-12"),
    ]
    assert told[1]["due_at"] == "2026-02-04T12:30:00Z"
    unknown = house["TO-13"].start_welfare(NewWelfare(visit="V-0000"))
    assert await refusal(unknown) == (404, "visit-unknown")
    assert await refusal(house["TO-12"].answer_welfare("WF-000000000000")) == (404, "welfare-unknown")


async def test_nobody_answers_for_another_and_a_supervisor_ends_it_with_a_reason(
    house: RotaHouse, owner: Owner
) -> None:
    begun = (await house["TO-12"].start_welfare(NewWelfare())).welfare
    for person in ("TO-13", "SU-01"):
        assert await refusal(house[person].answer_welfare(begun)) == (403, "role-not-allowed")
    assert await refusal(house["TO-13"].end_welfare(begun, "seen at home")) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].end_welfare(begun, " ")) == (400, "reason-missing")
    assert [[one.welfare for one in await house[who].welfare()] for who in ("SU-01", "IN-01", "TO-13")] == [
        [begun],
        [begun],
        [],
    ]
    assert await refusal(house["TO-13"].welfare("TO-12")) == (403, "role-not-allowed")
    ended = await house["SU-01"].end_welfare(begun, "seen at home")
    assert (ended.ended_how, ended.ended_by) == ("supervisor", "SU-01")
    (told,) = await entries(owner, "welfare.ended")
    assert (told["how"], set(told["reason"])) == ("supervisor", {"sha256"})


async def test_a_call_out_runs_a_timer_until_they_are_back(house: RotaHouse, owner: Owner) -> None:
    by_hand = (await house["TO-12"].start_welfare(NewWelfare(every_min=240))).welfare
    out = NewCallOut(rota="technical", person="TO-12", left_home_at=NOW - HOUR)
    made = (await house["TO-12"].record_call_out(out)).call_out.call_out
    assert (await house["TO-12"].record_call_out(out)).call_out.call_out == made
    (runs,) = await house["TO-12"].welfare()
    assert (runs.call_out, runs.every_min, runs.due_at) == (made, 60, NOW + HOUR)
    assert await refusal(house["TO-12"].end_welfare(runs.welfare)) == (409, "welfare-of-call-out")
    await house["TO-12"].end_call_out(made, NOW)
    ended = {one.welfare: one.ended_how for one in await house["TO-12"].welfare(ended=True)}
    assert ended == {runs.welfare: "returned", by_hand: "superseded"}
    other = (
        await house["TO-13"].record_call_out(NewCallOut(rota="technical", person="TO-13", left_home_at=NOW))
    ).call_out
    await house["TO-13"].withdraw_call_out(other.call_out, "not me")
    over = NewCallOut(rota="technical", person="TO-11", left_home_at=NOW - HOUR, returned_at=NOW)
    await house["SU-01"].record_call_out(over)
    told = [(one["kind"], one.get("how")) for one in await entries(owner, "welfare.")]
    assert told == [
        ("welfare.started", None),
        ("welfare.ended", "superseded"),
        ("welfare.started", None),
        ("welfare.ended", "returned"),
        ("welfare.started", None),
        ("welfare.ended", "withdrawn"),
    ]


async def test_the_database_lets_a_timer_go_on_by_answers_only(house: RotaHouse, owner: Owner, store: Store) -> None:
    begun = (await house["TO-12"].start_welfare(NewWelfare())).welfare
    for change in (
        "UPDATE welfare SET due_at = due_at + interval '1 day'",
        "UPDATE welfare SET answers = 1, answered_at = due_at, due_at = due_at + interval '60 minutes'",
        "UPDATE welfare SET ended_by = 'SU-01', ended_at = started_at + interval '1 second', ended_how = 'supervisor'",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(f"{change} WHERE welfare_id = $1", begun)
    await house["TO-12"].end_welfare(begun)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute("UPDATE welfare SET ended_how = 'returned' WHERE welfare_id = $1", begun)
