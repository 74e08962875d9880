"""Writes a host's files beneath a directory, each replaced whole, so that a reader never sees half a file."""

import os
from collections.abc import Mapping
from pathlib import Path

from edge_agent.errors import NotASimulatedTree, TreeNotWritten
from edge_agent.readers.calls import ANSWERS

_HALF_WRITTEN = f"{ANSWERS}/half-written"


class TreeWriter:
    """Keeps `directory` equal to the files it was last given."""

    def __init__(self, directory: Path) -> None:
        """Take `directory` over, new, empty or from an earlier run. Raises NotASimulatedTree for any other content."""
        self.directory = directory
        if directory.exists() and not (directory / ANSWERS).is_dir() and any(directory.iterdir()):
            raise NotASimulatedTree(directory)
        self._written: dict[str, bytes | None] = dict.fromkeys(_files_beneath(directory))

    def write(self, files: Mapping[str, bytes]) -> None:
        """Replace the files that changed and remove those not in `files`. Raises TreeNotWritten."""
        try:
            for path in self._written.keys() - files.keys():
                (self.directory / path).unlink(missing_ok=True)
                del self._written[path]
            for path, content in files.items():
                if self._written.get(path) != content:
                    self._replace(path, content)
                    self._written[path] = content
        except OSError as error:
            raise TreeNotWritten(self.directory, error.strerror or str(error)) from error

    def _replace(self, path: str, content: bytes) -> None:
        half_written = self.directory / _HALF_WRITTEN
        if path not in self._written:
            half_written.parent.mkdir(parents=True, exist_ok=True)
            (self.directory / path).parent.mkdir(parents=True, exist_ok=True)
        half_written.write_bytes(content)
        half_written.replace(self.directory / path)


def _files_beneath(directory: Path) -> list[str]:
    return [str(Path(folder, name).relative_to(directory)) for folder, _, names in os.walk(directory) for name in names]
