"""Wiring in the console, over a real controller: six questions, keeping, giving, changing, measuring."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.kit_house import deployment, kit_house
from tests.support.rota_house import RotaHouse
from tests.unit.tui.seen_console import SeenConsole, seen_console


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def new_harness(screen: SeenConsole) -> None:
    """From the opening screen to a harness that is kept."""
    await screen.press("5")
    await screen.sees("No harness is kept yet")
    await screen.press("n")
    await screen.sees("Which vehicle is it most like?")
    await screen.press("1")
    await screen.sees("drop at 20 °C", "checks pass")
    await screen.press("enter")
    await screen.sees("van-12v-kit  not kept", "● B1")
    await screen.press("s")
    await screen.sees("harness.kept: TO-12 keeps van-12v-kit as a new harness")
    await screen.press("y")
    await screen.sees("van-12v-kit is kept as H-", "revision 1")


async def test_a_harness_goes_from_six_questions_to_what_was_measured(house: RotaHouse, tmp_path: Path) -> None:
    which = await deployment(house)
    async with seen_console(house["TO-12"], tmp_path) as screen:
        await new_harness(screen)
        await screen.press("g")
        await screen.sees("Give van-12v-kit to which deployment?", which)
        await screen.press("1")
        await screen.sees(f"deployment.harness-given: TO-12 gives {which}")
        await screen.press("y")
        await screen.sees(f"{which} has revision 1 of van-12v-kit")
        await screen.press("f")
        await screen.sees("AS FITTED", "at the posts of main, V")
        await screen.press(*"12.6", "tab", *"9.5")
        await screen.sees("✗ fail", "1 of them does not pass")
        await screen.press("enter")
        await screen.sees("Keep what was measured")
        await screen.press("y")
        await screen.sees("kept: it is NOT as planned")
        (given,) = await house["TO-12"].deployment_wiring(which)
        assert [(one.quantity, one.verdict) for one in given.fittings[0].compared] == [
            ("battery-v", "pass"),
            ("voltage-at-load-v", "fail"),
        ]
        await screen.press("3")
        await screen.sees(which)
        await screen.press("enter")
        await screen.sees("north yard")
        await screen.press("h")
        await screen.sees("wiring  1 harness", "not as planned")


async def test_what_somebody_else_kept_first_is_not_lost_and_neither_is_ones_own(
    house: RotaHouse, tmp_path: Path
) -> None:
    async with seen_console(house["TO-12"], tmp_path) as screen:
        await new_harness(screen)
        (row,) = (await house["TO-12"].harnesses()).rows
        text = (await house["TO-12"].harness(row.harness)).text
        await screen.press("e")
        await screen.sees("ctrl+s keep")
        await screen.press(*"# mine", "enter")
        await house["TO-11"].revise_harness(row.harness, 1, text.replace("rating_a: 1,", "rating_a: 2,"))
        await screen.sees("changed")
        await screen.press("ctrl+s")
        await screen.sees("as revision 2")
        await screen.press("y")
        await screen.sees("Somebody else kept it first", "TO-11 kept revision 2", "rating_a  2 → 1")
        await screen.press("y")
        await screen.sees("is kept as revision 3")
        kept = await house["TO-12"].harness(row.harness)
        assert (kept.row.revision, kept.text) == (3, f"# mine\n{text}")
