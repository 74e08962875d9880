"""How forms and boxes answer a newcomer: help for the field one is in, nothing lost, and what a key will do."""

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from textual import events

from protocols.api.checks import UnitAccess
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_mandates import UNIT
from tui.field import Field

RECORDED = ("URN/9/26", "use", "video", "Superintendent")


async def to_form(screen: StubConsole, *keys: str) -> None:
    await screen.press("0")
    await screen.sees("MANDATES  ")
    await screen.press(*keys)


def cursor_in(screen: StubConsole) -> str | None:
    return screen.app.focused.id if screen.app.focused is not None else None


def field(screen: StubConsole, name: str) -> Field:
    return screen.app.screen.query_one(f"#{name}", Field)


@pytest.mark.parametrize("size", SIZES)
async def test_the_salt_of_a_recorded_document_is_shown_until_it_is_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    document = tmp_path / "d"
    document.write_bytes(b"what was authorised")
    async with console(StubClient(role="approver"), tmp_path, size) as screen:
        await to_form(screen, "a")
        await screen.sees("AUTHORITIES  ")
        await screen.press("n")
        for text in RECORDED:
            await screen.press(*text, "tab")
        await screen.press("tab", *"now", "tab", *"+28d", "tab", "tab", *str(document), "enter")
        await screen.sees("Keep this with the document", "URN/9/26 is recorded as A-", "the salt is shown")
        (asked,) = screen.asked("record_authority")
        new = asked[1]
        hashed = msgspec.to_builtins(new)["document"]
        assert hashed["sha256"] == sha256(bytes.fromhex(hashed["salt"]) + b"what was authorised").hexdigest()
        await screen.sees(hashed["salt"], hashed["sha256"][:32], hashed["sha256"][32:])
        await screen.press("escape", "enter", "q")
        await screen.sees("k closes it, once the salt is written down", hashed["salt"])
        await screen.press("k")
        await screen.misses("Keep this with the document")


async def test_the_salt_of_a_written_statement_is_shown_too(tmp_path: Path) -> None:
    document = tmp_path / "d"
    document.write_bytes(b"said")
    client = StubClient(role="approver")
    client.authority_list = [client.made_authority(urgent_oral=True, statement_due_at=client.now, document_sha256=None)]
    async with console(client, tmp_path) as screen:
        await to_form(screen, "a")
        await screen.sees("AUTHORITIES  ")
        await screen.press("w")
        await screen.sees("The written statement of")
        await screen.press(*str(document), "enter")
        await screen.sees("Keep this with the document")
        hashed = msgspec.to_builtins(screen.asked("record_statement")[0][2])
        await screen.sees(hashed["salt"])


async def test_the_field_with_the_cursor_is_told_what_it_needs_and_enter_leads_to_the_first_fault(
    tmp_path: Path,
) -> None:
    async with console(StubClient(role="approver"), tmp_path) as screen:
        await to_form(screen, "a", "n")
        await screen.sees("reference: as it is written")
        await screen.press("tab")
        await screen.sees("to do what: install, use, retrieve")
        await screen.misses("reference: as it is written")
        await screen.press("up", *"URN/9/26", *["tab"] * 6)
        await screen.until(lambda: cursor_in(screen) == "ends")
        await screen.press(*"soon", "enter")
        await screen.until(lambda: cursor_in(screen) == "kinds")
        await screen.sees("to do what: install, use, retrieve; one or more")
        assert screen.text.count("to do what: install") == 1


async def test_esc_asks_once_before_it_throws_away_what_was_typed(tmp_path: Path) -> None:
    async with console(StubClient(role="approver"), tmp_path) as screen:
        await to_form(screen, "a", "n")
        await screen.sees("reference: as it is written")
        await screen.press("escape")
        await screen.misses("reference: as it is written")
        await screen.press("n", *"UR", "escape")
        await screen.sees("esc again throws away what you typed", "Record an authority")
        await screen.press("N", "escape")
        await screen.sees("esc again throws away what you typed")
        assert field(screen, "reference").value == "URN"
        await screen.press("escape")
        await screen.misses("Record an authority")


