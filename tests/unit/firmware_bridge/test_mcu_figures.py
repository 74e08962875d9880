"""The statistics of a microcontroller as health figures."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import DeviceSilent
from firmware_bridge.mcu.asking import tried
from firmware_bridge.mcu.figures import LINES, MCU_FIGURES, NOT_FITTED, McuStats, shown_version, stats_in
from protocols.health import FIGURES, HealthReport

ALL = {
    "supply_mv": 12_450,
    "battery_mv": 12_800,
    "ignition": 1,
    "tamper": 0,
    "tamper_count": 3,
    "door": 1,
    "gpio": 0b1001,
    "uptime_s": 100,
    "watchdog_resets": 2,
    "power_left_ms": 0,
}


def test_statistics_become_figures_with_the_names_of_a_health_report() -> None:
    assert stats_in(ALL).health("1.2.3+4", with_supply=True) == {
        "supply_mv": 12_450,
        "battery_mv": 12_800,
        "ignition_on": True,
        "mcu_version": "1.2.3+4",
        "mcu_uptime_s": 100,
        "watchdog_resets": 2,
    }
    assert set(FIGURES) >= MCU_FIGURES


def test_the_supply_is_given_by_one_reader_only() -> None:
    assert "supply_mv" not in stats_in(ALL).health(None, with_supply=False)


def test_what_is_not_fitted_or_out_of_its_range_is_unknown() -> None:
    assert stats_in(dict.fromkeys(ALL, NOT_FITTED)) == McuStats()
    assert stats_in({"supply_mv": 100_001, "battery_mv": -1, "ignition": 2}) == McuStats()
    assert stats_in({"another": 5}) == McuStats()


def test_lines_are_found_by_their_names() -> None:
    stats = stats_in(ALL)
    assert [name for name in LINES if stats.line(name)] == ["door", "ignition", "gpio0", "gpio3"]
    assert [McuStats().line(name) for name in LINES] == [None] * len(LINES)
    with pytest.raises(KeyError):
        stats.line("gpio32")


@pytest.mark.parametrize(("text", "fits"), [("1.2.3+4", True), ("", False), ("a b", False), ("1" * 33, False)])
def test_a_version_is_shown_where_a_report_may_hold_it(text: str, fits: bool) -> None:
    assert shown_version(text) == (text if fits else None)


@given(st.dictionaries(st.sampled_from([*ALL, "x"]), st.integers(-(1 << 40), 1 << 40)))
def test_any_statistics_are_figures_that_a_report_may_hold(fields: dict[str, int]) -> None:
    figures = stats_in(fields).health(None, with_supply=True)
    msgspec.convert({"seq": 1, "sampled_at_ms": 0, **figures}, HealthReport)


async def test_a_lost_message_is_sent_again_so_often_and_no_oftener() -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise DeviceSilent("mcu", "statistics", 1.0)
        return asked

    assert await tried(ask) == 3
    asked = -1
    with pytest.raises(DeviceSilent):
        await tried(ask)
