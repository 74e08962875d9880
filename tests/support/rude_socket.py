"""A websocket of the API, for clients that keep to no rules: what they send, and how they are sent away."""

import asyncio
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.controller import RunningApi

LIMIT_S = 60.0


def socket_at(api: RunningApi, path: str) -> connect:
    """The socket at `path`, with its query."""
    trust = ssl.create_default_context(cafile=str(api.ca_file))
    return connect(api.url.replace("https", "wss") + path, ssl=trust, proxy=None)


async def closed(socket: ClientConnection) -> int | None:
    """The code with which the controller closes it, whatever it says before; None when it just breaks off."""
    async with asyncio.timeout(LIMIT_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None
