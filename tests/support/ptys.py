"""Ptys for tests of serial lines: the port that is opened, and the device's end of it."""

import asyncio
import os
import pty
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 10.0


@dataclass
class Device:
    """The device's end; `path` is the port that programs open."""

    path: str
    end: int
    _open: bool = field(default=True)

    def send(self, content: bytes) -> None:
        """The device says `content`, all of which has to fit what a pty takes at once."""
        assert os.write(self.end, content) == len(content)

    def send_all(self, content: bytes) -> None:
        """The device says `content`, waiting for room where there is none."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self.end, rest) :]

    def received(self, length: int) -> bytes:
        """The next `length` bytes that it was sent; waits for them."""
        got = b""
        while len(got) < length:
            got += os.read(self.end, length - len(got))
        return got

    def unplug(self) -> None:
        """Hang up."""
        if self._open:
            self._open = False
            os.close(self.end)


@contextmanager
def a_device() -> Iterator[Device]:
    """A pty, raw, gone at the end."""
    end, port = pty.openpty()
    tty.setraw(port)
    path = os.ttyname(port)
    os.close(port)
    device = Device(path, end)
    try:
        yield device
    finally:
        with suppress(OSError):
            device.unplug()


@contextmanager
def answering(device: Device, answer: Callable[[bytes], bytes]) -> Iterator[list[bytes]]:
    """Let `device` answer each piece it is sent with what `answer` makes of it; yields the pieces."""
    heard: list[bytes] = []

    def live() -> None:
        with suppress(OSError):
            while content := os.read(device.end, 4096):
                heard.append(content)
                device.send_all(answer(content))

    life = threading.Thread(target=live, daemon=True)
    keeper = os.open(device.path, os.O_RDWR | os.O_NOCTTY)  # else the device reads an error until the port is opened
    life.start()
    try:
        yield heard
    finally:
        os.close(keeper)
        life.join(LIMIT_S)


def lines_of_threads() -> list[str]:
    """The threads of serial lines that live now."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("line-")]


async def until(holds: Callable[[], object]) -> None:
    """Wait until `holds`; fails after 10 s."""
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def link(folder: Path, name: str, target: str) -> Path:
    """A link in `folder`, put there at once in place of an older one."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{name}"
    fresh.symlink_to(target)
    return fresh.replace(folder / name)
