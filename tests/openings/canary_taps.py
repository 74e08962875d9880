"""Where the canary campaign takes media from: the camera's own socket, and a viewer of its own. In memory only."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import av
import httpx
from aiortc import RTCSessionDescription

from fleet.media import peers
from fleet.media.frames import EncodedFrame, MediaKind
from fleet.media.receiving import PacketTap
from tests.openings.canary_patterns import Patterns
from tests.support.open_house import OpenHouse
from tests.support.waiting import until

_LOOPBACK = ("127.0.0.1",)
_READ = 1 << 16
_ROW = 64
_FRAMES_READ = 6
_OK = b"ok\n"


class CameraTap:
    """Stands at the camera's socket in its place, and passes everything on; `streams` are what it has sent, by
    connection."""

    def __init__(self, camera: Path) -> None:
        self.streams: list[bytearray] = []
        self._camera = camera
        self._real = camera.with_suffix(".real")

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["CameraTap"]:
        """Until the block ends; the camera has to be listening already."""
        self._camera.rename(self._real)
        server = await asyncio.start_unix_server(self._pass_on, self._camera)
        try:
            yield self
        finally:
            server.close()

    def take(self) -> list[bytes]:
        """What was sent since the last call."""
        taken, self.streams = self.streams, []
        return [bytes(one) for one in taken]

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = bytearray()
        self.streams.append(kept)
        from_camera, to_camera = await asyncio.open_unix_connection(self._real)
        both = [
            asyncio.create_task(_pump(reader, to_camera, None), name="to the camera"),
            asyncio.create_task(_pump(from_camera, writer, kept), name="from the camera"),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        for end in (writer, to_camera):
            end.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray | None) -> None:
    with suppress(OSError):
        while data := await source.read(_READ):
            if kept is not None:
                kept += data
            sink.write(data)
            await sink.drain()


def learn_stream(patterns: Patterns, stream: bytes) -> None:
    """What was in one connection's stream: encoded pictures, samples, and rows of some decoded pictures."""
    with suppress(av.FFmpegError):  # it was cut off where the unit closed it
        container: Any = av.open(io.BytesIO(stream.removeprefix(_OK)), format="nut")
        read = 0
        for packet in container.demux():
            patterns.add("pcm" if packet.stream.type == "audio" else "nal", bytes(packet))
            if packet.stream.type == "video" and read < _FRAMES_READ:
                for frame in packet.decode():
                    read += 1
                    _learn_picture(patterns, frame)


def _learn_picture(patterns: Patterns, frame: av.VideoFrame) -> None:
    for kind, form in (("row", "gray"), ("rgb", "rgb24")):
        rows = frame.to_ndarray(format=form)
        for row in rows[:: frame.height // 20]:
            patterns.add(kind, row.tobytes(), stride=_ROW, window=_ROW, distinct=4)


def learn_jpeg(patterns: Patterns, picture: bytes) -> None:
    """The scan of a preview picture."""
    patterns.add("jpeg", picture[picture.index(b"\xff\xda") + 14 :])


class _Sink:
    def __init__(self) -> None:
        self.frames: list[EncodedFrame] = []

    def frame(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)

    def gap(self) -> None:
        """Nothing."""

    def over(self) -> None:
        """Nothing."""


async def learn_relayed(patterns: Patterns, house: OpenHouse, opening: str, frames: int) -> None:
    """Watch by a link as a browser does, and learn the encoded frames of each kind as they come from the relay."""
    link = httpx.URL((await house.door.watch_link(opening)).url)
    trust = ssl.create_default_context(cafile=str(house.place.controller / "ca" / "root.crt"))
    connection = peers.new_connection(peers.PeerSettings(addresses=_LOOPBACK))
    kinds: tuple[MediaKind, ...] = ("video", "audio")
    sinks = {kind: _Sink() for kind in kinds}
    try:
        for kind in kinds:
            transceiver = connection.addTransceiver(kind, direction="recvonly")
            peers.bind(transceiver, _LOOPBACK)
            PacketTap(transceiver.receiver, kind, sinks[kind])
        await connection.setLocalDescription()
        base = f"{link.scheme}://{link.netloc.decode()}"
        async with httpx.AsyncClient(base_url=base, verify=trust) as client:
            path = f"/whep/{link.path.rpartition('/')[2]}"
            headers = {"content-type": "application/sdp"}
            answer = await client.post(path, content=connection.localDescription.sdp, headers=headers)
            assert answer.status_code == 201, answer.text
            await connection.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))

            async def enough() -> bool:
                return all(len(sink.frames) >= frames for sink in sinks.values())

            await until(enough)
            await client.delete(answer.headers["location"])
    finally:
        await connection.close()
    for frame in sinks["audio"].frames:
        patterns.add("opus", frame.data, stride=16, window=24)
    for frame in sinks["video"].frames:
        patterns.add("nal", frame.data)
