"""Battery charge, from `/sys/class/power_supply`."""

from typing import Literal

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import flag, integer, word
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

Charging = Literal["charging", "not-charging", "unknown"]

_SUPPLIES = "sys/class/power_supply"
_CHARGING: dict[str, Charging] = {
    "Charging": "charging",
    "Discharging": "not-charging",
    "Not charging": "not-charging",
    "Full": "not-charging",
    "Unknown": "unknown",
}


class BatteryReader:
    """Gives `battery_percent` and `battery_charging` of the unit's first battery."""

    name = "battery"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """`capacity`, else the ratio of energy or charge. A peripheral's battery (scope Device) is not the unit's."""
        gathering = Gathering(self._tree)
        battery = _own_battery(gathering)
        if battery is not None:
            percent, source = _percent(gathering, battery)
            gathering.put("battery_percent", percent, source)
            status = f"{battery}/status"
            state = gathering.file(status, charging)
            if state == "unknown":
                gathering.withdraw("battery_charging")
            elif state is not None:
                gathering.put("battery_charging", state == "charging", status)
        return gathering.reading()


def charging(text: str) -> Charging:
    """Whether the battery takes charge; unknown when the driver says so itself. Raises SourceGarbled."""
    status = word(text)
    if status not in _CHARGING:
        raise SourceGarbled("a battery status", text)
    return _CHARGING[status]


def _own_battery(gathering: Gathering) -> str | None:
    for name in gathering.names(_SUPPLIES):
        supply = f"{_SUPPLIES}/{name}"
        if gathering.file(f"{supply}/type", word) != "Battery":
            continue
        peripheral = gathering.file(f"{supply}/scope", word) == "Device"
        if not peripheral and gathering.file(f"{supply}/present", flag) is not False:
            return supply
    return None


def _percent(gathering: Gathering, battery: str) -> tuple[float | None, str]:
    capacity = f"{battery}/capacity"
    percent = gathering.file(capacity, integer)
    if percent is not None:
        return percent, capacity
    for quantity in ("energy", "charge"):
        source = f"{battery}/{quantity}_now"
        now = gathering.file(source, integer)
        full = gathering.file(f"{battery}/{quantity}_full", integer)
        if now is not None and full is not None and full > 0:
            return min(round(100 * now / full, 1), 100.0), source
    return None, capacity
