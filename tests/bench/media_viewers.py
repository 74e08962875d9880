"""Who looks on in the benchmark: a WebRTC peer that decodes, as a browser does, and a terminal's preview.

Both read the camera's frame counter out of each picture. Picture n was drawn at `clock0_boot_ns + n / fps` on the clock
of this machine: the difference is glass to glass, but for the light of a lens and of a screen.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import av
import httpx
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from PIL import Image

from edge_agent.media.synthetic.camera import boot_ns
from edge_agent.media.synthetic.counter import read_counter
from fleet.media import peers
from tests.support.open_house import OpenHouse

LOOPBACK = peers.PeerSettings(addresses=("127.0.0.1",))
_LIMIT_S = 30.0
_SDP = {"content-type": "application/sdp"}


@dataclass
class Sight:
    """What a viewer saw: how old each picture was when it was decoded, and their size."""

    clock0_boot_ns: int
    fps: int
    ages_ms: list[float] = field(default_factory=list)
    unreadable: int = 0
    size: tuple[int, int] = (0, 0)
    begun_s: float = field(default_factory=time.monotonic)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, luma: Any, width: int, height: int, line_bytes: int | None = None) -> None:
        """A picture was decoded just now."""
        now_boot_ns = boot_ns()
        number = read_counter(luma, width, height, line_bytes)
        self.size = width, height
        if number is None:
            self.unreadable += 1
        else:
            self.ages_ms.append((now_boot_ns - self.clock0_boot_ns) / 1e6 - number * 1000 / self.fps)
        self._changed.set()

    def forget(self) -> None:
        """Begin anew."""
        self.ages_ms.clear()
        self.unreadable = 0
        self.begun_s = time.monotonic()

    @property
    def pictures_per_s(self) -> float:
        """Since it began."""
        return (len(self.ages_ms) + self.unreadable) / max(0.001, time.monotonic() - self.begun_s)

    async def sees(self, pictures: int) -> None:
        """Wait for so many readable pictures; raises TimeoutError."""
        async with asyncio.timeout(_LIMIT_S):
            while len(self.ages_ms) < pictures:
                self._changed.clear()
                await self._changed.wait()


def sight(house: OpenHouse) -> Sight:
    """Of the house's camera as it runs now."""
    listening = house.unit.camera.events("listening")[-1]
    return Sight(listening["clock0_boot_ns"], listening["fps"])


class Peer:
    """A WebRTC viewer. `offer`, then `take`; what it sees is in `sight`."""

    def __init__(self, seen: Sight) -> None:
        self.sight = seen
        self._connection: RTCPeerConnection = peers.new_connection(LOOPBACK)
        self._connection.on("track", self._on_track)
        self._looking: list[asyncio.Task[None]] = []

    async def offer(self) -> str:
        """The session description for whoever sends."""
        peers.bind(self._connection.addTransceiver("video", direction="recvonly"), LOOPBACK.addresses)
        await self._connection.setLocalDescription()
        return self._connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        """See what the sender of `answer` shows."""
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def ask_keyframe(self) -> None:
        """Say that it can not go on without a key frame, as a browser does that has lost something."""
        [receiver] = self._connection.getReceivers()
        for source in receiver._RTCRtpReceiver__remote_streams:  # type: ignore[attr-defined] # told nowhere else
            await receiver._send_rtcp_pli(source)

    def _on_track(self, track: Any) -> None:
        self._looking.append(asyncio.create_task(self._look(track), name="look"))

    async def _look(self, track: Any) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.VideoFrame)
                plane = frame.planes[0]
                self.sight.see(memoryview(plane), frame.width, frame.height, plane.line_size)

    async def close(self) -> None:
        """Go."""
        await self._connection.close()
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)


async def whep(house: OpenHouse, opening: str, offer: str) -> str:
    """The controller's answer to a viewer's offer, over a link that is good once."""
    token = (await house.door.watch_link(opening)).url.rpartition("/")[2]
    url = f"https://127.0.0.1:{house.ports.api}"
    trust = ssl.create_default_context(cafile=str(house.place.controller / "ca" / "root.crt"))
    async with httpx.AsyncClient(base_url=url, verify=trust, timeout=_LIMIT_S) as client:
        response = await client.post(f"/whep/{token}", content=offer, headers=_SDP)
    response.raise_for_status()
    return response.text


@asynccontextmanager
async def peer_at(house: OpenHouse, opening: str) -> AsyncIterator[Peer]:
    """A WebRTC viewer of a check behind the controller, until the block ends."""
    peer = Peer(sight(house))
    try:
        await peer.take(await whep(house, opening, await peer.offer()))
        yield peer
    finally:
        await peer.close()


@asynccontextmanager
async def terminal_at(house: OpenHouse, opening: str) -> AsyncIterator[Sight]:
    """A terminal at the preview of a check, until the block ends."""
    seen = sight(house)
    looking = asyncio.create_task(_look(house, opening, seen), name="terminal")
    try:
        yield seen
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look(house: OpenHouse, opening: str, seen: Sight) -> None:
    async with house.door.preview(opening, columns=160, rows=45) as preview:
        async for item in preview:
            if isinstance(item, bytes):
                seen.see(*decoded(item))


def decoded(jpeg: bytes) -> tuple[bytes, int, int]:
    """The luma, width and height of a picture."""
    picture = Image.open(BytesIO(jpeg)).convert("L")
    return picture.tobytes(), picture.width, picture.height
