"""What units and holders of vouchers write is never taken for markup, wherever the console shows it."""

from pathlib import Path

import msgspec
import pytest

from tests.unit.tui.seen_console import seen_console
from tests.unit.tui.stub_client import StubClient


@pytest.mark.parametrize("text", ["[/x]", "[b]van"])
async def test_foreign_words_are_shown_as_they_are(tmp_path: Path, text: str) -> None:
    client = StubClient(3)
    client.rows = [msgspec.structs.replace(row, label=text, model=text) for row in client.rows]
    client.event_list = [msgspec.structs.replace(one, summary=text, label=text) for one in client.event_list]
    client.join_list = [msgspec.structs.replace(one, label=text, model=text) for one in client.join_list]
    async with seen_console(client, tmp_path, (160, 48)) as screen:
        await screen.sees("NEEDS YOU", text)
        await screen.press("a")
        await screen.sees(f"acknowledged {text}")
        await screen.press("j")
        await screen.sees("WAITING TO JOIN", text)
        await screen.press("enter")
        await screen.sees("Compare, then accept", text)
        await screen.press("escape", "x")
        await screen.sees(f"Refuse {text}")
        await screen.press("escape", "9")
        await screen.sees("told by", text)
        await screen.press("2")
        await screen.sees("UNITS", text)
        await screen.press("enter")
        await screen.sees("IDENTITY", text)
        await screen.press("e")
        await screen.sees(f"Settings of {text}")
        await screen.press("escape", "colon", *("left_square_bracket" if sign == "[" else sign for sign in text[:2]))
        await screen.sees("Go to", text)


async def test_no_words_of_a_controller_reach_the_terminal_as_orders(tmp_path: Path) -> None:
    order = "\x1b]0;x\x07\u202e"
    client = StubClient(3)
    client.join_list = [msgspec.structs.replace(one, fingerprint=order + one.fingerprint) for one in client.join_list]
    async with seen_console(client, tmp_path, (160, 48)) as screen:
        await screen.press("j")
        await screen.sees("WAITING TO JOIN")
        await screen.press("enter")
        await screen.sees("Compare, then accept", "�]0;x��")
        assert not {"\x1b", "\x07", "\u202e"} & set(screen.text)
