"""A way through closed folders for another user, for as long as it is needed."""

import fcntl
import os
from pathlib import Path

_CLOSED: dict[Path, int] = {}
"""Folders this process opened, with the mode they had."""


class Passage:
    """Lets other users walk to some paths, without letting them list anything.

    Every folder on the way is held by a shared lock, so that whoever leaves last closes what this process opened; where
    another process still needs a folder, it stays open.
    """

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}

    def open_to(self, path: Path) -> None:
        """Let other users walk to `path`, whose own mode is left alone."""
        for folder in path.resolve().parents:
            if folder in self._held:
                continue
            descriptor = self._held[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            mode = os.fstat(descriptor).st_mode & 0o7777
            if not mode & 0o001:
                _CLOSED[folder] = mode
                os.fchmod(descriptor, mode | 0o001)

    def close(self) -> None:
        """Give every folder that nobody else needs the mode it had."""
        while self._held:
            folder, descriptor = self._held.popitem()
            try:
                if folder in _CLOSED and _alone(descriptor):
                    os.fchmod(descriptor, _CLOSED.pop(folder))
            finally:
                os.close(descriptor)


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
