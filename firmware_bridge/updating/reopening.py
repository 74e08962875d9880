"""A line that is opened again after it was lost: a device on USB takes its port with it when it restarts."""

import asyncio
from collections.abc import Awaitable, Callable

from firmware_bridge.errors import PortLost
from firmware_bridge.transport.line import Line


class ReopeningLine:
    """A `Line` over what `open_again` opens. A call on a lost line opens it once, and raises what that raises
    (PortMissing, PortBusy, PortDenied) while the port is not there; the one during which it is lost raises PortLost."""

    def __init__(self, name: str, open_again: Callable[[], Awaitable[Line]], opened: Line | None = None) -> None:
        """`opened` is the line while it was not lost yet."""
        self._name = name
        self._open_again = open_again
        self._line = opened
        self._closed = False
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """The port, as people call it."""
        return self._name

    async def read(self) -> bytes:
        """As `Line.read`."""
        line = await self._opened()
        try:
            return await line.read()
        except PortLost:
            await self._drop(line)
            raise

    async def write(self, content: bytes) -> None:
        """As `Line.write`."""
        line = await self._opened()
        try:
            await line.write(content)
        except PortLost:
            await self._drop(line)
            raise

    def discard(self) -> None:
        """As `Line.discard`."""
        if self._line is not None:
            self._line.discard()

    async def close(self) -> None:
        """As `Line.close`; it is not opened again."""
        self._closed = True
        async with self._turn:
            line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _opened(self) -> Line:
        async with self._turn:
            if self._closed:
                raise PortLost(self._name, "it was closed here")
            if self._line is None:
                self._line = await self._open_again()
            return self._line

    async def _drop(self, line: Line) -> None:
        if self._line is line:
            self._line = None
        await line.close()
