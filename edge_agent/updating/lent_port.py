"""The microcontroller's port, lent by whoever watches it, as a line for new firmware."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from edge_agent.errors import McuAway
from firmware_bridge.errors import PortBusy
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.reopening import ReopeningLine

LENT_S = 3600
"""How long the watchdog is given: a slow line takes a quarter of an hour for a large image."""


class SharedPort:
    """A port that another part of the agent watches."""

    def __init__(self, port: str, baud: int, lent: Callable[[int], AbstractAsyncContextManager[None]]) -> None:
        """`lent` frees the port for so many seconds while it is entered; raises McuAway."""
        self._port = port
        self._baud = baud
        self._lent = lent

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Line]:
        """See LineOwner."""
        lending = self._lent(LENT_S)
        try:
            await lending.__aenter__()
        except McuAway as error:
            raise PortBusy(self._port, str(error)) from error
        try:
            async with _line(self._port, self._baud) as line:
                yield line
        finally:
            await lending.__aexit__(None, None, None)


class OwnPort:
    """A port that nobody else in the agent uses."""

    def __init__(self, port: str, baud: int) -> None:
        self._port = port
        self._baud = baud

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[Line]:
        """See LineOwner."""
        async with _line(self._port, self._baud) as line:
            yield line


@asynccontextmanager
async def _line(port: str, baud: int) -> AsyncIterator[Line]:
    async def open_again() -> Line:
        return await open_line(resolve(port), baud=baud)

    line = ReopeningLine(port, open_again)
    try:
        yield line
    finally:
        await line.close()
