"""An encoded frame: what a unit sent, as it was sent."""

from dataclasses import dataclass, field
from typing import Literal

MediaKind = Literal["video", "audio"]

CLOCK_HZ: dict[MediaKind, int] = {"video": 90_000, "audio": 48_000}
"""Ticks a second of `EncodedFrame.pts`, as RTP has them."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """An H.264 access unit in Annex B, or an Opus packet.

    pts: when it was taken, in ticks of CLOCK_HZ, counted from the stream's first frame of the kind.
    is_keyframe: whether decoding can begin with it; true for every audio frame.
    """

    kind: MediaKind
    data: bytes = field(repr=False)
    pts: int
    is_keyframe: bool
