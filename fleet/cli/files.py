"""New files that commands write: never over another, and readable only for their owner."""

import os
from collections.abc import Sequence
from pathlib import Path

from fleet.errors import RequestRefused


def check_new(paths: Sequence[Path]) -> None:
    """Raise RequestRefused where one of the files can not be made."""
    for path in paths:
        if not path.absolute().parent.is_dir():
            raise RequestRefused("file-unwritable", f"{path} has no directory", "make that first, or name another file")
        if path.exists():
            raise RequestRefused("file-unwritable", f"{path} is there already", "name a new file")


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read: it may say how people work. Raises RequestRefused."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise RequestRefused("file-unwritable", f"{path}: {error.strerror}", "name a new file") from error
