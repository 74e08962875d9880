"""A track of packets that a thread fills and aiortc's sender empties."""

import asyncio
import threading

from aiortc import MediaStreamTrack

from edge_agent.media.group import Unit

_LIMIT = 400
"""Packets: two groups of pictures at 60 a second and more, some seconds of sound."""


class PacketTrack(MediaStreamTrack):
    """Encoded packets, in a bounded queue. Only what came after the sender's first look is wanted."""

    def __init__(self, kind: str) -> None:
        """`kind`: video or audio. From the event loop's thread."""
        super().__init__()
        self.kind = kind
        self._owner = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Unit] = asyncio.Queue()
        self._unsent = 0
        self._counting = threading.Lock()
        self.wanted = False
        self.sent_bytes = 0
        self.sent_packets = 0

    def offer(self, packet: Unit) -> bool:
        """From any thread: hand `packet` over; False, and nothing is kept, when the sender is too far behind."""
        with self._counting:
            if self._unsent >= _LIMIT:
                return False
            self._unsent += 1
        self._owner.call_soon_threadsafe(self._queue.put_nowait, packet)
        return True

    async def recv(self) -> Unit:
        """The next packet, for aiortc."""
        self.wanted = True
        packet = await self._queue.get()
        with self._counting:
            self._unsent -= 1
        self.sent_bytes += packet.size
        self.sent_packets += 1
        return packet
