"""What a device says of itself, in words and units, for a person; whoever wants the names asks for JSON. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from firmware_bridge.mcu.figures import GPIO_LINES, NOT_FITTED
from firmware_bridge.modem import figures as modem_figures
from protocols.figures import figure_text
from protocols.health import QUANTITIES
from protocols.words import UNKNOWN, duration

Row = tuple[str, str]
"""What a fact is called, and its text."""


def worded(facts: Mapping[str, object]) -> list[Row]:
    """`facts` of a microcontroller, a receiver, a modem or one that is simulated; a group or a list in them becomes
    rows of its own. A name that is not known here is said without its underscores."""
    return [row for name, value in facts.items() for row in _rows(name, value)]


def _rows(name: str, value: object) -> Iterator[Row]:
    if isinstance(value, Mapping):
        yield from worded(value)
    elif isinstance(value, list):
        for i, each in enumerate(value or ["none"]):
            yield ("" if i else name, str(each))
    else:
        label, text = _WORDS.get(name, (name.replace("_", " "), _plain))
        yield label, _NONE.get(name, UNKNOWN) if value is None else "not fitted" if value == NOT_FITTED else text(value)


def _plain(value: object) -> str:
    return figure_text("", value) if isinstance(value, bool) else str(value)


def _either(yes: str, no: str) -> Callable[[Any], str]:
    """`yes` for 1 and true, `no` for 0 and false, anything else as it came."""

    def text(value: Any) -> str:
        return {True: yes, False: no}.get(value, _plain(value))

    return text


def _as_figure(name: str) -> tuple[str, Callable[[Any], str]]:
    """As the figure `name` of a health report."""
    return QUANTITIES[name].label, lambda value: figure_text(name, value)


def _high_lines(bits: int) -> str:
    return ", ".join(f"gpio{bit}" for bit in range(GPIO_LINES) if bits >> bit & 1) or "none"


def _power_left(left_ms: int) -> str:
    return f"on for {duration(-(-left_ms // 1000))} more" if left_ms else "off"


def _with(name: str, read: Callable[[list[str]], Any], answer: str) -> Callable[[Any], str]:
    """The modem's own number with what it means, `read` of the `answer` it stands in as the figure `name`."""
    return lambda value: f"{value} ({figure_text(name, read([answer.format(value)])).replace(UNKNOWN, 'unknown')})"


_SENSOR_POWER = ("camera and microphone power", _power_left)
_NONE = {"runs": "nothing", "watchdog_s": "off"}
_WORDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "supply_mv": _as_figure("supply_mv"),
    "battery_mv": _as_figure("battery_mv"),
    "ignition": ("ignition", _either("yes", "no")),
    "tamper": ("housing", _either("open", "closed")),
    "tamper_count": ("housing was opened", lambda count: f"{count} times" if count != 1 else "once"),
    "door": ("door", _either("open", "closed")),
    "gpio": ("lines that are high", _high_lines),
    "uptime_s": _as_figure("mcu_uptime_s"),
    "watchdog_resets": _as_figure("watchdog_resets"),
    "power_left_ms": _SENSOR_POWER,
    "sensor_power_left_ms": _SENSOR_POWER,
    "powered": ("power", _either("on", "off")),
    "plugged": ("cable", _either("in", "out")),
    "flash_operations": ("writes and erasures of the flash", _plain),
    "watchdog_s": ("watchdog", lambda left_s: f"restarts the unit in {duration(left_s)}"),
    "rssi": ("rssi", _with("rssi_dbm", modem_figures.rssi_dbm, "+CSQ: {},99")),
    "rsrp": ("rsrp", _with("rsrp_dbm", modem_figures.rsrp_dbm, "+CESQ: 99,99,255,255,255,{}")),
    "rsrq": ("rsrq", _with("rsrq_db", modem_figures.rsrq_db, "+CESQ: 99,99,255,255,{},255")),
    "registration": ("registration", _with("modem_registration", modem_figures.registration, "+CEREG: 0,{}")),
    "temperature_c": _as_figure("modem_temp_c"),
}
