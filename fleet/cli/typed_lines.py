"""Lines as they come on standard input, from a person, a scanner that types, or a file."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError

_AT_ONCE = 4096
_WAITING = 64
_MAX_LINE = 200


async def typed_lines() -> AsyncIterator[str]:
    """Each line as soon as it is complete, without blanks around it and never longer than 200 signs; empty ones are
    left out. Ends with the input. It is read beside the loop, so that an interrupt is heard while nobody types."""
    waiting: asyncio.Queue[str | None] = asyncio.Queue(_WAITING)
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(waiting.put(line), loop).result()

    def read() -> None:
        # Bytes from the descriptor itself: a thread that held standard input's lock would not let the program end.
        rest, source = b"", sys.stdin.fileno()
        try:
            while data := os.read(source, _AT_ONCE):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    put(_text(line))
                rest = rest[: _MAX_LINE * 4]
            put(_text(rest))
            put(None)
        except (RuntimeError, CancelledError):  # the loop has ended, and nobody waits for more
            return

    threading.Thread(target=read, name="standard input", daemon=True).start()
    while (line := await waiting.get()) is not None:
        if line:
            yield line


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()[:_MAX_LINE]
