"""Raspberry Pi throttling bits and the undervoltage verdict.

Bits: 0 undervoltage, 1 frequency capped, 2 throttled, 3 soft temperature limit, each now; the same plus 16 since boot.
"""

import re

from edge_agent.readers.calls import Calls
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.hwmon import find_chip
from edge_agent.readers.plain_values import flag, hexadecimal
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_PLATFORM = "sys/devices/platform"
_SOC = re.compile(r"soc(@[0-9a-f]{1,16})?")
UNDERVOLTED_NOW = 1 << 0
_COMMAND = ("vcgencmd", "get_throttled")


class ThrottlingReader:
    """Gives `throttled_bits`, and `undervolted` from bit 0 or from the `rpi_volt` alarm, whichever is raised."""

    name = "throttling"

    def __init__(self, tree: SourceTree, calls: Calls) -> None:
        self._tree = tree
        self._calls = calls

    def read(self) -> Reading:
        """The firmware's file where the kernel has it, else `vcgencmd`."""
        gathering = Gathering(self._tree)
        bits = self._bits(gathering)
        chip = find_chip(gathering, {"rpi_volt"})
        alarm = None if chip is None else gathering.needed_file(f"{chip}/in0_lcrit_alarm", flag)
        verdicts = [bool(bits & UNDERVOLTED_NOW)] if bits is not None else []
        if alarm is not None:
            verdicts.append(alarm)
        if verdicts:
            gathering.put("undervolted", any(verdicts), self.name)
        return gathering.reading()

    def _bits(self, gathering: Gathering) -> int | None:
        for soc in gathering.names(_PLATFORM):
            if _SOC.fullmatch(soc):
                path = f"{_PLATFORM}/{soc}/{soc}:firmware/get_throttled"
                if self._tree.exists(path):
                    bits = gathering.file(path, hexadecimal)
                    gathering.put("throttled_bits", bits, path)
                    return bits
        source = " ".join(_COMMAND)
        bits = gathering.attempt(source, self._asked)
        gathering.put("throttled_bits", bits, source)
        return bits

    def _asked(self) -> int | None:
        text = self._calls.command(*_COMMAND)
        return None if text is None else hexadecimal(text.strip().removeprefix("throttled="))
