"""Messages of bytes between agent and child over a stream socket: each a length in 4 bytes, big-endian, then itself."""

import asyncio
import socket
from contextlib import suppress

from edge_agent.errors import CaptureChannelBroken

MESSAGE_MAX_BYTES = 256 * 1024
_LENGTH_BYTES = 4
_READ_BYTES = 65_536


class Channel:
    """One end; it owns `sock`, a connected stream socket.

    Sending and receiving wait for the other end without a limit of their own: the child's deadline breaks the channel.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self._socket = sock
        self._unread = bytearray()
        self._sending = asyncio.Lock()
        self._receiving = asyncio.Lock()

    async def send(self, message: bytes) -> None:
        """Hand over `message` to Linux, waiting while the other end is slow. It then arrives even if this end dies.

        Raises ValueError for one that is too long; CaptureChannelBroken when the other end is gone, this one is closed,
        or an earlier send was cancelled in the middle.
        """
        if len(message) > MESSAGE_MAX_BYTES:
            raise ValueError(f"a message has at most {MESSAGE_MAX_BYTES} bytes, not {len(message)}")
        async with self._sending:
            try:
                data = len(message).to_bytes(_LENGTH_BYTES, "big") + message
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
            except OSError as error:
                raise CaptureChannelBroken(error.strerror or str(error)) from error
            except asyncio.CancelledError:
                with suppress(OSError):  # the other end is gone already
                    self._socket.shutdown(socket.SHUT_WR)  # what follows would be taken for the rest of the message
                raise

    async def receive(self) -> bytes | None:
        """The next message, None at the end of the channel or once it is closed here. May be cancelled at any moment.

        Raises CaptureChannelBroken for an end in the middle of a message, or one that would be too long.
        """
        async with self._receiving:
            if not await self._have(_LENGTH_BYTES):
                if self._unread:
                    raise CaptureChannelBroken("it ends in the middle of a message")
                return None
            length = int.from_bytes(self._unread[:_LENGTH_BYTES], "big")
            if length > MESSAGE_MAX_BYTES:
                raise CaptureChannelBroken(f"a message of {length} bytes is announced")
            if not await self._have(_LENGTH_BYTES + length):
                raise CaptureChannelBroken("it ends in the middle of a message")
            message = bytes(self._unread[_LENGTH_BYTES : _LENGTH_BYTES + length])
            del self._unread[: _LENGTH_BYTES + length]
            return message

    async def _have(self, size: int) -> bool:
        """Read until `size` bytes are unread; False when the channel ends before."""
        while len(self._unread) < size:
            try:
                data = await asyncio.get_running_loop().sock_recv(self._socket, _READ_BYTES)
            except OSError:  # closed here, or the other end was killed with our bytes unread
                return False
            if not data:
                return False
            self._unread += data
        return True

    async def close(self) -> None:
        """Hang up: whoever sends or receives here is through with it. What was sent before still arrives."""
        with suppress(OSError):  # the other end is gone already, or this one is closed
            self._socket.shutdown(socket.SHUT_RDWR)
        async with self._sending, self._receiving:
            self._socket.close()
