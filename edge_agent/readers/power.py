"""Supply voltage and current, from an INA2xx monitor on the supply or from a Raspberry Pi 5's power controller."""

import re

from edge_agent.errors import SourceGarbled
from edge_agent.readers.calls import Calls
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.hwmon import find_chip
from edge_agent.readers.plain_values import integer
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_MONITORS = frozenset({"ina219", "ina220", "ina226", "ina230", "ina231"})
_COMMAND = ("vcgencmd", "pmic_read_adc", "EXT5V_V")
_PMIC = re.compile(r"\s*EXT5V_V volt\([0-9]{1,3}\)=([0-9]{1,3}\.[0-9]{1,9})V\s*")


class PowerReader:
    """Gives `supply_mv` and `supply_ma`."""

    name = "power"

    def __init__(self, tree: SourceTree, calls: Calls, *, with_voltage: bool = True) -> None:
        """Without `with_voltage`, somebody else gives `supply_mv`."""
        self._tree = tree
        self._calls = calls
        self._with_voltage = with_voltage

    def read(self) -> Reading:
        """The kernel's ina2xx driver gives bus voltage as `in1_input` (mV) and current as `curr1_input` (mA)."""
        gathering = Gathering(self._tree)
        chip = find_chip(gathering, _MONITORS)
        if chip is not None:
            for figure, file in (("supply_mv", "in1_input"), ("supply_ma", "curr1_input")):
                if figure == "supply_mv" and not self._with_voltage:
                    continue
                source = f"{chip}/{file}"
                gathering.put(figure, gathering.needed_file(source, integer), source)
        elif self._with_voltage:
            source = " ".join(_COMMAND)
            gathering.put("supply_mv", gathering.attempt(source, self._asked), source)
        return gathering.reading()

    def _asked(self) -> int | None:
        text = self._calls.command(*_COMMAND)
        return None if text is None else pmic_millivolts(text)


def pmic_millivolts(text: str) -> int | None:
    """mV from `EXT5V_V volt(24)=5.15130000V`; None where the firmware does not know the command (before the Pi 5).

    Raises SourceGarbled.
    """
    if text.startswith("error=1 "):
        return None
    match = _PMIC.fullmatch(text)
    if match is None:
        raise SourceGarbled("EXT5V_V volt(24)=5.1V or the like", text)
    return round(float(match[1]) * 1000)
