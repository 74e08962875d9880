"""Keys that come faster than screens change, as a terminal sends what somebody typed in one go."""

from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_mandates import UNIT
from tui.field import Field


def at_once(screen: StubConsole, *keys: str) -> None:
    """Hand the console these keys in one go: it has dealt with none of them when it gets the last."""
    for key in keys:
        is_sign = len(key) == 1
        screen.app.post_message(events.Key(_character_to_key(key) if is_sign else key, key if is_sign else None))


def typed(screen: StubConsole, *names: str) -> list[str]:
    return [screen.app.screen.query_one(f"#{name}", Field).value for name in names]


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_after_tab_stands_in_the_next_field(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(role="approver"), tmp_path, size) as screen:
        await screen.press("0")
        await screen.sees("MANDATES  ")
        at_once(screen, "a", "n", *"AAA", "tab", *"BBB", "tab", *"CCC", "down", *"DDD", "shift+tab", "shift+tab", *"EE")
        await screen.until(lambda: screen.app.screen.query("#rank") and typed(screen, "kinds") == ["EE"])
        assert typed(screen, "reference", "kinds", "modalities", "rank") == ["AAA", "EE", "CCC", "DDD"]


async def test_what_is_typed_after_a_choice_stands_in_the_field_it_leads_to(tmp_path: Path) -> None:
    async with console(StubClient(role="engineer"), tmp_path) as screen:
        await screen.press("0")
        await screen.sees("MANDATES  ")
        await screen.press("n")
        await screen.sees("unit: its id")
        await screen.press(*UNIT)
        at_once(screen, "tab", "enter", "b", "shift+tab", *"retrieval", "enter", "enter", *"URN", "tab", *"9 x 2")
        await screen.until(lambda: typed(screen, "video") == ["9 x 2"])
        assert typed(screen, "unit", "kind", "authority") == [UNIT, "retrieval", "URN"]


async def test_enter_right_after_a_filter_takes_the_whole_of_it(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("camera 004")
        at_once(screen, "slash", *"camera 004", "enter", "0")
        await screen.sees("MANDATES  ")
        await screen.press("2")
        await screen.sees("camera 004")
        await screen.misses("roof 001")
