"""A media child under a real supervisor, and a controller's end of its connection, in a test's process."""

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aioice.ice
import av
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription

from edge_agent.capture.capture import Capture
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.media.messages import Answer, Begin, Fault, Figures, FromChild, Modality, Ready, encode, from_child
from edge_agent.media.synthetic.counter import read_counter

CHILD = [sys.executable, "-m", "edge_agent.media.child"]
LOOPBACK = "127.0.0.1"
LIMIT_S = 60.0
_LIFE_MS = 240_000

_Said = TypeVar("_Said", bound=FromChild)


class Child:
    """What one child says, in order."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.said: list[FromChild] = []
        self._changed = asyncio.Condition()
        self._hearing = asyncio.create_task(self._hear(), name="child's words")

    async def _hear(self) -> None:
        while (body := await self.capture.channel.receive()) is not None:
            async with self._changed:
                self.said.append(from_child(body))
                self._changed.notify_all()

    async def tell(self, message: Any) -> None:
        await self.capture.channel.send(encode(message))

    async def until(
        self, kind: type[_Said], fits: Callable[[_Said], bool] = lambda _: True, limit_s: float = LIMIT_S
    ) -> _Said:
        """The first message of `kind` that fits, said already or to come; raises TimeoutError."""
        async with asyncio.timeout(limit_s), self._changed:
            while True:
                for message in self.said:
                    if isinstance(message, kind) and fits(message):
                        return message
                await self._changed.wait()

    def all(self, kind: type[_Said]) -> list[_Said]:
        return [message for message in self.said if isinstance(message, kind)]

    async def hang_up(self) -> None:
        self._hearing.cancel()
        await asyncio.gather(self._hearing, return_exceptions=True)
        await self.capture.channel.close()

    async def close(self) -> None:
        await self.hang_up()
        await self.capture.close()


@asynccontextmanager
async def ready_child() -> AsyncIterator[Child]:
    """A child that has said Ready; ended with its supervisor when left."""
    async with CaptureKeeper(CHILD) as keeper:
        now_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        child = Child(await keeper.open(f"open-{secrets.token_hex(12)}", now_ms + _LIFE_MS))
        try:
            await child.until(Ready)
            yield child
        finally:
            await child.close()


class Receiver:
    """The controller's end: receives, decodes, and reads the counter in the pictures."""

    def __init__(self, modalities: Sequence[Modality] = ("video", "audio")) -> None:
        self.modalities = tuple(modalities)
        self.numbers: list[int] = []
        self.sizes: list[tuple[int, int]] = []
        self.sound: list[Any] = []
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Condition()
        for modality in self.modalities:
            transceiver = self.connection.addTransceiver(modality, direction="recvonly")
            names = {"video/H264", "video/rtx", "audio/opus"}
            known = RTCRtpReceiver.getCapabilities(modality)
            assert known is not None
            transceiver.setCodecPreferences([codec for codec in known.codecs if codec.mimeType in names])
        self.connection.on("track", self._on_track)

    def _on_track(self, track: Any) -> None:
        self._tasks.append(asyncio.create_task(self._take(track), name=f"receive {track.kind}"))

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def connect(self, child: Child, begin: Begin) -> None:
        """Have the child begin, and take its answer."""
        await child.tell(begin)
        await self.accept((await child.until(Answer)).sdp)

    async def begin(self, source: str, **more: Any) -> Begin:
        """A Begin for `source`, over loopback, with the offer of this end."""
        return Begin(
            opening="open-0",
            modalities=self.modalities,
            video_source=source,
            audio_source=more.pop("audio_source", source),
            offer_sdp=await self.offer(),
            addresses=(LOOPBACK,),
            **more,
        )

    async def _take(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            async with self._changed:
                if isinstance(frame, av.VideoFrame):
                    self._read(frame)
                else:
                    self.sound.append(frame)
                self._changed.notify_all()

    def _read(self, frame: av.VideoFrame) -> None:
        plane: Any = frame.planes[0]
        number = read_counter(memoryview(plane), frame.width, frame.height, plane.line_size)
        self.sizes.append((frame.width, frame.height))
        if number is not None:
            self.numbers.append(number)

    async def until(self, condition: Callable[["Receiver"], bool]) -> None:
        """Wait until what was received fits; raises TimeoutError."""
        async with asyncio.timeout(LIMIT_S), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()


@asynccontextmanager
async def receiver(modalities: Sequence[Modality] = ("video", "audio")) -> AsyncIterator[Receiver]:
    made = Receiver(modalities)
    try:
        yield made
    finally:
        await made.close()


def over_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have connections of this process use loopback only."""

    def only_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [LOOPBACK]

    monkeypatch.setattr(aioice.ice, "get_host_addresses", only_loopback)


def figures_of(child: Child) -> Figures:
    return child.all(Figures)[-1]


def faults_of(child: Child) -> list[tuple[Modality, str]]:
    return [(fault.modality, fault.reason) for fault in child.all(Fault)]
