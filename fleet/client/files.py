"""Reading the small files that a person names: settings, certificates, keys."""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 256 * 1024


def read_small(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of the regular file at `path`; raises OSError, also for what is no regular file (a device or a pipe may
    have no end) and for one of more than `most` bytes."""
    # Without O_NONBLOCK, opening a pipe that nobody writes to waits for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"longer than {most // 1024} KiB", str(path))
    return content
