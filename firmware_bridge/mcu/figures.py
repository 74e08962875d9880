"""What a unit's microcontroller measures, by its statistics `unit`. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from protocols.health import PartVersion

STATISTICS = "unit"
NOT_FITTED = 0xFFFFFFFF
"""What a statistic says where the unit has no such part."""

GPIO_LINES = 32
_GPIO_BITS = {f"gpio{bit}": bit for bit in range(GPIO_LINES)}
LINES: tuple[str, ...] = ("tamper", "door", "ignition", *_GPIO_BITS)
"""The lines that a microcontroller tells the levels of."""

_MOST_MV = 100_000
_VERSION_SIGNS = 32

McuFigure = Literal["supply_mv", "battery_mv", "ignition_on", "mcu_version", "mcu_uptime_s", "watchdog_resets"]
MCU_FIGURES: frozenset[str] = frozenset(get_args(McuFigure))


class McuStats(NamedTuple):
    """Each None where the unit has no such part, or the microcontroller does not say. `tamper_count` counts openings of
    the housing since the microcontroller started; `gpio` has a bit for each line; `power_left_ms` is how long camera
    and microphone have power."""

    supply_mv: int | None = None
    battery_mv: int | None = None
    ignition: bool | None = None
    tamper: bool | None = None
    tamper_count: int | None = None
    door: bool | None = None
    gpio: int | None = None
    uptime_s: int | None = None
    watchdog_resets: int | None = None
    power_left_ms: int | None = None

    def health(self, version: PartVersion | None, *, with_supply: bool) -> dict[str, int | bool | str]:
        """The figures of a health report that are known; the supply's only `with_supply`."""
        figures: dict[McuFigure, int | bool | str | None] = {
            "supply_mv": self.supply_mv if with_supply else None,
            "battery_mv": self.battery_mv,
            "ignition_on": self.ignition,
            "mcu_version": version,
            "mcu_uptime_s": self.uptime_s,
            "watchdog_resets": self.watchdog_resets,
        }
        return {name: value for name, value in figures.items() if value is not None}

    def line(self, name: str) -> bool | None:
        """The level of a line by its name: `tamper`, `door`, `ignition`, `gpio0` … `gpio31`; None where it has none.
        Raises KeyError for another name."""
        if name in _GPIO_BITS:
            return None if self.gpio is None else bool(self.gpio >> _GPIO_BITS[name] & 1)
        return {"tamper": self.tamper, "door": self.door, "ignition": self.ignition}[name]


def stats_in(fields: Mapping[str, int]) -> McuStats:
    """The statistics `fields`, as SMP gives them. What is out of its range is unknown. Never raises."""
    said = {name: value for name, value in fields.items() if 0 <= value < NOT_FITTED}
    return McuStats(
        supply_mv=_millivolts(said.get("supply_mv")),
        battery_mv=_millivolts(said.get("battery_mv")),
        ignition=_flag(said.get("ignition")),
        tamper=_flag(said.get("tamper")),
        tamper_count=said.get("tamper_count"),
        door=_flag(said.get("door")),
        gpio=said.get("gpio"),
        uptime_s=said.get("uptime_s"),
        watchdog_resets=said.get("watchdog_resets"),
        power_left_ms=said.get("power_left_ms"),
    )


def shown_version(text: str) -> str | None:
    """A firmware's version as a health report may say it; None for one that it may not."""
    fits = 0 < len(text) <= _VERSION_SIGNS and all(
        sign.isascii() and (sign.isalnum() or sign in ".+_-") for sign in text
    )
    return text if fits else None


def _millivolts(value: int | None) -> int | None:
    return value if value is not None and value <= _MOST_MV else None


def _flag(value: int | None) -> bool | None:
    return bool(value) if value in {0, 1} else None
