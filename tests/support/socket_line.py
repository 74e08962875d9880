"""A Line over a loopback socket: what an emulator has for a serial port."""

import asyncio
from contextlib import suppress
from typing import Self

from firmware_bridge.errors import PortLost

_OPEN_LIMIT_S = 20.0
_POLL_S = 0.05
_READ_BYTES = 65536


class SocketLine:
    """Made by `open`; a port that nobody listens on yet is waited for."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._name = name
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of 127.0.0.1; raises TimeoutError."""
        async with asyncio.timeout(_OPEN_LIMIT_S):
            while True:
                try:
                    return cls(f"socket {port}", *await asyncio.open_connection("127.0.0.1", port))
                except OSError:
                    await asyncio.sleep(_POLL_S)

    @property
    def name(self) -> str:
        return self._name

    async def read(self) -> bytes:
        content = await self.reader.read(_READ_BYTES)
        if not content:
            raise PortLost(self._name, "the emulator hung up")
        return content

    async def write(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    def discard(self) -> None:
        """What came late is passed over by its sequence; a stream has nothing to throw it away with."""

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()
