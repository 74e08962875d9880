"""Which logs a witness trusts, kept once more beside its key: what is listed and not there was lost, and is not new.

Without it a folder that somebody deleted would look like a log that was never seen, and be begun anew.
"""

import re
from collections.abc import Collection
from pathlib import Path

from fleet.witness.errors import MemoryDamaged, PlaceUnusable
from fleet.witness.files import read_bounded, write_durably

MAX_LOGS = 1000
"""As many lines fit what is read of a file."""
_LINES = re.compile(r"([0-9a-f]{64}\n)*")


class TrustedList:
    """The list in the file at `path`: an origin hash a line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def hashes(self) -> list[str]:
        """The origin hash of each log, first trusted first; raises MemoryDamaged."""
        try:
            text = read_bounded(self._path).decode(errors="replace")
        except PlaceUnusable as error:
            raise MemoryDamaged(self._path, error.detail) from error
        if _LINES.fullmatch(text) is None:
            raise MemoryDamaged(self._path, "is not what this witness wrote")
        return text.splitlines()

    def write(self, hashes: Collection[str]) -> None:
        """Have the list be `hashes`; when this returns, a power cut does not undo it. Raises PlaceUnusable."""
        write_durably(self._path, "".join(f"{each}\n" for each in hashes).encode())

    def compare(self, folders: Collection[Path], logs: Path) -> None:
        """Hold `folders`, what is in the directory `logs`, against the list; raises MemoryDamaged.

        A log whose folder is staged only is not trusted yet: a `trust` was cut short after it was listed.
        """
        listed, there = set(self.hashes()), {folder.name: folder for folder in folders}
        for each in sorted(there.keys() - listed):
            raise MemoryDamaged(self._path, f"does not name the log of {there[each]}, which was trusted")
        for each in sorted(listed - there.keys()):
            if not staged(logs / each).exists():
                raise MemoryDamaged(logs / each, "is not there, and its log was trusted")


def staged(folder: Path) -> Path:
    """Where the folder of a log is made before it has its name."""
    return folder.with_name(f".{folder.name}")
