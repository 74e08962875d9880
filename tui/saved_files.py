"""Writing a file that a person asked for on their own machine."""

import asyncio
import os
from pathlib import Path


async def write_new(path: Path, content: bytes) -> str:
    """Write `content` to `path`, which must not be there, readable by its owner only; returns what went wrong, or
    nothing."""
    return await asyncio.to_thread(_write, path, content)


def _write(path: Path, content: bytes) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except FileExistsError:
        return f"{path} is there already: choose another name"
    except OSError as error:
        return f"{path} can not be written ({error.strerror})"
    return ""
