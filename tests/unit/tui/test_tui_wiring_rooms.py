"""Wiring on a real Textual screen, driven by keys: list, six questions, a plan from every side, giving it away."""

from pathlib import Path

import pytest
from textual.widgets import TextArea

from fleet.wiring.rules.library import template_text
from protocols.people import Role
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_deployments import item, view
from tests.unit.tui.stub_wiring import UNSAFE, VAN, plan_of
from tui.wiring_page import VIEWS


def fleet(role: Role = "engineer") -> StubClient:
    """Two harnesses that may be fitted and one that may not, and a deployment that goes on."""
    client = StubClient(count=3, role=role)
    for text in (template_text("van-12v"), template_text("lorry-24v"), UNSAFE):
        client.keeps(text)
    client.deploys(view(client.now, "planned"))
    return client


async def to_van(screen: StubConsole) -> None:
    await screen.press("5")
    await screen.sees("van-12v", "3 harnesses")
    await screen.press("end", "enter")
    await screen.sees("revision 1", "all 130 checks pass")


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_tells_how_each_harness_stands_and_words_narrow_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await screen.press("5")
        await screen.sees("WIRING  3 harnesses", "not safe", "may be fitted", "deployments")
        assert screen.cursor_line().startswith("▸hot")
        await screen.press("slash", *"24", "enter")
        await screen.sees("1 of 3", "with “24”")
        assert screen.cursor_line().startswith("▸lorry-24v")
        await screen.press("escape")
        await screen.sees("3 harnesses")
        assert all(len(line) <= size[0] for line in screen.lines)


async def test_an_empty_list_says_what_to_press(tmp_path: Path) -> None:
    async with console(StubClient(count=1), tmp_path) as screen:
        await screen.press("5")
        await screen.sees("No harness is kept yet.", "n makes one")


