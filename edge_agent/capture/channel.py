"""Messages of bytes between agent and child over a stream socket: each a length in 4 bytes, big-endian, then itself."""

import asyncio
import socket
from contextlib import suppress

from edge_agent.errors import CaptureChannelBroken

MESSAGE_MAX_BYTES = 256 * 1024
_LENGTH_BYTES = 4
_CLOSE_LIMIT_S = 2.0


class Channel:
    """One end. One task sends at a time and one receives.

    Both wait for the other end without a limit of their own: the child's deadline breaks the channel.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Made by `channel_on`."""
        self._reader = reader
        self._writer = writer

    async def send(self, message: bytes) -> None:
        """Hand over `message`, waiting while the other end is slow.

        Raises ValueError for one that is too long, CaptureChannelBroken when the other end is gone.
        """
        if len(message) > MESSAGE_MAX_BYTES:
            raise ValueError(f"a message has at most {MESSAGE_MAX_BYTES} bytes, not {len(message)}")
        try:
            self._writer.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
            await self._writer.drain()
        except OSError as error:
            raise CaptureChannelBroken(error.strerror or str(error)) from error

    async def receive(self) -> bytes | None:
        """The next message, None at the end of the channel.

        Raises CaptureChannelBroken for an end in the middle of a message, or one that would be too long.
        """
        head = await self._read(_LENGTH_BYTES)
        if not head:
            return None
        length = int.from_bytes(head, "big") if len(head) == _LENGTH_BYTES else 0
        if length > MESSAGE_MAX_BYTES:
            raise CaptureChannelBroken(f"a message of {length} bytes is announced")
        body = await self._read(length)
        if len(head) < _LENGTH_BYTES or len(body) < length:
            raise CaptureChannelBroken("it ends in the middle of a message")
        return body

    async def _read(self, size: int) -> bytes:
        """`size` bytes, or fewer at the end of the channel."""
        try:
            return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            return error.partial
        except ConnectionResetError:  # the other end was killed with our bytes unread
            return b""
        except OSError as error:
            raise CaptureChannelBroken(error.strerror or str(error)) from error

    async def close(self) -> None:
        """Hang up. What has not been sent by then is thrown away."""
        self._writer.transport.abort()
        with suppress(OSError, TimeoutError):  # how it broke does not matter any more
            await asyncio.wait_for(self._writer.wait_closed(), _CLOSE_LIMIT_S)


async def channel_on(sock: socket.socket) -> Channel:
    """A channel that owns `sock`, a connected stream socket."""
    sock.settimeout(0)
    return Channel(*await asyncio.open_unix_connection(sock=sock, limit=MESSAGE_MAX_BYTES))
