"""Opens a receiver and takes bytes from it. Nothing is set or sent here, and nothing is read out of the bytes."""

import asyncio
import errno
import os
import socket
import stat
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from edge_agent.errors import PositionFault, PositionUnavailable

_READ_BYTES = 4096
_OPEN_FLAGS = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
_REASONS: dict[int | None, PositionFault] = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EBUSY: "busy",
    errno.EAGAIN: "busy",
    errno.EPROTOTYPE: "unreadable",
    errno.ENOTSOCK: "unreadable",
    errno.EISDIR: "unreadable",
}


class Receiver:
    """An open receiver; one task reads it."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd

    async def read(self) -> bytes:
        """The next bytes, at least one. Raises PositionUnavailable when there are no more."""
        readable = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._fd, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                content = _taken(self._fd)
                if content:
                    return content
        finally:
            loop.remove_reader(self._fd)


@contextmanager
def opened(source: str) -> Iterator[Receiver]:
    """The receiver at `source`, a `messages.Source`, until the end. Raises PositionUnavailable."""
    kind, _, path = source.partition(":")
    try:
        fd = _connect(path) if kind == "unix" else _open(kind, path)
    except OSError as error:
        raise PositionUnavailable(_REASONS.get(error.errno, "missing")) from error
    try:
        yield Receiver(path, fd)
    finally:
        os.close(fd)


def _open(kind: str, path: str) -> int:
    fd = os.open(path, _OPEN_FLAGS)
    fits = os.isatty(fd) if kind == "serial" else stat.S_ISFIFO(os.fstat(fd).st_mode)
    if not fits:
        os.close(fd)
        raise PositionUnavailable("unreadable")
    if kind == "serial":
        with suppress(termios.error):  # a line that hung up just now says so when it is read
            termios.tcflush(fd, termios.TCIFLUSH)  # what came before it was opened is no part of the look
    return fd


def _connect(path: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(0)
        stream.connect(path)
        return stream.detach()


def _taken(fd: int) -> bytes:
    try:
        content = os.read(fd, _READ_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise PositionUnavailable("died") from error
    if not content:
        raise PositionUnavailable("died")
    return content
