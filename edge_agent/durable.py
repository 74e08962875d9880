"""Files that are either wholly the old or wholly the new, also after a power cut."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import AlreadyRunning, StateUnusable

PRIVATE = 0o600
_LARGEST_STATE_FILE = 4 * 1024 * 1024
_LOCK_TRIES = 4
_LOCK_PAUSE_S = 0.1


def ensure_directory(directory: Path) -> None:
    """Make `directory` (0700) if it is not there; raises StateUnusable."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnusable(directory, f"can not be made ({error.strerror}); name a writable state_dir") from error


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, readable by its owner only, in one step that survives a power cut.

    Raises StateUnusable; then `path` is as it was.
    """
    partial = path.with_name(f".{path.name}.new")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise StateUnusable(path, f"can not be written ({error.strerror}); check the disk") from error


def remove_durably(path: Path) -> None:
    """Remove `path` if it is there, and keep it removed after a power cut; raises StateUnusable."""
    try:
        path.unlink(missing_ok=True)
        sync_directory(path.parent)
    except OSError as error:
        raise StateUnusable(path, f"can not be removed ({error.strerror}); check the disk") from error


def read_bounded(path: Path) -> bytes | None:
    """Content of a state file, None when there is none; raises StateUnusable (also above 4 MiB)."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_STATE_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateUnusable(path, f"can not be read ({error.strerror}); check its owner and mode") from error
    if len(content) > _LARGEST_STATE_FILE:
        raise StateUnusable(path, "is far too large to be the agent's; move it aside")
    return content


@contextmanager
def held(state_dir: Path) -> Iterator[None]:
    """Hold `state_dir` for this process; raises AlreadyRunning, StateUnusable. The kernel lets go when we die."""
    ensure_directory(state_dir)
    descriptor = _open_lock(state_dir / "agent.lock")
    try:
        _lock(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        if error.errno not in {errno.EROFS, errno.ENOSPC, errno.EDQUOT}:
            raise StateUnusable(path, f"can not be opened ({error.strerror}); check its owner and mode") from error
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # a unit must still say that its disk is read-only
    except OSError as error:
        raise StateUnusable(path, "can not be made on a read-only or full disk; mend the disk first") from error


def _lock(descriptor: int, state_dir: Path) -> None:
    for attempt in range(_LOCK_TRIES):  # `is_held` takes the lock for an instant
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if attempt == _LOCK_TRIES - 1:
                raise AlreadyRunning(state_dir) from error
            time.sleep(_LOCK_PAUSE_S)
        else:
            return


def is_held(state_dir: Path) -> bool:
    """Whether an agent holds `state_dir` now; False when that can not be known."""
    try:
        descriptor = os.open(state_dir / "agent.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sync_directory(directory: Path) -> None:
    """Let what was made, renamed or removed in `directory` survive a power cut; raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
