"""The two ends of the relay, as real aiortc peers on loopback: a unit that sends, and a viewer that decodes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import av
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from fleet.media import peers
from fleet.media.browser import BrowserViewer, watch
from fleet.media.frames import EncodedFrame, MediaKind
from fleet.media.receiving import PacketTap
from fleet.media.unit_stream import StreamSettings, UnitStream, Viewer
from fleet.media.vigil import VigilLimits
from protocols.opening import IceServer
from tests.support.media_relay_lossy import LossyLine
from tests.support.media_relay_source import Camera, SentTrack, audio_track, luma_of, number_in, video_track

LOOPBACK = peers.PeerSettings(addresses=("127.0.0.1",))
SETTINGS = StreamSettings(peer=LOOPBACK, vigil=VigilLimits(connect_s=20))
OPENING = "open-0123456789abcdef01234567"


@dataclass
class Told:
    """What a stream told the log, in order."""

    lines: list[tuple[str, ...]] = field(default_factory=list)

    def began(self, modality: MediaKind) -> None:
        self.lines.append(("began", modality))

    def ended(self, reason: str) -> None:
        self.lines.append(("ended", reason))

    def viewer_joined(self, viewer: Viewer) -> None:
        self.lines.append(("joined", viewer.person))

    def viewer_left(self, viewer: Viewer, reason: str) -> None:
        self.lines.append(("left", viewer.person, reason))


@dataclass
class Unit:
    """A unit that answered an offer."""

    connection: RTCPeerConnection
    answer: str
    video: SentTrack | None
    audio: SentTrack | None
    keyframe_requests: list[float] = field(default_factory=list)

    async def vanish(self) -> None:
        """Go without a word: nothing more is sent, and nothing answered."""
        transport = self.connection.getTransceivers()[0].receiver.transport.transport
        for protocol in transport.iceGatherer._connection._protocols:
            protocol.transport.abort()


async def answering_unit(
    offer: str,
    camera: Camera | None = None,
    microphone: bool = False,
    servers: Sequence[IceServer] = (),
    relay_only: bool = False,
) -> Unit:
    """A unit that sends what `camera` and a microphone make, once the other end has its answer."""
    connection = peers.new_connection(peers.PeerSettings(ice_servers=servers))
    if relay_only:
        connection = _relayed(servers)
    video = video_track(camera) if camera else None
    audio = audio_track() if microphone else None
    unit = Unit(connection, "", video, audio)
    for track, kind in ((video, "video"), (audio, "audio")):
        if track is not None:
            transceiver = connection.addTransceiver(track, direction="sendonly")
            peers.prefer(transceiver, "video" if kind == "video" else "audio")
            if not relay_only:
                peers.bind(transceiver, LOOPBACK.addresses)
            if kind == "video":
                transceiver.sender._send_keyframe = (  # type: ignore[method-assign] # counts what the relay asks
                    lambda: unit.keyframe_requests.append(asyncio.get_running_loop().time())
                )
    await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
    await connection.setLocalDescription()
    unit.answer = connection.localDescription.sdp
    return unit


def _relayed(servers: Sequence[IceServer]) -> RTCPeerConnection:
    given = [RTCIceServer(urls=list(s.urls), username=s.username, credential=s.credential) for s in servers]
    return RTCPeerConnection(RTCConfiguration(given, RTCIceTransportPolicy.RELAY, RTCBundlePolicy.MAX_BUNDLE))


@asynccontextmanager
async def live_stream(
    camera: Camera | None = None,
    microphone: bool = False,
    settings: StreamSettings = SETTINGS,
    told: Told | None = None,
) -> AsyncIterator[tuple[UnitStream, Unit]]:
    """A unit's stream through the relay, ended on leaving."""
    has: dict[MediaKind, bool] = {"video": camera is not None, "audio": microphone}
    kinds = [kind for kind, there in has.items() if there]
    stream = UnitStream(OPENING, kinds, told or Told(), settings)
    unit = None
    try:
        unit = await answering_unit(await stream.offer(), camera, microphone)
        await stream.answer(unit.answer)
        yield stream, unit
    finally:
        await stream.close()
        if unit is not None:
            await unit.connection.close()


class Screen:
    """A viewer that decodes: the numbers of the pictures it has seen, in order, and how loud the sound was."""

    def __init__(self) -> None:
        self.connection = peers.new_connection(LOOPBACK)
        self.numbers: list[int] = []
        self.sounds = 0
        self.loudest = 0
        self.changed = asyncio.Condition()
        self.browser: BrowserViewer | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self.connection.on("track", self._on_track)

    def _on_track(self, track: Any) -> None:
        self.tasks.append(asyncio.create_task(self._look(track)))

    async def _look(self, track: Any) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                async with self.changed:
                    if isinstance(frame, av.VideoFrame):
                        self.numbers.append(number_in(luma_of(frame)))
                    else:
                        self.sounds += 1
                        self.loudest = max(self.loudest, int(abs(frame.to_ndarray()).max()))
                    self.changed.notify_all()

    async def offer(self, kinds: Sequence[MediaKind] = ("video",)) -> str:
        for kind in kinds:
            peers.bind(self.connection.addTransceiver(kind, direction="recvonly"), LOOPBACK.addresses)
        await self.connection.setLocalDescription()
        return self.connection.localDescription.sdp

    async def seen(self, count: int, limit_s: float = 25.0) -> list[int]:
        """The pictures seen, once there are `count`."""
        async with asyncio.timeout(limit_s), self.changed:
            await self.changed.wait_for(lambda: len(self.numbers) >= count)
        return self.numbers


@asynccontextmanager
async def screen(
    stream: UnitStream,
    person: str = "p-one",
    kinds: Sequence[MediaKind] = ("video",),
    line: LossyLine | None = None,
) -> AsyncIterator[Screen]:
    """A viewer of `stream`, behind `line` if there is one; it leaves on leaving."""
    viewer = Screen()
    try:
        offer = await viewer.offer(kinds)
        if line is not None:
            await line.open()
            offer = line.offer_for_unit(offer)
        viewer.browser = await watch(stream, offer, Viewer(f"v-{person}", person, "browser"))
        answer = viewer.browser.answer if line is None else line.answer_for_relay(viewer.browser.answer)
        await viewer.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        yield viewer
    finally:
        if viewer.browser is not None:
            await viewer.browser.close()
        await viewer.connection.close()
        if line is not None:
            line.close()
        for task in viewer.tasks:
            task.cancel()
        await asyncio.gather(*viewer.tasks, return_exceptions=True)


class Bytes:
    """A sink that keeps the encoded frames of one receiver."""

    def __init__(self) -> None:
        self.frames: list[EncodedFrame] = []
        self.there = asyncio.Event()
        self.wanted = 0

    def frame(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)
        if len(self.frames) >= self.wanted:
            self.there.set()

    def gap(self) -> None:
        """Nothing."""

    def over(self) -> None:
        """Nothing."""

    async def received(self, count: int, limit_s: float = 25.0) -> list[EncodedFrame]:
        """The frames, once there are `count`."""
        self.wanted = count
        self.there.clear()
        if len(self.frames) < count:
            async with asyncio.timeout(limit_s):
                await self.there.wait()
        return self.frames


def tapped(connection: RTCPeerConnection) -> Bytes:
    """The encoded frames of the connection's first receiver, from its first one on."""
    sink = Bytes()
    PacketTap(connection.getReceivers()[0], "video", sink)
    return sink
