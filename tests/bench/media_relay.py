"""A relay that decodes and encodes, to compare the controller's own with: aiortc as it comes, in a process of its own.

It watches like any browser, decodes what it is sent, and encodes that again for one viewer. JSON lines: it writes
`{"offer": SDP}` and reads `{"answer": SDP}` for what it watches; then it reads `{"viewer": SDP}` and writes
`{"sent": SDP}`. It ends when its standard input does.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiortc import MediaStreamTrack, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from fleet.media import peers
from tests.bench.close_place import Told, running
from tests.bench.lines import tell
from tests.bench.media_viewers import LOOPBACK, Peer, Sight, sight, whep
from tests.support.open_house import OpenHouse

_LONGEST_LINE = 256 * 1024


async def relay() -> None:
    """From the offer to the end of standard input."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    watched, shown = peers.new_connection(LOOPBACK), peers.new_connection(LOOPBACK)
    tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue(1)
    watched.on("track", tracks.put_nowait)
    peers.bind(watched.addTransceiver("video", direction="recvonly"), LOOPBACK.addresses)
    try:
        await watched.setLocalDescription()
        tell(json.dumps({"offer": watched.localDescription.sdp}))
        answer = (await _line(reader))["answer"]
        await watched.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        newest = MediaRelay().subscribe(await tracks.get(), buffered=False)  # what has piled up is left out
        sending = shown.addTransceiver(newest, direction="sendonly")
        peers.prefer(sending, "video")
        peers.bind(sending, LOOPBACK.addresses)
        offer = (await _line(reader))["viewer"]
        await shown.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await shown.setLocalDescription()
        tell(json.dumps({"sent": shown.localDescription.sdp}))
        await reader.read()
    finally:
        await asyncio.gather(watched.close(), shown.close())


async def _line(reader: asyncio.StreamReader) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(await reader.readline())
    return line


@asynccontextmanager
async def reencoded_for(house: OpenHouse, opening: str) -> AsyncIterator[tuple[int, Sight]]:
    """A viewer of a check behind such a relay, until the block ends: the relay's process id, and what is seen."""
    async with running([sys.executable, "-m", "tests.bench.media_relay"]) as told:
        peer = Peer(sight(house))
        try:
            told.tell(answer=await whep(house, opening, await _said(told, "offer")))
            told.tell(viewer=await peer.offer())
            await peer.take(await _said(told, "sent"))
            yield told.process.pid, peer.sight
        finally:
            await peer.close()


async def _said(told: Told, key: str) -> str:
    await told.until(lambda: key in told.latest)
    text: str = told.latest[key][key]
    return text


if __name__ == "__main__":
    asyncio.run(relay())
