"""The figures of one stream, counted as its frames go by."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.media.frames import CLOCK_HZ, EncodedFrame, MediaKind
from fleet.media.h264 import PictureFormat
from protocols.api.checks import StreamFigures

_WINDOW = 3
"""Figures are over the last two seconds: between the oldest and the newest of three counts, one a second."""
_PINGS = 5


@dataclass(frozen=True, slots=True)
class Received:
    """Counted since the beginning: RTP packets, and those that should have come; `jitter_ticks` as RFC 3550 has it."""

    packets: int = 0
    expected: int = 0
    jitter_ticks: int = 0


@dataclass(frozen=True, slots=True)
class _Count:
    at_s: float
    pictures: int
    byte_count: int
    received: Received


class Meter:
    """Counts the frames of a stream. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.pictures = 0
        self.sounds = 0
        self.byte_count = 0
        self.keyframes_asked = 0
        self._counts: deque[_Count] = deque(maxlen=_WINDOW)
        self._pings: deque[float] = deque(maxlen=_PINGS)

    def frame(self, frame: EncodedFrame) -> None:
        """Count a frame from the unit."""
        if frame.kind == "video":
            self.pictures += 1
        else:
            self.sounds += 1
        self.byte_count += len(frame.data)

    def pinged(self, round_trip_ms: float | None) -> None:
        """Note a measured round trip; None, one that was not answered, is left out."""
        if round_trip_ms is not None:
            self._pings.append(round_trip_ms)

    def is_due(self, now_s: float, every_s: float) -> bool:
        """Whether the last count is `every_s` old."""
        return not self._counts or now_s - self._counts[-1].at_s >= every_s

    def figures(
        self, now_s: float, received: Mapping[MediaKind, Received], picture: PictureFormat | None
    ) -> StreamFigures:
        """The figures of the last two seconds; loss and jitter are those of the video, if there is one.

        Bits are those of the encoded frames, without the headers of the network.
        """
        kind: MediaKind = "video" if "video" in received else "audio"
        of_kind = received.get(kind, Received())
        self._counts.append(_Count(now_s, self.pictures, self.byte_count, of_kind))
        first, last = self._counts[0], self._counts[-1]
        span_s = last.at_s - first.at_s
        rates = span_s > 0
        return StreamFigures(
            fps=round((last.pictures - first.pictures) / span_s, 1) if rates and kind == "video" else None,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            kbit_s=round((last.byte_count - first.byte_count) * 8 / 1000 / span_s, 1) if rates else None,
            loss_percent=_loss_percent(first.received, last.received),
            rtt_ms=round(sorted(self._pings)[len(self._pings) // 2], 1) if self._pings else None,
            jitter_ms=round(of_kind.jitter_ticks * 1000 / CLOCK_HZ[kind], 1) if of_kind.packets else None,
        )


def _loss_percent(before: Received, after: Received) -> float | None:
    """Packets that did not come, or came only when they were asked for again; None when none were expected."""
    expected = after.expected - before.expected
    if expected <= 0:
        return None
    return round(max(0.0, 1 - (after.packets - before.packets) / expected) * 100, 1)
