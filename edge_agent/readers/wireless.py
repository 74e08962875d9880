"""Wi-Fi signal, from `/proc/net/wireless`. Pure."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.plain_values import decimal

_HEADING_LINES = 2
_NO_SIGNAL_DBM = -256


def signal_levels_dbm(text: str) -> dict[str, float]:
    """Signal level by interface, dBm; an interface that is not associated is left out. Raises SourceGarbled."""
    lines = text.splitlines()
    if len(lines) < _HEADING_LINES or not lines[0].startswith("Inter-"):
        raise SourceGarbled("a wireless table with its heading", text)
    levels: dict[str, float] = {}
    for line in lines[_HEADING_LINES:]:
        fields = line.split()
        if len(fields) < 4 or not fields[0].endswith(":"):
            raise SourceGarbled("an interface with its status, link and level", line)
        # A dot after the number means "changed since last read", and is no decimal point.
        level = decimal(fields[3].removesuffix("."))
        if level not in {_NO_SIGNAL_DBM, 0}:
            levels[fields[0].removesuffix(":")] = level
    return levels
