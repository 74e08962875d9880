"""The traffic of a line, written readably while it goes on: `12:00:01.250 ← SMP write answer image upload #3: off 512`.

→ is what we send, ← what the device says. Positions, secrets and the contents of images and files are never written.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from firmware_bridge.transport.traffic import Reading
from protocols.text import one_line

TO_DEVICE = "→"
FROM_DEVICE = "←"
MAX_LINE_SIGNS = 200


def _now() -> datetime:
    return datetime.now().astimezone()


class Spy:
    """Writes to `stream`, which stays the caller's. Its methods may be called from any thread, and never raise for
    what the bytes are, nor for a stream that can not be written to: `failure` says why then, and it writes no more."""

    def __init__(self, stream: TextIO, *, now: Callable[[], datetime] = _now) -> None:
        self._stream = stream
        self._now = now
        self._lock = threading.Lock()
        self._readings = {TO_DEVICE: Reading(), FROM_DEVICE: Reading()}
        self.failure: OSError | ValueError | None = None

    def said(self, content: bytes) -> None:
        """We sent `content`."""
        self._feed(TO_DEVICE, content)

    def heard(self, content: bytes) -> None:
        """`content` came from the device."""
        self._feed(FROM_DEVICE, content)

    def flush(self) -> None:
        """Write of what has come in part and will not go on."""
        with self._lock:
            for way, reading in self._readings.items():
                self._write(way, reading.rest())

    def _feed(self, way: str, content: bytes) -> None:
        with self._lock:
            self._write(way, self._readings[way].feed(content))

    def _write(self, way: str, lines: list[str]) -> None:
        fit = [text for line in lines if (text := one_line(line, MAX_LINE_SIGNS))]
        if not fit or self.failure is not None:
            return
        at = f"{self._now():%H:%M:%S.%f}"[:-3]
        try:
            self._stream.write("".join(f"{at} {way} {line}\n" for line in fit))
            self._stream.flush()
        except (OSError, ValueError) as error:  # a full disk, a closed pipe, a closed file
            self.failure = error
