"""Figures of the second before, out of counters that only grow. Pure but for what it reads."""

from collections import deque

from edge_agent.media.adapting import Seen
from edge_agent.media.feedback import Feedback
from edge_agent.media.messages import AudioFigures, VideoFigures
from edge_agent.media.picture_path import PicturePath
from edge_agent.media.tracks import PacketTrack

_AVERAGED_S = 6
_GOOD_BITS_PER_PIXEL = 0.1
"""A re-encoded picture of this rate is as good as it needs to be."""


class _Rate:
    """How fast a count grows."""

    def __init__(self) -> None:
        self._last = (0.0, 0)

    def per_s(self, now_s: float, count: int) -> float:
        """Growth a second since the last call; 0 at the first."""
        last_s, last_count = self._last
        self._last = now_s, count
        return (count - last_count) / (now_s - last_s) if last_s and now_s > last_s else 0.0


class VideoReport:
    """Of one camera."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._source = _Rate()
        self._delivered: deque[float] = deque(maxlen=_AVERAGED_S)
        self._sent = _Rate()
        self._pictures = _Rate()
        self._requests = 0

    def look(
        self, now_s: float, path: PicturePath, track: PacketTrack, feedback: Feedback
    ) -> tuple[Seen, VideoFigures]:
        """What the plan is made of, and what is told; once a second."""
        delivered_bit_s = self._source.per_s(now_s, path.rhythm.total_bytes) * 8
        sent_bit_s = self._sent.per_s(now_s, track.sent_bytes) * 8
        if delivered_bit_s:
            self._delivered.append(delivered_bit_s)
        asked = feedback.keyframe_requests > self._requests
        self._requests = feedback.keyframe_requests
        seen = Seen(
            at_s=now_s,
            source_bit_s=_useful(path, self._average()),
            least_bit_s=min(self._delivered, default=0.0),
            sent_bit_s=sent_bit_s,
            passable=path.passable,
            estimate_bit_s=feedback.estimate_bit_s,
            loss=feedback.loss,
            keyframe_asked=asked or path.waits_for_key,
            gop_s=path.rhythm.gop_s,
        )
        figures = VideoFigures(
            mode=path.mode,
            width=path.width // (path.shape.scale if path.mode == "re-encoding" else 1),
            height=path.height // (path.shape.scale if path.mode == "re-encoding" else 1),
            fps=round(self._pictures.per_s(now_s, track.sent_packets), 1),
            kbit_s=_kbit(sent_bit_s),
            source_kbit_s=_kbit(delivered_bit_s),
            target_kbit_s=_kbit(path.plan.target_bit_s) if path.mode == "re-encoding" else 0.0,
            gop_s=round(path.rhythm.gop_s, 2),
            loss_pct=_percent(feedback.loss),
            rtt_ms=_milliseconds(feedback.rtt_s),
            keyframe_requests=feedback.keyframe_requests,
        )
        return seen, figures

    def _average(self) -> float:
        """Bits a second over two groups of pictures and more, 0 before that."""
        return sum(self._delivered) / len(self._delivered) if len(self._delivered) > _AVERAGED_S // 2 else 0.0


class SoundReport:
    """Of one microphone."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._sent = _Rate()

    def look(self, now_s: float, track: PacketTrack, feedback: Feedback) -> AudioFigures:
        """What is told; once a second."""
        return AudioFigures(
            kbit_s=_kbit(self._sent.per_s(now_s, track.sent_bytes) * 8),
            loss_pct=_percent(feedback.loss),
            rtt_ms=_milliseconds(feedback.rtt_s),
        )


def _useful(path: PicturePath, delivered_bit_s: float) -> float:
    """The most that is worth sending: for raw pictures and JPEGs that is far less than comes."""
    if path.passable:
        return delivered_bit_s
    good_bit_s: float = path.width * path.height * path.rhythm.fps * _GOOD_BITS_PER_PIXEL
    return min(delivered_bit_s, good_bit_s)


def _kbit(bit_s: float) -> float:
    return round(max(0.0, bit_s) / 1_000, 1)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _milliseconds(time_s: float | None) -> float | None:
    return None if time_s is None else round(max(0.0, time_s) * 1_000, 1)
