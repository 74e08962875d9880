"""Files that commands read, and new ones that they write: never over another, and readable only for their owner."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fleet.cli.options import why_unreadable
from fleet.cli.output import print_remark
from fleet.client.files import read_small
from fleet.errors import RequestRefused

STANDARD = Path("-")
"""Standard input or output."""


def read_given(path: Path, most: int) -> bytes:
    """The file that a person named, or standard input, of at most `most` bytes; raises RequestRefused."""
    if path != STANDARD:
        try:
            return read_small(path, most)
        except OSError as error:
            raise RequestRefused("file-unreadable", f"{path}: {why_unreadable(error)}", "name another file") from error
    if sys.stdin.isatty():
        print_remark("type or paste it, then end with Ctrl-D on a line of its own")
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise RequestRefused("file-unreadable", f"-: longer than {most // 1024} KiB", "give less")
    return data


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
