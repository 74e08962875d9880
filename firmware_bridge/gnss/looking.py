"""Listens to a receiver for some seconds. Nothing is sent to it."""

import asyncio
from typing import Protocol

from firmware_bridge.errors import DeviceSilent, LineOverrun
from firmware_bridge.gnss.figures import GnssFigures, Look
from firmware_bridge.gnss.splitting import Splitter

LOOK_S = 5.0
"""Receivers tell all there is once a second, slow ones each other second."""

_REQUEST = "listen to the receiver"


class Heard(Protocol):
    """What can be listened to: a Line, or anything else that gives bytes."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def read(self) -> bytes:
        """The next bytes, at least one."""
        ...


async def look(receiver: Heard, for_s: float = LOOK_S) -> GnssFigures:
    """What the receiver says within `for_s` seconds; sooner, once it has said everything twice.

    Raises DeviceSilent where nothing came that is NMEA or UBX, and what `receiver.read` raises.
    """
    seen = Look()
    splitter = Splitter()
    try:
        async with asyncio.timeout(for_s):
            while not seen.is_whole:
                try:
                    content = await receiver.read()
                except LineOverrun:
                    splitter = Splitter()
                    continue
                for piece in splitter.feed(content):
                    seen.take(piece)
    except TimeoutError:
        if not seen.said_anything:
            raise DeviceSilent(receiver.name, _REQUEST, for_s) from None
    return seen.figures()
