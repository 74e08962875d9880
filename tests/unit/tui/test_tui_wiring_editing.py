"""A plan as text on a real Textual screen: faults, findings, advice, keeping it, and somebody else who was first."""

from pathlib import Path

import pytest
from textual.widgets import TextArea

from fleet.wiring.rules.library import template_text
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_wiring import UNSAFE, VAN, plan_of

VAN_TEXT = template_text("van-12v")


def fleet(text: str = VAN_TEXT) -> StubClient:
    client = StubClient(count=1)
    client.keeps(text)
    return client


def area(screen: StubConsole) -> TextArea:
    return screen.app.screen.query_one(TextArea)


async def to_editor(screen: StubConsole) -> None:
    await screen.press("5")
    await screen.sees("1 harness")
    await screen.press("enter")
    await screen.sees("revision 1  by TO-07")
    await screen.press("e")
    await screen.sees("ctrl+s keep")


def say(screen: StubConsole, old: str, new: str) -> None:
    """As if the person had typed `new` where `old` stood."""
    area(screen).load_text(area(screen).text.replace(old, new, 1))


@pytest.mark.parametrize("size", SIZES)
async def test_a_fault_is_told_as_one_types_and_the_cursor_stays(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await to_editor(screen)
        await screen.sees("all 130 checks pass", "nothing wants mending")
        await screen.press(*"bogus: 1", "enter")
        await screen.sees("1:1  ✗ fault", "1 fault in the text", "changed")
        assert area(screen).cursor_location == (1, 0)
        await screen.press("ctrl+s")
        await screen.sees("mend the faults of the text first")
        await screen.press("f8")
        await screen.sees("line 1, column 1")
        assert area(screen).cursor_location == (0, 0)
        await screen.press("ctrl+k", "ctrl+k", "f8")
        await screen.sees("all 130 checks pass")
        assert all(len(line) <= size[0] for line in screen.lines)


@pytest.mark.parametrize("size", SIZES)
async def test_f8_goes_from_finding_to_finding(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(UNSAFE), tmp_path, size) as screen:
        await to_editor(screen)
        await screen.sees("not to be fitted", "✗ fuse-protects-cable")
        lines = UNSAFE.split("\n")
        seen = []
        for _ in range(7):
            await screen.press("f8")
            seen.append(lines[area(screen).cursor_location[0]].strip().partition(":")[0])
        assert seen == ["W2", "W3", "W4", "W5", "W9", "W10", "W11"]
        await screen.sees("return-conductor  safety  conductors.W11")
        await screen.press("f8")
        assert lines[area(screen).cursor_location[0]].strip().startswith("W2")
        await screen.press("f7")
        assert lines[area(screen).cursor_location[0]].strip().startswith("W11")


async def test_advice_is_looked_at_before_it_is_in_the_text(tmp_path: Path) -> None:
    client = fleet(UNSAFE)
    async with console(client, tmp_path) as screen:
        await to_editor(screen)
        await screen.sees("not to be fitted")
        await screen.press("f9")
        await screen.sees("Advised sizes and fuses", "F1 feeds 2.8 A at most", "rating_a  20 → 3")
        await screen.press("escape")
        assert area(screen).text == UNSAFE
        await screen.press("f9")
        await screen.sees("Advised sizes")
        await screen.press("y")
        await screen.sees("the advice is in the text", "all 130 checks pass")
        assert "# Terminal 30, as large as the drop asks for" in area(screen).text
        await screen.press("f9")
        await screen.sees("every size and fuse is as advised")
        await screen.press("ctrl+z")
        await screen.sees("not to be fitted")
        assert area(screen).text == UNSAFE


async def test_a_text_is_kept_as_the_next_revision_after_the_sentence(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_editor(screen)
        await screen.press("ctrl+s")
        await screen.sees("nothing has changed since it was kept")
        say(screen, "F1: {rating_a: 5,", "F1: {rating_a: 7.5,")
        await screen.sees("changed")
        await screen.press("ctrl+s")
        await screen.sees("goes into the log", "harness.kept: TO-12 keeps van-12v as revision 2")
        await screen.press("y")
        await screen.sees("van-12v is kept as revision 2", "revision 2  by TO-12")
        ((_, harness, revision, text),) = screen.asked("revise_harness")
        assert (harness, revision, plan_of(str(text)).fuses["F1"].rating_a) == (VAN, 1, 7.5)


async def test_what_somebody_else_kept_first_is_shown_and_nothing_is_lost(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_editor(screen)
        say(screen, "F1: {rating_a: 5,", "F1: {rating_a: 7.5,")
        await screen.sees("changed")
        client.harness_texts[VAN].append((VAN_TEXT.replace("F2: {rating_a: 1,", "F2: {rating_a: 2,"), "TO-15"))
        await screen.press("ctrl+s")
        await screen.sees("harness.kept")
        await screen.press("y")
        await screen.sees("Somebody else kept it first", "TO-15 kept revision 2", "rating_a  5 → 7.5")
        await screen.press("end")
        await screen.sees("as revision 3")
        await screen.press("escape")
        await screen.sees("ctrl+s keep")
        assert "rating_a: 7.5" in area(screen).text
        await screen.press("ctrl+s", "y")
        await screen.sees("Somebody else kept it first")
        await screen.press("y")
        await screen.sees("van-12v is kept as revision 3")
        assert "rating_a: 7.5" in client.harness_texts[VAN][-1][0]
        assert len(client.harness_texts[VAN]) == 3


async def test_what_is_not_kept_is_thrown_away_only_when_asked_twice(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_editor(screen)
        await screen.press(*"# mine", "enter")
        await screen.sees("changed")
        await screen.press("escape")
        await screen.sees("it is not kept: ctrl+s keeps it")
        await screen.press("x", "escape")
        await screen.sees("it is not kept")
        await screen.press("escape")
        await screen.sees("d diagram")


async def test_answers_go_on_as_text_and_are_kept_from_there(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("5")
        await screen.sees("1 harness")
        await screen.press("n", "3", "enter")
        await screen.sees("lorry-24v-kit  not kept")
        await screen.press("e")
        await screen.sees("a new plan", "not kept")
        await screen.press("ctrl+s")
        await screen.sees("keeps lorry-24v-kit as a new harness")
        await screen.press("y")
        await screen.sees("lorry-24v-kit is kept as revision 1", "by TO-12")
        await screen.press("escape")
        await screen.sees("2 harnesses")
