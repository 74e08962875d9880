"""SoC temperature, from the thermal zone of the processor or its hwmon chip."""

import re

from edge_agent.readers.gathering import Gathering
from edge_agent.readers.hwmon import find_chip
from edge_agent.readers.plain_values import integer, word
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_ZONES = "sys/class/thermal"
_ZONE = re.compile(r"thermal_zone[0-9]{1,4}")
_PROCESSOR_ZONES = ("cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "bcm2835_thermal", "x86_pkg_temp")
_PROCESSOR_CHIPS = frozenset({"coretemp", "k10temp", "cpu_thermal"})


class ThermalReader:
    """Gives `soc_temp_c`."""

    name = "thermal"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """Zone of the processor by its type, else the first zone, else the processor's hwmon chip."""
        gathering = Gathering(self._tree)
        source = _temperature_source(gathering)
        if source is not None:
            gathering.put("soc_temp_c", gathering.needed_file(source, degrees), source)
        return gathering.reading()


def degrees(text: str) -> float:
    """°C from thousandths. Raises SourceGarbled."""
    return round(integer(text) / 1000, 1)


def _temperature_source(gathering: Gathering) -> str | None:
    zones = [f"{_ZONES}/{name}" for name in gathering.names(_ZONES) if _ZONE.fullmatch(name)]
    kinds = {gathering.file(f"{zone}/type", word): zone for zone in reversed(zones)}
    for kind in _PROCESSOR_ZONES:
        if kind in kinds:
            return f"{kinds[kind]}/temp"
    if zones:
        return f"{zones[0]}/temp"
    chip = find_chip(gathering, _PROCESSOR_CHIPS)
    return None if chip is None else f"{chip}/temp1_input"