@pytest.mark.parametrize("size", SIZES)
async def test_a_unit_is_found_by_what_was_typed_and_its_label_stays(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(role="engineer"), tmp_path, size) as screen:
        await to_form(screen, "n")
        await screen.sees("unit: its id")
        await screen.press(*"roof 001", "enter")
        await screen.until(lambda: cursor_in(screen) == "kind")
        assert field(screen, "unit").value == UNIT
        await screen.sees(UNIT, "roof 001")
        await screen.press("shift+tab", *"unit-9999")
        await screen.misses("roof 001")


async def test_among_several_units_what_was_typed_narrows_and_nothing_is_taken_unseen(tmp_path: Path) -> None:
    async with console(StubClient(role="engineer"), tmp_path) as screen:
        await to_form(screen, "n")
        await screen.sees("unit: its id")
        await screen.press(*"online", "enter")
        await screen.sees("Which unit?", "unit-0000")
        asked = screen.asked("list_units")[-1]
        assert asked[1] == "online"
        await screen.press(*" nowhere", "enter")
        await screen.sees("nothing is called that", "Which unit?")
        await screen.press("escape")
        assert field(screen, "unit").value == "online"


async def test_an_approver_once_named_is_not_asked_for_again(tmp_path: Path) -> None:
    async with console(StubClient(role="engineer"), tmp_path) as screen:
        await to_form(screen, "n")
        await screen.sees("unit: its id")
        await screen.press("up")
        await screen.until(lambda: cursor_in(screen) == "approver")
        await screen.press("enter")
        await screen.sees("Who approves it")
        await screen.press("enter")
        await screen.sees("enter go on", "tab next field")
        await screen.press("enter")
        await screen.until(lambda: cursor_in(screen) == "unit")
        await screen.misses("Who approves it")
        assert screen.text.count("unit: its id") == 1


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("hello\n", "its first line, -----BEGIN SSH SIGNATURE-----"),
        ("-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n", "its last line, -----END SSH SIGNATURE-----"),
    ],
)
async def test_what_a_pasted_text_lacks_is_said(tmp_path: Path, pasted: str, told: str) -> None:
    client = StubClient(role="engineer")
    client.mandate_list = [client.made_mandate()]
    async with console(client, tmp_path) as screen:
        await to_form(screen, "p")
        await screen.sees("Paste the text of m.sig")
        screen.app.post_message(events.Paste(pasted))
        await screen.press("enter")
        await screen.sees(told, "Paste the text of m.sig")
        assert screen.asked("hand_in_signature") == []


async def to_check(screen: StubConsole) -> None:
    await screen.press("2")
    await screen.sees("camera 004")
    await screen.press("enter")
    await screen.sees("ACCESS")


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_check_is_joined_where_one_goes_on_and_opened_elsewhere(tmp_path: Path, *, goes_on: bool) -> None:
    client = StubClient()
    if goes_on:
        client.access_now = msgspec.structs.replace(client.access_now, open=[client.check_now])
        client.changed_check(state="live")
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        await screen.press("c")
        await screen.sees("↑↓ choose", "y yes, join it" if goes_on else "y yes, open it")
        await screen.misses("open it" if goes_on else "join it")
        await screen.press("y")
        await screen.sees("joined opening" if goes_on else "begun")
        assert len(screen.asked("begin_check")) == 1


async def test_the_console_tells_its_own_keys_where_the_controller_tells_a_command(tmp_path: Path) -> None:
    client = StubClient()
    said = "no mandate of this unit is live: draft one and let two people sign it: fleet mandate draft"
    client.access_now = UnitAccess(mandates=[], obstacles=[said], sentences={}, open=[], last=None)
    async with console(client, tmp_path) as screen:
        await to_check(screen)
        await screen.sees("press m, then n")
        await screen.press("c")
        await screen.sees("Check ", "press m, then n")
        await screen.misses("fleet mandate")
