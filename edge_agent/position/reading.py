"""Reads one fix from a receiver: opened when asked, closed as soon as there is an answer.

A serial device is read as the system has set it (speed, raw, no echo: see docs/units.md); nothing is set or sent here.
"""

import asyncio
import errno
import os
import socket
import stat
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec

from edge_agent.clock import Clock
from edge_agent.errors import PositionFault, PositionUnavailable
from edge_agent.position.messages import Fix
from edge_agent.position.nmea import Sentences, fix_in

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


async def read_fix(source: str, limit_s: float, clock: Clock) -> Fix:
    """The first valid fix from `source`, a `messages.Source`, within `limit_s` seconds.

    Raises PositionUnavailable, for any PositionFault; nothing is open any more then.
    """
    kind, _, path = source.partition(":")
    with _opened(kind, path) as fd:
        try:
            async with asyncio.timeout(limit_s):
                return await _first_fix(fd, clock)
        except TimeoutError:
            raise PositionUnavailable("timeout") from None


@contextmanager
def _opened(kind: str, path: str) -> Iterator[int]:
    try:
        fd = _connect(path) if kind == "unix" else _open(kind, path)
    except OSError as error:
        raise PositionUnavailable(_REASONS.get(error.errno, "missing")) from error
    try:
        yield fd
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
            termios.tcflush(fd, termios.TCIFLUSH)  # what came before the lease is no part of the look
    return fd


def _connect(path: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(0)
        stream.connect(path)
        return stream.detach()


async def _first_fix(fd: int, clock: Clock) -> Fix:
    sentences = Sentences()
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(fd, readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            came_ms = clock.mono_ms()
            for sentence in sentences.feed(_read(fd)):
                fix = fix_in(sentence)
                if fix is not None:
                    return msgspec.structs.replace(fix, age_s=(clock.mono_ms() - came_ms) / 1000)
    finally:
        loop.remove_reader(fd)


def _read(fd: int) -> bytes:
    try:
        piece = os.read(fd, _READ_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise PositionUnavailable("died") from error
    if not piece:
        raise PositionUnavailable("died")
    return piece
