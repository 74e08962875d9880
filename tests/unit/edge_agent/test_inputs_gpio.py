"""The GPIO adapter against the library's own types. Nothing here has a GPIO chip: not run on hardware."""

import sys
import time
from contextlib import aclosing

import gpiod
import pytest
from gpiod import _ext
from gpiod.line import Bias, Clock, Direction, Edge
from gpiod.line_settings import _line_settings_to_ext

from edge_agent.errors import InputUnusable
from edge_agent.inputs.gpio import GpioLine, boottime_ahead_ns, level_of, line_settings
from edge_agent.inputs.settings import InputSettings, Pull
from tests.support.scripted_gpio import ScriptedChip


@pytest.mark.parametrize(
    ("pull", "bias"), [("as-is", Bias.AS_IS), ("none", Bias.DISABLED), ("up", Bias.PULL_UP), ("down", Bias.PULL_DOWN)]
)
@pytest.mark.parametrize("active_low", [False, True])
def test_settings_become_the_librarys_and_its_c_side_takes_them(pull: Pull, bias: Bias, active_low: bool) -> None:
    wanted = line_settings(gpiod, InputSettings(name="a", kind="door", line=3, active_low=active_low, pull=pull))
    assert (wanted.direction, wanted.edge_detection, wanted.bias) == (Direction.INPUT, Edge.BOTH, bias)
    assert (wanted.active_low, wanted.event_clock) == (active_low, Clock.MONOTONIC)
    assert wanted.debounce_period.total_seconds() == 0
    _ext.LineConfig().add_line_settings([3], _line_settings_to_ext(wanted))


def edge(kind: int, timestamp_ns: int) -> gpiod.EdgeEvent:
    return gpiod.EdgeEvent(kind, timestamp_ns, 3, 1, 1)


def test_an_edge_of_the_library_becomes_a_level_on_the_boot_clock() -> None:
    rising, falling = edge(_ext.EDGE_EVENT_TYPE_RISING, 5_000_000), edge(_ext.EDGE_EVENT_TYPE_FALLING, 6_000_000)
    assert level_of(gpiod, rising, "front", 0) == ("front", True, 5)
    assert level_of(gpiod, falling, "front", 7_000_000_000) == ("front", False, 7006)


def test_the_boot_clock_is_never_behind_the_monotonic_one() -> None:
    before_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    stamped_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + boottime_ahead_ns()
    assert before_ns <= stamped_ns + 1_000_000_000


@pytest.mark.parametrize(
    ("chip", "why"), [("/dev/gpiochip-none", "no such file"), ("/dev/null", "check chip, line and permissions")]
)
async def test_a_chip_that_is_not_there_or_none_is_unusable_with_what_to_do(chip: str, why: str) -> None:
    levels = GpioLine(InputSettings(name="front", kind="door", chip=chip, line="GPIO17")).levels()
    with pytest.raises(InputUnusable) as caught:
        await anext(levels)
    assert caught.value.name == "front"
    assert why in caught.value.detail
    assert "line GPIO17" in caught.value.detail


async def test_without_the_library_a_line_is_unusable_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(InputUnusable, match="extra 'hardware'"):
        await anext(GpioLine(InputSettings(name="front", kind="door", line=1)).levels())


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> ScriptedChip:
    scripted = ScriptedChip({"GPIO17": 17}, active=True)
    monkeypatch.setattr(_ext, "Chip", scripted)
    return scripted


@pytest.mark.parametrize("line", [17, "GPIO17", "17"])
async def test_a_line_gives_its_level_then_its_edges_and_is_let_go(chip: ScriptedChip, line: int | str) -> None:
    before_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    async with aclosing(GpioLine(InputSettings(name="front", kind="door", line=line)).levels()) as levels:
        first = await anext(levels)
        request = chip.requests[0]
        request.change(active=False)
        request.change(active=True)
        seen = [first, await anext(levels), await anext(levels)]
        request.change(active=False)
        seen.append(await anext(levels))
        assert not request.released
    assert [(each.name, each.active) for each in seen] == [("front", level) for level in (True, False, True, False)]
    assert all(before_ms <= each.at_ms <= before_ms + 60_000 for each in seen)
    assert (chip.asked, chip.closed, request.released) == ([("muster", 256)], 1, True)


async def test_a_chip_that_is_taken_away_makes_its_line_unusable_and_it_is_let_go(chip: ScriptedChip) -> None:
    levels = GpioLine(InputSettings(name="front", kind="door", line=17)).levels()
    await anext(levels)
    chip.requests[0].unplug()
    with pytest.raises(InputUnusable, match="no such device"):
        await anext(levels)
    assert chip.requests[0].released


@pytest.mark.parametrize("line", [28, "GPIO99", "99"])
async def test_a_line_that_the_chip_has_not_is_unusable(chip: ScriptedChip, line: int | str) -> None:
    with pytest.raises(InputUnusable, match="check"):
        await anext(GpioLine(InputSettings(name="front", kind="door", line=line)).levels())
    assert chip.requests == []
