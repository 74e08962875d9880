"""Harnesses of deployments on a real Textual screen: from a deployment's page and a unit's, as designed, as fitted."""

from pathlib import Path

import msgspec
import pytest

from fleet.wiring.rules.library import template_text
from protocols.wiring.fitted import NewFitting
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_deployments import UNIT, view
from tests.unit.tui.stub_wiring import UNSAFE, VAN


def fleet(*, unit: str | None = UNIT) -> StubClient:
    """A deployment with a harness, for a unit if there is one."""
    client = StubClient(count=3)
    client.keeps(template_text("van-12v"))
    client.keeps(template_text("lorry-24v"))
    client.keeps(UNSAFE)
    live = view(client.now, "live")
    client.deploys(msgspec.structs.replace(live, row=msgspec.structs.replace(live.row, units=[UNIT])))
    client.gives("DEP-7", VAN, item="K-0001", unit=unit)
    return client


async def to_wiring(screen: StubConsole) -> None:
    await screen.press("3")
    await screen.sees("DEP-7")
    await screen.press("enter")
    await screen.sees("depot gate")
    await screen.press("h")
    await screen.sees("wiring  1 harness", "van-12v", "not measured yet")


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_measured_is_compared_as_it_is_typed_and_kept_after_the_sentence(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client = fleet()
    async with console(client, tmp_path, size) as screen:
        await to_wiring(screen)
        await screen.press("f")
        await screen.sees("AS FITTED  van-12v", "at the posts of main, V", "nothing is measured yet")
        await screen.press("enter")
        await screen.sees("type what the meter shows")
        await screen.press(*"12.6", "tab", *"10")
        await screen.sees("✗ fail  12.27…12.8 V", "less than 12.27", "1 of them does not pass")
        await screen.press("backspace", "backspace", *"12.5")
        await screen.sees("2 values measured, all pass")
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("enter")
        await screen.sees("Keep what was measured", "deployment.harness-fitted: TO-12 at DEP-7")
        assert screen.asked("fit_harness") == []
        await screen.press("y")
        await screen.sees("it is as planned", "as planned ·")
        ((_, deployment, harness, new),) = screen.asked("fit_harness")
        assert (deployment, harness) == ("DEP-7", VAN)
        assert isinstance(new, NewFitting)
        assert [one.value for one in new.measured] == [12.6, 12.5]
        await screen.press("enter")
        await screen.sees("AS DESIGNED", "every rule passed", "AS FITTED", "passed", "12.5 V")


async def test_what_is_typed_is_not_thrown_away_at_once(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_wiring(screen)
        await screen.press("f")
        await screen.sees("at the posts of main")
        await screen.press(*"twelve")
        await screen.sees("✗ no number")
        await screen.press("escape")
        await screen.sees("esc again throws away")
        await screen.press("escape")
        await screen.sees("wiring  1 harness")


async def test_the_unit_tells_its_own_voltage_where_it_is_one(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_wiring(screen)
        await screen.press("f")
        await screen.sees("from the unit: which load it is")
        await screen.press("up", "up", *"camera", "enter")
        await screen.sees("0 values measured, and one from its unit")
        await screen.press("y")
        await screen.sees("it is as planned")
        ((_, _, _, new),) = screen.asked("fit_harness")
        assert isinstance(new, NewFitting)
        assert (new.from_unit, new.load) == (True, "camera")
    async with console(fleet(unit=None), tmp_path) as screen:
        await to_wiring(screen)
        await screen.press("f")
        await screen.sees("at the posts of main")
        assert "from the unit" not in screen.text


async def test_a_harness_is_withdrawn_after_the_sentence(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_wiring(screen)
        await screen.press("enter")
        await screen.sees("given", "feeds K-0001")
        await screen.press("x")
        await screen.sees("deployment.harness-withdrawn: TO-12 withdraws van-12v from DEP-7")
        await screen.press("y")
        await screen.sees("van-12v is withdrawn from DEP-7")
        await screen.press("escape")
        await screen.sees("withdrawn · ")


async def test_a_deployment_is_given_a_harness_that_may_be_fitted(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_wiring(screen)
        await screen.press("g")
        await screen.sees("Which harness for DEP-7?", "lorry-24v")
        assert "hot" not in screen.text
        await screen.press("1")
        await screen.sees("TO-12 gives DEP-7 revision 1 of", "lorry-24v”")
        await screen.press("y")
        await screen.sees("DEP-7 has revision 1 of lorry-24v", "wiring  2 harnesses")


async def test_a_units_page_leads_to_its_harness_and_on_to_the_plan(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path, SIZES[1]) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("enter")
        await screen.sees("w wiring")
        await screen.press("w")
        await screen.sees(f"{UNIT}  wiring  1 harness", "DEP-7")
        await screen.press("p")
        await screen.sees("all 130 checks pass", "● B1")
        await screen.press("escape", "escape")
        await screen.sees("w wiring")


async def test_a_harness_is_measured_from_its_own_page_where_it_is(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.press("5")
        await screen.sees("3 harnesses")
        await screen.press("end", "enter")
        await screen.sees("all 130 checks pass")
        await screen.press("f")
        await screen.sees("AS FITTED  van-12v  revision 1 at DEP-7")
        await screen.press("escape", "escape", "up", "enter")
        await screen.sees("lorry-24v  revision 1")
        await screen.press("f")
        await screen.sees("no deployment has it: g gives it to one")
        await screen.press("m")
        await screen.sees("No deployment that goes on has it.")
