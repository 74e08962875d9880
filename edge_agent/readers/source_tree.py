"""Text files beneath a root: `/` on a real machine, a directory with its own `/proc` and `/sys` anywhere else."""

import errno
import os
import re
from pathlib import Path

from edge_agent.errors import SourceUnreadable

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR})
_DIGITS = re.compile(r"(\d+)", re.ASCII)


class SourceTree:
    """Reads beneath `root`. Paths are given relative to it, without a leading slash."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def text(self, path: str, *, limit_bytes: int = 65_536, cut: bool = False) -> str | None:
        """The content of file `path`, or None when there is no such file.

        Bytes that are not UTF-8 come as U+FFFD. Raises SourceUnreadable on any other failure, and above `limit_bytes`
        unless `cut` asks for just the beginning.
        """
        try:
            # O_NONBLOCK: a FIFO in place of a file must not hold the reader.
            handle = os.open(self.root / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                content = _read_at_most(handle, limit_bytes + 1)
            finally:
                os.close(handle)
        except OSError as error:
            if error.errno in _NOT_THERE:
                return None
            raise SourceUnreadable(path, reason_of(error)) from error
        if len(content) > limit_bytes and not cut:
            raise SourceUnreadable(path, f"longer than {limit_bytes} bytes")
        return content[:limit_bytes].decode("utf-8", errors="replace")

    def names(self, path: str) -> list[str]:
        """Names in directory `path`, numbers in them ordered as numbers; empty when there is no such directory.

        Raises SourceUnreadable on any other failure.
        """
        try:
            found = [entry.name for entry in (self.root / path).iterdir()]
        except OSError as error:
            if error.errno in _NOT_THERE:
                return []
            raise SourceUnreadable(path, reason_of(error)) from error
        return sorted(found, key=_numbers_as_numbers)

    def exists(self, path: str) -> bool:
        """Whether anything is at `path`."""
        return os.path.lexists(self.root / path)


def _read_at_most(handle: int, limit_bytes: int) -> bytes:
    content = b""
    while len(content) < limit_bytes and (piece := os.read(handle, limit_bytes - len(content))):
        content += piece
    return content


def reason_of(error: OSError) -> str:
    """Why the system refused, in its own words, lower case."""
    return (error.strerror or type(error).__name__).lower()


def _numbers_as_numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() and part.isascii() else -1, part) for part in _DIGITS.split(name)]
