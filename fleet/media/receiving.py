"""The seam in aiortc: one receiver hands on what it received, encoded, instead of decoding it.

aiortc puts each complete encoded frame into a queue, out of which a thread decodes. Here that queue is another one, in
one receiver of one connection: what is put into it goes to us at once, in the event loop, and the thread waits until
the end. NACK, retransmission, reports, bandwidth estimate, and the jitter buffer of sounds stay aiortc's own; that of
pictures is `PictureBuffer`. PLIs go through `PacketTap.ask_keyframe`, so that they can be merged with those of the
viewers.

Names that are private to aiortc are used in this module, `peers` and `tracks` only; `test_relay_seam`
fails when one of them is gone. docs/decisions/0010-media-pass-through.md says what else was considered.
"""

import queue
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from fleet.media.figures import Received
from fleet.media.frames import EncodedFrame, MediaKind
from fleet.media.h264 import is_keyframe

_PASSED = {"video/h264", "audio/opus"}
_VIDEO_PACKETS = 512
_QUEUE = "_RTCRtpReceiver__decoder_queue"
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_MISSING = "_RTCRtpReceiver__nack_generator"
_STREAMS = "_RTCRtpReceiver__remote_streams"


class Sink(Protocol):
    """Takes what one receiver receives; called in the event loop, must return at once and not raise."""

    def frame(self, frame: EncodedFrame) -> None:
        """A complete encoded frame, in the order of the stream."""

    def gap(self) -> None:
        """Video was lost for good: what follows can not be decoded before the next keyframe."""

    def over(self) -> None:
        """The unit has said that it sends no more."""


class _HandedOn(queue.Queue[Any]):
    """Stands in for the decoder's queue: only the end reaches the decoder's thread."""

    def __init__(self, kind: MediaKind, sink: Sink) -> None:
        super().__init__()
        self._kind: MediaKind = kind
        self._sink = sink

    def put(self, item: tuple[RTCRtpCodecParameters, JitterFrame] | None, *_: object, **__: object) -> None:
        if item is None:
            super().put(None)
            self._sink.over()
            return
        codec, frame = item
        if codec.mimeType.lower() in _PASSED:
            keyframe = self._kind == "audio" or is_keyframe(frame.data)
            self._sink.frame(EncodedFrame(self._kind, frame.data, frame.timestamp, keyframe))


class PictureBuffer(JitterBuffer):
    """Gives a picture with its last packet, which RTP marks (RFC 6184, 5.1), where all before it are there.

    aiortc waits for the first packet of the next picture: 40 ms at 25 pictures a second, 200 ms at 5.
    """

    def __init__(self) -> None:
        super().__init__(capacity=_VIDEO_PACKETS, is_video=True)

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        assert self._origin is not None, "a packet was added"
        body: list[bytes] = []
        timestamp: int | None = None
        for count in range(self.capacity):
            packet = self._packets[(self._origin + count) % self.capacity]
            if packet is None or timestamp not in {None, packet.timestamp}:
                break
            timestamp = packet.timestamp
            body.append(packet._data)  # type: ignore[attr-defined] # noqa: SLF001 - what the receiver has unpacked
            if packet.marker:
                self.remove(count + 1)
                return JitterFrame(b"".join(body), timestamp)
        return super()._remove_frame(sequence_number)


class PacketTap:
    """Gives `sink` what `receiver` receives, from before it has begun to receive."""

    def __init__(self, receiver: RTCRtpReceiver, kind: MediaKind, sink: Sink) -> None:
        self._receiver = receiver
        self._sink = sink
        self._kind: MediaKind = kind
        if not isinstance(getattr(receiver, _QUEUE), queue.Queue):
            raise TypeError("this aiortc has no decoder queue")
        setattr(receiver, _QUEUE, _HandedOn(kind, sink))
        if kind == "video":
            setattr(receiver, _JITTER_BUFFER, PictureBuffer())
        self._send_pli: Callable[[int], Awaitable[None]] = receiver._send_rtcp_pli  # noqa: SLF001 - the seam
        receiver._send_rtcp_pli = self._lost  # type: ignore[method-assign, assignment] # noqa: SLF001 - the seam

    async def _lost(self, _media_ssrc: int) -> None:
        self._sink.gap()

    async def ask_keyframe(self) -> None:
        """Send a PLI to the unit; nothing before its first packet."""
        source = self._source()
        if source is not None:
            await self._send_pli(source)

    @property
    def missing(self) -> int:
        """How many video packets are missing, and may still come."""
        return len(getattr(self._receiver, _MISSING).missing) if self._kind == "video" else 0

    def give_up(self) -> None:
        """No longer wait for what is missing; the sink hears of a gap.

        aiortc waits until its buffer is full: on a stream of few packets that is a quarter of a minute.
        """
        if self._kind == "video":
            getattr(self._receiver, _MISSING).missing.clear()
            setattr(self._receiver, _JITTER_BUFFER, PictureBuffer())
            self._sink.gap()

    def received(self) -> Received:
        """Packets of the media itself, retransmissions on a stream of their own not counted."""
        streams = getattr(self._receiver, _STREAMS)
        first = next(iter(streams.values()), None)
        if first is None:
            return Received()
        return Received(first.packets_received, first.packets_expected, first.jitter)

    def _source(self) -> int | None:
        """The media's SSRC. Retransmissions have another, which comes later."""
        return next(iter(getattr(self._receiver, _STREAMS)), None)
