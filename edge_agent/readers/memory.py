"""Memory in use, from `/proc/meminfo`."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import integer
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_MEMINFO = "proc/meminfo"


class MemoryReader:
    """Gives `memory_used_percent`."""

    name = "memory"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """What is not available to a new program (MemAvailable), as a share of MemTotal."""
        gathering = Gathering(self._tree)
        gathering.put("memory_used_percent", gathering.needed_file(_MEMINFO, memory_used_percent), _MEMINFO)
        return gathering.reading()


def memory_used_percent(text: str) -> float:
    """0 … 100 from the text of `/proc/meminfo`. Raises SourceGarbled."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        fields[name] = rest
    total = _kibibytes(fields, "MemTotal", text)
    available = _kibibytes(fields, "MemAvailable", text)
    if not 0 <= available <= total or total == 0:
        raise SourceGarbled("MemAvailable within MemTotal", f"{available} of {total} kB")
    return round(100 * (total - available) / total, 1)


def _kibibytes(fields: dict[str, str], name: str, text: str) -> int:
    value, _, unit = fields.get(name, "").strip().partition(" ")
    if unit.strip() != "kB":
        raise SourceGarbled(f"{name} in kB", text)
    return integer(value)
