"""Time since boot, from `/proc/uptime`."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import decimal
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_UPTIME = "proc/uptime"


class UptimeReader:
    """Gives `uptime_s`."""

    name = "uptime"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """Whole seconds, suspended time included."""
        gathering = Gathering(self._tree)
        gathering.put("uptime_s", gathering.needed_file(_UPTIME, uptime_seconds), _UPTIME)
        return gathering.reading()


def uptime_seconds(text: str) -> int:
    """The first field of `/proc/uptime`. Raises SourceGarbled."""
    fields = text.split()
    if len(fields) != 2:
        raise SourceGarbled("an uptime line", text)
    return int(decimal(fields[0]))
