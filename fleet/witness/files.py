"""Files that are either wholly the old or wholly the new, also after a power cut, and private to their owner."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.witness.errors import AlreadyRunning, PlaceUnusable

_MAX_FILE_BYTES = 64 * 1024
_LOCK_NAME = "lock"


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content` (0600) in one step that survives a power cut.

    Raises PlaceUnusable; then `path` is either as it was or as it should be.
    """
    partial = path.with_name(f".{path.name}.new")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise PlaceUnusable(path, f"can not be written ({error.strerror}): check the disk") from error


def sync_directory(directory: Path) -> None:
    """Flush the names in `directory` to the disk; raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bounded(path: Path) -> bytes:
    """The bytes of `path`; raises PlaceUnusable, also when there are more than 64 KiB."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PlaceUnusable(path, f"can not be read ({error.strerror})") from error
    if len(content) > _MAX_FILE_BYTES:
        raise PlaceUnusable(path, "is far too large to be the witness's own")
    return content


def read_private(path: Path) -> bytes:
    """The bytes of a key file; raises PlaceUnusable, also when others may read it."""
    content = read_bounded(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise PlaceUnusable(path, f"may be read by others (mode {mode:03o}): chmod 600 it, if nobody has")
    return content


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold `directory` for this process; raises AlreadyRunning, PlaceUnusable. The kernel lets go when we die."""
    path = directory / _LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PlaceUnusable(path, f"can not be opened ({error.strerror})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyRunning(directory) from error
    else:
        yield
    finally:
        os.close(descriptor)
