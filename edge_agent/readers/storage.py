"""How full the unit's storage is and whether it can be written, from statvfs and `/proc/mounts`."""

import re

from edge_agent.errors import SourceGarbled
from edge_agent.readers.calls import Calls, StorageBlocks
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree

_MOUNTS = "proc/mounts"
_MOUNTS_LIMIT_BYTES = 1 << 20
_OCTAL = re.compile(r"\\([0-7]{3})")


class StorageReader:
    """Gives `storage_used_percent` and `storage_read_only` of the file system that holds `path`."""

    name = "storage"

    def __init__(self, tree: SourceTree, calls: Calls, path: str = "/") -> None:
        """`path` is absolute, as the unit sees it."""
        self._tree = tree
        self._calls = calls
        self._path = path

    def read(self) -> Reading:
        """Used percent is df's: used of what an ordinary user could ever use."""
        gathering = Gathering(self._tree)
        source = f"statvfs {self._path}"
        percent = gathering.attempt(source, self._used)
        gathering.put("storage_used_percent", percent, source)
        read_only = gathering.needed_file(
            _MOUNTS, lambda text: mounted_read_only(text, self._path), limit_bytes=_MOUNTS_LIMIT_BYTES
        )
        gathering.put("storage_read_only", read_only, _MOUNTS)
        return gathering.reading()

    def _used(self) -> float | None:
        blocks = self._calls.storage_blocks(self._path)
        return None if blocks is None else storage_used_percent(blocks)


def storage_used_percent(blocks: StorageBlocks) -> float | None:
    """Used / (used + available), 0 … 100; None for a file system without blocks. Raises SourceGarbled."""
    if not 0 <= blocks.available <= blocks.free <= blocks.total:
        raise SourceGarbled("available within free within total blocks", repr(blocks))
    used = blocks.total - blocks.free
    usable = used + blocks.available
    return round(100 * used / usable, 1) if usable else None


def mounted_read_only(text: str, path: str) -> bool | None:
    """Whether the mount that holds `path` is read-only; None when no mount does.

    The longest mount point that contains `path` counts, and of several mounts at one place the last. Raises
    SourceGarbled.
    """
    longest, options = -1, ""
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) != 6:
            raise SourceGarbled("a line of six mount fields", line)
        point = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[1])
        if _contains(point, path) and len(point) >= longest:
            longest, options = len(point), fields[3]
    if longest < 0:
        return None
    return "ro" in options.split(",")


def _contains(point: str, path: str) -> bool:
    return point in {"/", path} or path.startswith(f"{point.rstrip('/')}/")
