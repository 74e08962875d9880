"""amqtt's idea of a writer over an asyncio stream, with a limit on every wait."""

import asyncio
import ssl

from amqtt.adapters import WriterAdapter

from fleet.connections import cut


class BoundedWriter(WriterAdapter):
    """Writes to one client. A client that takes nothing for `send_s` loses its connection."""

    def __init__(self, writer: asyncio.StreamWriter, send_s: float, close_s: float) -> None:
        """A writer over `writer`, with the limits in seconds."""
        self._writer = writer
        self._send_s = send_s
        self._close_s = close_s
        self._closed = False

    def write(self, data: bytes) -> None:
        """Buffer `data`, unless closed."""
        if not self._closed:
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait for room; raises ConnectionResetError when there is none within the limit, or the client is gone."""
        if self._closed:
            raise ConnectionResetError("connection is closed")
        try:
            async with asyncio.timeout(self._send_s):
                await self._writer.drain()
        except TimeoutError:
            cut(self._writer.transport)
            raise ConnectionResetError("the client does not take what is sent to it") from None

    def get_peer_info(self) -> tuple[str, int] | None:
        """The client's address and port."""
        peer = self._writer.get_extra_info("peername")
        return (peer[0], peer[1]) if peer else None

    def get_ssl_info(self) -> ssl.SSLObject | None:
        """The TLS session, with the client's verified certificate."""
        tls: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return tls

    async def close(self) -> None:
        """Close, sending what is buffered within the limit, and cut the connection after it."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        try:
            async with asyncio.timeout(self._close_s):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            # ssl.SSLError is an OSError; a client that is gone needs no farewell.
            cut(self._writer.transport)
