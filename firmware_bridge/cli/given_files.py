"""Files that commands read and write: bounded, and never one over another."""

import os
import stat
from pathlib import Path

from firmware_bridge.errors import BridgeError


def read_given(path: Path, most: int) -> bytes:
    """The file that a person named; raises BridgeError, also for one of more than `most` bytes."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to waits for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BridgeError(f"{path}: it is no file; name one")
            content = file.read(most + 1)
    except OSError as error:
        raise BridgeError(f"{path}: {error.strerror}; name a file that can be read") from error
    if len(content) > most:
        raise BridgeError(f"{path}: more than {most // 1024} KiB; name another file")
    return content


def check_new(path: Path) -> None:
    """Raise BridgeError where `path` can not be a new file: before what is to be in it is fetched or made."""
    folder = path.absolute().parent
    try:
        path.lstat()
        is_free = False
    except FileNotFoundError:
        is_free = folder.is_dir()
    except OSError as error:
        raise BridgeError(f"{path}: {error.strerror}; name a new file") from error
    if not is_free:
        raise BridgeError(f"{path}: name a new file, in a directory that is there")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BridgeError(f"{path}: nothing can be written there; name a new file in another directory")


def write_new(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a new file, which only its owner may read where `private`; raises BridgeError."""
    try:
        mode = 0o600 if private else 0o644
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise BridgeError(f"{path}: {error.strerror}; name a new file") from error
