"""Files of releases on the unit: under their SHA-256 once they are whole and verified, `.part` until then."""

import os
import shutil
from collections.abc import Collection
from hashlib import sha256 as new_sha256
from pathlib import Path

import msgspec

from edge_agent.durable import ensure_directory, read_bounded, sync_directory, write_durably
from edge_agent.errors import StateUnusable

RESERVE_BYTES = 64 * 1024 * 1024
"""What stays free on the disk for all else †."""
_BLOCK = 1024 * 1024


class _Kept(msgspec.Struct, frozen=True):
    in_use: list[str] = []
    before: list[str] = []


class FileStore:
    """The directory `updating/files` in the state directory. Every method may block; raises StateUnusable."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is made yet."""
        self._directory = state_dir / "updating" / "files"
        self._notes = state_dir / "updating" / "kept.json"

    def path(self, sha256: str) -> Path:
        """Where the file is once it is whole."""
        return self._directory / sha256

    def has(self, sha256: str, length: int) -> bool:
        """Whether the file is there and is what it was; one that a failing disk has changed is removed."""
        path = self.path(sha256)
        try:
            if path.stat().st_size == length and _hash(path) == sha256:
                return True
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unusable(path, error) from error
        return False

    def begun(self, sha256: str, length: int) -> int:
        """How many bytes of the file have come, 0 to `length`; a part that is too long is dropped."""
        ensure_directory(self._directory)
        part = self._part(sha256)
        try:
            size = part.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _unusable(part, error) from error
        if size > length:
            self.drop(sha256)
            return 0
        return size

    def room_for(self, length: int) -> int:
        """How many bytes too few are free for so many more; 0 when there is room."""
        try:
            free = shutil.disk_usage(self._directory).free
        except OSError as error:
            raise _unusable(self._directory, error) from error
        return max(0, length + RESERVE_BYTES - free)

    def append(self, sha256: str, content: bytes) -> None:
        """Add bytes to the part."""
        part = self._part(sha256)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(content)
        except OSError as error:
            raise _unusable(part, error) from error

    def drop(self, sha256: str) -> None:
        """Forget the part."""
        try:
            self._part(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(self._part(sha256), error) from error

    def finish(self, sha256: str, length: int) -> bool:
        """Give the part its name if it is the file; else drop it, and return False."""
        part = self._part(sha256)
        try:
            if part.stat().st_size != length or _hash(part) != sha256:
                part.unlink()
                return False
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(self.path(sha256))
            sync_directory(self._directory)
        except OSError as error:
            raise _unusable(part, error) from error
        return True

    def settle(self, in_use: Collection[str]) -> None:
        """The files `in_use` are those of what runs now: they stay, and those that were in use before them; every
        other file and part goes."""
        ensure_directory(self._directory)
        known, now = self._known(), sorted(set(in_use))
        kept = _Kept(now, known.before if known.in_use == now else known.in_use)
        if kept != known:
            write_durably(self._notes, msgspec.json.encode(kept))
        stays = {*kept.in_use, *kept.before}
        try:
            for path in self._directory.iterdir():
                if path.name not in stays:
                    path.unlink()
        except OSError as error:
            raise _unusable(self._directory, error) from error

    def _known(self) -> _Kept:
        content = read_bounded(self._notes)
        try:
            return _Kept() if content is None else msgspec.json.decode(content, type=_Kept)
        except msgspec.DecodeError:
            return _Kept()

    def _part(self, sha256: str) -> Path:
        return self._directory / f"{sha256}.part"


def _hash(path: Path) -> str:
    found = new_sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _unusable(path: Path, error: OSError) -> StateUnusable:
    return StateUnusable(path, f"can not be used ({error.strerror}); check the disk")
