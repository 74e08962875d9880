"""Settings of inputs: what a settings file may say."""

import tomllib
from typing import Any

import msgspec
import pytest

from edge_agent.inputs.settings import MAX_INPUTS, InputSettings, InterfaceName, MacAddress, objection

FILE = """
[[inputs]]
name = "housing"
kind = "tamper"
line = 17
active_low = true
pull = "up"

[[inputs]]
name = "lid"
kind = "lid"
chip = "/dev/gpiochip1"
line = "GPIO22"
debounce_ms = 200
"""


def test_a_settings_file_says_it_as_the_manual_shows() -> None:
    inputs = msgspec.convert(tomllib.loads(FILE)["inputs"], list[InputSettings], strict=False)
    assert inputs == [
        InputSettings(name="housing", kind="tamper", line=17, active_low=True, pull="up"),
        InputSettings(name="lid", kind="lid", chip="/dev/gpiochip1", line="GPIO22", debounce_ms=200),
    ]
    assert objection(inputs) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a/b"},
        {"name": ""},
        {"name": ".."},
        {"kind": "camera"},
        {"chip": "/etc/passwd"},
        {"line": -1},
        {"line": ""},
        {"pull": "sideways"},
        {"debounce_ms": -1},
        {"debounce_ms": 10_001},
        {"speed": 1},
    ],
)
def test_what_can_not_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "kind": "door", "line": 1, **wrong}, InputSettings)


def test_names_and_lines_are_used_once_and_there_are_not_too_many() -> None:
    def one(name: str, line: int) -> InputSettings:
        return InputSettings(name=name, kind="door", line=line)

    assert objection([]) is None
    assert "one name" in str(objection([one("a", 1), one("a", 2)]))
    assert "same chip and line" in str(objection([one("a", 1), one("b", 1)]))
    assert str(MAX_INPUTS) in str(objection([one(f"a{index}", index) for index in range(MAX_INPUTS + 1)]))


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        (InterfaceName, "eth0", True),
        (InterfaceName, "..", False),
        (InterfaceName, "a/b", False),
        (InterfaceName, "eth0\n", False),
        (InterfaceName, "x" * 16, False),
        (MacAddress, "02:FC:00:00:00:05", True),
        (MacAddress, "00:00:00:00:00:00", False),
        (MacAddress, "02-fc-00-00-00-05", False),
        (MacAddress, "02:fc:00:00:00:05\n", False),
    ],
)
def test_interfaces_and_hardware_addresses_are_written_as_the_kernel_writes_them(
    kind: Any, text: str, fits: bool
) -> None:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        assert not fits
    else:
        assert fits
