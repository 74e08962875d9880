"""How commands say to a person what a device says of itself."""

from dataclasses import asdict

import pytest

from firmware_bridge.cli.wording import worded
from firmware_bridge.simulation.at_modem import ModemState
from firmware_bridge.simulation.board import Board


@pytest.mark.parametrize(
    ("name", "value", "row"),
    [
        ("supply_mv", 12_450, ("supply", "12.4 V")),
        ("battery_mv", 0xFFFFFFFF, ("battery voltage", "not fitted")),
        ("ignition", 1, ("ignition", "yes")),
        ("tamper", True, ("housing", "open")),
        ("tamper", 2, ("housing", "2")),
        ("tamper_count", 1, ("housing was opened", "once")),
        ("tamper_count", 0, ("housing was opened", "0 times")),
        ("door", False, ("door", "closed")),
        ("gpio", 0b1001, ("lines that are high", "gpio0, gpio3")),
        ("gpio", 0, ("lines that are high", "none")),
        ("uptime_s", 90, ("MCU up for", "1 min")),
        ("sensor_power_left_ms", 1, ("camera and microphone power", "on for 1 s more")),
        ("power_left_ms", 0, ("camera and microphone power", "off")),
        ("runs", None, ("runs", "nothing")),
        ("confirmed", True, ("confirmed", "yes")),
        ("plugged", False, ("cable", "out")),
        ("watchdog_s", 41.2, ("watchdog", "restarts the unit in 41 s")),
        ("watchdog_s", None, ("watchdog", "off")),
        ("rssi", 21, ("rssi", "21 (−71 dBm)")),
        ("rsrq", 255, ("rsrq", "255 (unknown)")),
        ("registration", 5, ("registration", "5 (roaming)")),
        ("refuses_older", None, ("refuses older", "—")),
        ("refuses_older", False, ("refuses older", "no")),
        ("buffer_bytes", 1024, ("buffer bytes", "1024")),
    ],
)
def test_a_fact_is_said_in_words_and_units(name: str, value: object, row: tuple[str, str]) -> None:
    assert worded({name: value}) == [row]


def test_groups_and_lists_are_rows_of_their_own() -> None:
    facts = {"unit": {"door": 1}, "events": ["one", "two"], "none yet": []}
    assert worded(facts) == [("door", "open"), ("events", "one"), ("", "two"), ("none yet", "none")]


@pytest.mark.parametrize("facts", [Board().statistics(3.0), asdict(ModemState())])
def test_no_name_of_a_field_and_no_number_that_stands_for_none_is_shown(facts: dict[str, object]) -> None:
    for label, text in worded(facts):
        assert "_" not in label
        assert text not in {"True", "False", "None", "4294967295"}
