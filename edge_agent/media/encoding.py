"""The unit's own encoders: H.264 at a rate that follows the link, and Opus. One thread each."""

import fractions
from typing import Any

import av

from edge_agent.media.adapting import Shape

VIDEO_HZ = 90_000
SOUND_HZ = 48_000
VIDEO_BASE = fractions.Fraction(1, VIDEO_HZ)
SOUND_BASE = fractions.Fraction(1, SOUND_HZ)
SOUND_FRAME = 960
"""Samples in 20 ms."""

_SOUND_BIT_S = 24_000
_GOP_S = 2
_PEAK = 1.2
_LEAST, _MOST = 0.85, 1.5
"""Of the rate that an encoder was made for: what it still follows. Its buffer stays as it was made."""


class PictureEncoder:
    """Frames in, access units in Annex B form out; none is held back."""

    def __init__(self) -> None:
        """Made with the first frame."""
        self._context: Any = None
        self._made_for_bit_s = 0.0
        self._fps = 0.0

    def encode(self, frame: av.VideoFrame, target_bit_s: float, shape: Shape, fps: float, *, key: bool) -> list[bytes]:
        """`frame` (its pts in ticks of VIDEO_BASE) at `target_bit_s`, its sides divided as `shape` says.

        `fps` is the rate at which frames come here. `key` makes it a key frame.
        """
        width, height = (max(32, side // shape.scale) & ~1 for side in (frame.width, frame.height))
        small = frame.reformat(width=width, height=height, format="yuv420p")
        small.pts, small.time_base = frame.pts, VIDEO_BASE
        small.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        if self._context is None or not self._fits(small, target_bit_s, fps):
            self._context = self._made(width, height, target_bit_s, fps)
        self._context.bit_rate = int(target_bit_s)
        return [bytes(packet) for packet in self._context.encode(small)]

    def _fits(self, frame: av.VideoFrame, target_bit_s: float, fps: float) -> bool:
        """Whether the encoder can go on: at run time only its average follows, slowly, not its peak and its size."""
        same_size = (self._context.width, self._context.height) == (frame.width, frame.height)
        in_reach = _LEAST <= target_bit_s / self._made_for_bit_s <= _MOST
        return same_size and in_reach and 0.7 < fps / self._fps < 1.4

    def _made(self, width: int, height: int, target_bit_s: float, fps: float) -> Any:
        self._made_for_bit_s = target_bit_s
        self._fps = fps
        context: Any = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = VIDEO_BASE
        context.framerate = fractions.Fraction(fps).limit_denominator(1_000)
        context.bit_rate = int(target_bit_s)
        context.thread_count = 1
        context.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "baseline",
            "g": str(max(1, round(_GOP_S * fps))),
            "forced-idr": "1",
            "sc_threshold": "0",
            "maxrate": str(int(target_bit_s * _PEAK)),
            "bufsize": str(int(target_bit_s * _PEAK / 2)),
        }
        return context


class SoundEncoder:
    """Frames of any format in, Opus packets of 20 ms out: one channel, 24 kbit/s, made to bear loss."""

    def __init__(self) -> None:
        """Ready."""
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_HZ, frame_size=SOUND_FRAME)
        context: Any = av.CodecContext.create("libopus", "w")
        context.format, context.layout, context.sample_rate = "s16", "mono", SOUND_HZ
        context.time_base = SOUND_BASE
        context.bit_rate = _SOUND_BIT_S
        context.options = {"application": "voip", "fec": "1", "packet_loss": "10"}
        self._context = context

    def encode(self, frame: av.AudioFrame) -> list[bytes]:
        """The packets that `frame` completes."""
        frame.pts = None
        return [bytes(packet) for small in self._resampler.resample(frame) for packet in self._context.encode(small)]