@pytest.mark.parametrize("size", SIZES)
async def test_a_checked_harness_is_four_keys_away_and_kept_with_six(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    async with console(client, tmp_path, size) as screen:
        await screen.press("5")
        await screen.sees("3 harnesses")
        await screen.press("n")
        await screen.sees("Which vehicle is it most like?")
        await screen.press("1")
        await screen.sees("drop at 20 °C", "at kit, cranking", "dead short", "starts after", "all 39 checks pass")
        await screen.press("enter")
        await screen.sees("van-12v-kit  not kept", "● B1", "all 39 checks pass")
        await screen.press("s")
        await screen.sees("goes into the log", "harness.kept: TO-12 keeps van-12v-kit as a new harness")
        assert screen.asked("keep_harness") == []
        await screen.press("y")
        await screen.sees("van-12v-kit is kept as H-000000000004", "revision 1")
        ((_, text),) = screen.asked("keep_harness")
        assert plan_of(str(text)).loads["kit"].peak_a == 2.2
        await screen.press("escape")
        await screen.sees("4 harnesses")


async def test_each_answer_is_judged_as_it_is_typed(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.press("5")
        await screen.sees("3 harnesses")
        await screen.press("n", "1")
        await screen.sees("F1 3 A violet")
        await screen.press(*"8")
        await screen.sees("F1 15 A blue")
        await screen.press(*"8")
        await screen.sees("✗ load is a number from 0.1 to 30", "once every answer is one")
        await screen.press("enter")
        await screen.sees("load is a number")
        await screen.press("backspace", "tab", *"30", "tab", *"i", "tab", *"9")
        await screen.sees("✗ fuse is one of 1, 2, 3")
        await screen.press("backspace", "tab", *"bat")
        await screen.sees("✗ drop-cold")
        await screen.press("escape")
        await screen.sees("esc again throws away")
        await screen.press("escape")
        await screen.sees("3 harnesses")


@pytest.mark.parametrize("size", SIZES)
async def test_a_plan_is_shown_from_every_side(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await to_van(screen)
        signs = {
            "diagram": "● B1",
            "checks": "✓ fuse-protects-cable",
            "cavities": "□ RB1",
            "buy": "CUT",
            "labels": "on the end at",
            "drain": "main starts for",
        }
        for one in VIEWS:
            await screen.press(one.key)
            await screen.sees(signs[one.name])
            assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("tab")
        await screen.sees("● B1")
        await screen.press("shift+tab")
        await screen.sees("amber with our kit")
        await screen.press("d", "end")
        await screen.sees("ground")


async def test_a_plan_is_written_into_a_file_that_was_not_there(tmp_path: Path) -> None:
    path = tmp_path / "van.yaml"
    async with console(fleet(), tmp_path, (240, 48)) as screen:
        await to_van(screen)
        await screen.press("w")
        await screen.sees("Write the plan to a file here")
        await screen.press("ctrl+u", *str(path), "enter")
        await screen.sees("the plan is in")
        assert path.read_text(encoding="utf-8") == template_text("van-12v")
        await screen.press("w")
        await screen.sees("Write the plan to a file here")
        await screen.press("ctrl+u", *str(path), "enter")
        await screen.sees("is there already")


async def test_a_harness_is_given_to_a_deployment_for_its_kit(tmp_path: Path) -> None:
    client = fleet()
    client.deploys(view(client.now, "planned", items=[item("K-0001", "unit", client.now)]))
    async with console(client, tmp_path) as screen:
        await to_van(screen)
        await screen.press("g")
        await screen.sees("Give van-12v to which deployment?", "DEP-7  depot gate")
        await screen.press("1")
        await screen.sees("What of DEP-7 does it feed?", "not said", "K-0001")
        await screen.press("1")
        await screen.sees("deployment.harness-given: TO-12 gives DEP-7 revision 1 of van-12v", "for K-0001")
        await screen.press("y")
        await screen.sees("DEP-7 has revision 1 of van-12v")
        assert screen.asked("give_harness") == [("give_harness", "DEP-7", VAN, 1, "K-0001")]
        await screen.press("m")
        await screen.sees("DEP-7", "not measured yet", "feeds K-0001")
        await screen.press("escape", "g", "1", "0", "y")
        await screen.sees("Refused", "given-already")


async def test_what_is_not_safe_is_refused_with_the_rules_named(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("5")
        await screen.sees("3 harnesses")
        await screen.press("enter")
        await screen.sees("not to be fitted", "✗ fuse-protects-cable")
        await screen.press("g")
        await screen.sees("Refused", "wiring-unsafe", "fuse-protects-cable (conductors.W2)", "f9 there")
        assert screen.asked("give_harness") == []


async def test_revisions_are_compared_and_opened(tmp_path: Path) -> None:
    client = fleet()
    later = template_text("van-12v").replace("F1: {rating_a: 5,", "F1: {rating_a: 20,")
    client.harness_texts[VAN] += [(later, "TO-15"), (template_text("van-12v") + "\n# mended\n", "TO-15")]
    async with console(client, tmp_path) as screen:
        await screen.press("5")
        await screen.sees("3 harnesses")
        await screen.press("end", "enter")
        await screen.sees("revision 3")
        await screen.press("v")
        await screen.sees("3 revisions", "by TO-15", "d shows what changed from revision 2")
        await screen.press("down", "d")
        await screen.sees("revision 1 → 2", "rating_a  5 → 20", "fuse-protects-cable of conductors.W2 fails now")
        await screen.press("escape", "up", "t", "end", "d")
        await screen.sees("revision 1 → 3", "nothing is different")
        await screen.press("escape", "enter")
        await screen.sees("revision 1  the newest is 3")
        await screen.press("e")
        await screen.sees("v opens the newest")


async def test_who_may_not_change_sees_and_is_told_whose_it_is(tmp_path: Path) -> None:
    client = fleet("inspector")
    async with console(client, tmp_path) as screen:
        await to_van(screen)
        await screen.press("e")
        await screen.sees("changing a harness is an engineer's or a supervisor's")
        await screen.press("g")
        await screen.sees("giving a harness is an engineer's or a supervisor's")
        await screen.press("f")
        await screen.sees("entering what was measured is an engineer's or a supervisor's")
        await screen.press("escape", "n", "1", "enter")
        await screen.sees("not kept", "● B1")
        await screen.press("s")
        await screen.sees("keeping a harness is an engineer's or a supervisor's")


async def test_who_may_not_see_is_told_whose_it_is(tmp_path: Path) -> None:
    async with console(fleet("administrator"), tmp_path) as screen:
        await screen.press("5")
        await screen.sees("seeing harnesses is")
        assert screen.asked("harnesses") == []


async def test_text_in_a_plan_is_shown_as_it_is_and_obeyed_by_nothing(tmp_path: Path) -> None:
    client = StubClient(count=1)
    client.keeps(
        template_text("van-12v").replace(
            "title: Panel van 12 V, camera and tracker, listening on CAN", "title: '[red]x[/red]'"
        )
    )
    async with console(client, tmp_path) as screen:
        await screen.press("5")
        await screen.sees("[red]x[/red]")
        await screen.press("enter")
        await screen.sees("[red]x[/red]")
        await screen.press("e")
        await screen.sees("ctrl+s keep")
        screen.app.screen.query_one(TextArea).load_text("# \u202e \x1b[31m backwards")
        await screen.sees("# � �[31m backwards", "there is the control sign")
        assert "\x1b" not in screen.text
        assert "\u202e" not in screen.text
