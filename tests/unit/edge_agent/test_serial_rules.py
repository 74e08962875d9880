"""The rules of the unit's serial side: ages of figures, missed openings, signs of life, settings that go together."""

from pathlib import Path

import pytest

from edge_agent.errors import SettingsInvalid
from edge_agent.inputs.mcu_line import TamperCount
from edge_agent.readers.reading import Reading
from edge_agent.sampler import FigureMemory
from edge_agent.serial.latest import Latest, LatestReader
from edge_agent.serial.vital_signs import Sign, VitalSigns
from edge_agent.settings import AgentSettings, load

NAMES = {"battery_mv", "ignition_on", "mcu_version"}


class Seconds:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def read(figures: dict[str, int | bool], *, after_s: float = 0.0, fault: str = "", told: bool = True) -> Reading:
    clock = Seconds()
    latest = Latest(clock)
    latest.tell(figures)
    if fault:
        latest.fail(fault)
    clock.now_s += after_s
    return LatestReader("mcu", "/dev/ttyAMA1", NAMES, latest, fresh_s=5.0, faults_told=told).read()


def test_what_a_device_has_just_said_is_read_now() -> None:
    reading = read({"battery_mv": 12_800})
    assert reading == Reading({"battery_mv": 12_800}, (), frozenset({"ignition_on", "mcu_version"}))


def test_what_it_said_some_time_ago_has_its_age() -> None:
    assert read({"battery_mv": 12_800}, after_s=5.0).ages_s == {}
    assert read({"battery_mv": 12_800}, after_s=5.1).ages_s["battery_mv"] == pytest.approx(5.1)


def test_a_lost_device_leaves_figures_that_grow_old_and_a_fault() -> None:
    reading = read({"battery_mv": 12_800}, after_s=60, fault="unplugged")
    assert reading.ages_s == {"battery_mv": 60}
    assert [(fault.source, fault.detail) for fault in reading.faults] == [("/dev/ttyAMA1", "unplugged")]
    assert read({}, fault="unplugged", told=False).faults == ()


def test_a_figure_out_of_the_contract_is_a_fault_and_no_figure() -> None:
    reading = read({"battery_mv": 100_001})
    assert reading.figures == {}
    assert len(reading.faults) == 1


def test_a_device_that_has_said_nothing_yet_is_no_fault() -> None:
    assert LatestReader("mcu", "mcu", NAMES, Latest(), fresh_s=5.0).read() == Reading({}, (), frozenset(NAMES))


def test_figures_of_a_lost_device_are_unknown_after_their_time() -> None:
    memory = FigureMemory(keep_s=900)
    assert memory.fold({"battery_mv": 12_800}, (), 1000.0, {"battery_mv": 60.0}) == (
        {"battery_mv": 12_800},
        {"battery_mv": 60},
    )
    assert memory.fold({"battery_mv": 12_800}, (), 2000.0, {"battery_mv": 901.0}) == ({}, {})


@pytest.mark.parametrize(
    ("counts", "missed"),
    [
        ([(3, False), (3, False)], [False, False]),
        ([(3, False), (4, True), (4, False)], [False, False, False]),
        ([(3, False), (4, False)], [False, True]),
        ([(3, False), (5, True)], [False, True]),
        ([(3, True), (4, True)], [False, True]),
        ([(3, True), (3, False), (4, True)], [False, False, False]),
        ([(3, False), (0, False)], [False, False]),
        ([(3, False), (1, False)], [False, True]),
        ([(7, True)], [False]),
        ([(None, False), (4, False), (5, False)], [False, False, True]),
    ],
)
def test_an_opening_that_no_level_showed_is_missed_once(
    counts: list[tuple[int | None, bool]], missed: list[bool]
) -> None:
    count = TamperCount()
    assert [count.has_missed(openings, active=active) for openings, active in counts] == missed


def test_work_that_stands_still_for_longer_than_it_may_is_named() -> None:
    turns = {"reports": 0, "link": 0}
    signs = VitalSigns({name: Sign(lambda name=name: turns[name], lambda: 10.0) for name in turns})  # type: ignore[misc]  # the name is bound
    assert signs.missing(0.0) == []
    assert signs.missing(10.0) == []
    turns["link"] += 1
    assert signs.missing(10.1) == ["reports"]
    turns["reports"] += 1
    assert signs.missing(20.0) == []
    assert signs.missing(20.2) == ["link"]


def settings(tmp_path: Path, text: str) -> AgentSettings:
    file = tmp_path / "edge-agent.toml"
    file.write_text(text)
    return load({}, file)


MCU = 'mcu = "/dev/ttyAMA1"\n'


@pytest.mark.parametrize(
    "text",
    [
        MCU + "mcu_baud = 921600\nmcu_raw = true\nmcu_supply = true\nmcu_watchdog_s = 60\nmcu_sensor_power = true\n",
        'modem = "mmcli"\n',
        'modem = "/dev/serial/by-id/usb-Quectel-if02"\nmodem_baud = 9600\n',
        'gnss_source = "serial:/dev/ttyAMA0"\ngnss_health = true\n',
        MCU + '[[inputs]]\nname = "housing"\nkind = "tamper"\nchip = "mcu"\nline = "tamper"\n',
    ],
)
def test_serial_devices_are_set(tmp_path: Path, text: str) -> None:
    assert settings(tmp_path, text).mcu_watchdog_s in {0, 60}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mcu_supply = true\n", "mcu_supply needs a microcontroller"),
        ("mcu_watchdog_s = 60\n", "mcu_watchdog_s needs a microcontroller"),
        ("mcu_sensor_power = true\n", "mcu_sensor_power needs a microcontroller"),
        (MCU + "mcu_watchdog_s = 5\n", "10 at the least"),
        ("gnss_health = true\n", "name it with gnss_source"),
        ('[[inputs]]\nname = "a"\nkind = "door"\nchip = "mcu"\nline = "door"\n', "needs a microcontroller"),
        (MCU + '[[inputs]]\nname = "a"\nkind = "door"\nchip = "mcu"\nline = "gpio32"\n', "no line 'gpio32'"),
        (MCU + '[[inputs]]\nname = "a"\nkind = "door"\nchip = "mcu"\nline = 3\n', "no line 3"),
        (MCU + '[[inputs]]\nname = "a"\nkind = "door"\nchip = "mcu"\nline = "door"\ndebounce_ms = 201\n', "200"),
        (
            MCU + '[[inputs]]\nname = "a"\nkind = "tamper"\nchip = "mcu"\nline = "tamper"\nactive_low = true\n',
            "leave active_low out",
        ),
        ('mcu = ""\n', "mcu"),
        ('modem = "/dev/a\\nb"\n', "modem"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingsInvalid, match=why):
        settings(tmp_path, text)
