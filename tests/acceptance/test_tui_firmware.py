"""A rollout through the console, over a real controller: begun by keys, seen live, paused and resumed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.rollout_house import Owner, RolloutHouse, rollout_house
from tests.unit.tui.seen_console import seen_console

UNITS = ["unit-aaaa1111", "unit-bbbb2222", "unit-cccc3333", "unit-dddd4444"]


@pytest.fixture
async def house(store: Store, dsn: str, owner: Owner, tmp_path: Path) -> AsyncIterator[RolloutHouse]:
    async with rollout_house(store, dsn, owner, tmp_path) as made:
        yield made


async def told(house: RolloutHouse, rollout: str) -> list[str]:
    return [unit for unit, state in (await house.states(rollout)).items() if state == "told"]


async def test_a_rollout_is_begun_watched_paused_and_resumed_by_keys(house: RolloutHouse, tmp_path: Path) -> None:
    await house.add(*UNITS)
    async with seen_console(house["SU-01"], tmp_path) as screen:
        await screen.press("F")
        await screen.sees("No rollout has begun yet")
        await screen.press("n")
        await screen.sees("Roll out autumn: MCU 2.0.0")
        await screen.press("tab", "ctrl+u", *"1 unit, rest", "tab", "tab", "ctrl+u", *"1")
        await screen.sees("then the rest; at most 1 at once")
        await screen.press("ctrl+s", "enter")
        await screen.sees("autumn has begun with 4 units", "▸running      autumn")
        (row,) = await house["IN-01"].rollouts()
        await screen.press("enter")
        await screen.sees("autumn   running", "0 of 1 done", "0 of 3 done")
        await house.runner.look()
        (first,) = await told(house, row.rollout)
        await screen.sees("told", "1 under way")
        await house.answer(first, "done")
        await house.say(first, "installing", part="mcu", done_bytes=500, total_bytes=1000)
        await screen.sees("working", "MCU 50 %")
        await screen.press("p", *"vans first", "enter")
        await screen.sees("autumn is paused", "autumn   paused", "vans first")
        await house.say(first, "done", versions={"mcu": "2.0.0"})
        await screen.sees("1 of 1 done", "MCU 2.0.0", "3 wait until it goes on")
        assert await told(house, row.rollout) == []
        await screen.press("r", *"vans are done", "enter")
        await screen.sees("autumn goes on", "autumn   running")
        await house.runner.look()
        (second,) = await told(house, row.rollout)
        await screen.sees("1 under way")
        await house.answer(second, "done")
        await house.say(second, "failed", reason="it says nothing")
        await screen.sees("failed", "1 bad")
        await screen.press("1")
        await screen.sees("the unit's update has failed")
        kinds = await house.owner.fetch("SELECT kind FROM log_entry WHERE kind LIKE 'rollout.%' ORDER BY entry_id")
        assert [entry["kind"] for entry in kinds] == ["rollout.started", "rollout.paused", "rollout.resumed"]
