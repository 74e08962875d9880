"""The thread that decodes one stream for terminals: small JPEG pictures, and measures of picture and sound.

It has no business with the event loop but to hand results over. What it can not keep up with is dropped, up to the next
keyframe. Nothing it makes is kept: a picture goes to its viewer, and measures are numbers.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import av
import numpy as np
import structlog
from PIL import Image

from fleet.media.frames import CLOCK_HZ, EncodedFrame
from fleet.media.h264 import picture_format
from fleet.media.thrift import Thrift
from fleet.media.tracks import packet_of
from fleet.readiness.picture import Luma, PictureMeasure, PictureMeter
from fleet.readiness.sound import SoundMeasure, measure_sound

_MAX_PIXELS = 1920 * 1088
_MAX_WAITING = 300
_LATE = 30
"""So many waiting frames at a keyframe mean that decoding is behind: it goes on with the keyframe."""
_CATCHING_UP = 3
_CATCH_UP_S = 0.3
_MEASURE_S = 0.2
_SOUND_SAMPLES = 48_000 * 2 // 5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PreviewPicture:
    """A small picture. number: counts the stream's pictures; at_s: when it was taken, from the stream's first one."""

    number: int
    at_s: float
    width: int
    height: int
    jpeg: bytes = field(repr=False)


@dataclass(slots=True)
class Easel:
    """Where one viewer's pictures are made: `width` in pixels, `thrift` says when; `since_s` is the last one's time."""

    width: int
    thrift: Thrift
    show: Callable[[PreviewPicture], None]
    since_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where results go; all are called in the event loop. `damaged`: a picture could not be decoded."""

    picture: Callable[[PictureMeasure, float], None]
    sound: Callable[[SoundMeasure], None]
    damaged: Callable[[], None]


class Decoding:
    """One running thread. `easels` may be replaced, as a whole, at any time; `stop` may be called once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, outlets: Outlets) -> None:
        self.easels: tuple[Easel, ...] = ()
        self._loop = loop
        self._outlets = outlets
        self._waiting: queue.Queue[EncodedFrame | None] = queue.Queue(_MAX_WAITING)
        self._skipping = False
        self._stopped = False
        self._video: Any = None
        self._audio: Any = None
        self._meter = PictureMeter()
        self._measured_s = 0.0
        self._number = 0
        self._sound: list[np.ndarray[Any, Any]] = []
        self._thread = threading.Thread(target=self._run, name="preview-decoder", daemon=True)
        self._thread.start()

    def put(self, frame: EncodedFrame) -> None:
        """Have `frame` decoded, or drop it; from the event loop, never waits."""
        if frame.kind == "video" and frame.is_keyframe:
            self._skipping = False
            if self._waiting.qsize() > _LATE:
                self._drop_all()
        if self._skipping and frame.kind == "video":
            return
        try:
            self._waiting.put_nowait(frame)
        except queue.Full:
            self._skipping = True

    def _drop_all(self) -> None:
        try:
            while True:
                self._waiting.get_nowait()
        except queue.Empty:
            return

    async def stop(self, limit_s: float = 5.0) -> None:
        """End the thread, and wait for it at most `limit_s`."""
        self._stopped = True
        self._drop_all()
        self._waiting.put_nowait(None)
        await asyncio.to_thread(self._thread.join, limit_s)

    def _run(self) -> None:
        while (frame := self._waiting.get()) is not None and not self._stopped:
            try:
                if frame.kind == "video":
                    self._decode_video(frame)
                else:
                    self._decode_audio(frame)
            except av.error.FFmpegError:
                self._tell(self._outlets.damaged)
            except Exception as error:  # noqa: BLE001 - one picture that can not be shown must not end the preview
                _log.warning("a frame could not be shown", kind=frame.kind, error=type(error).__name__)

    def _tell(self, outlet: Callable[..., None], *values: object) -> None:
        if not self._stopped and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(outlet, *values)

    def _decode_video(self, frame: EncodedFrame) -> None:
        if frame.is_keyframe:
            size = picture_format(frame.data)
            if size is None or size.width * size.height > _MAX_PIXELS:
                self._video = None
                return
            if self._video is None:
                self._video = av.CodecContext.create("h264", "r")
                self._video.thread_count = 1
        if self._video is None:
            return
        for picture in self._video.decode(packet_of(frame)):
            self._number += 1
            self._measure(picture)
            self._paint(picture, frame.pts / CLOCK_HZ["video"])

    def _measure(self, picture: av.VideoFrame) -> None:
        now_s = time.monotonic()
        if now_s - self._measured_s >= _MEASURE_S:
            self._measured_s = now_s
            self._tell(self._outlets.picture, self._meter.measure(_luma(picture)), now_s)

    def _paint(self, picture: av.VideoFrame, at_s: float) -> None:
        now_s = time.monotonic()
        behind = self._waiting.qsize() > _CATCHING_UP
        made: dict[tuple[int, int], PreviewPicture] = {}
        for easel in self.easels:
            if not easel.thrift.is_due(now_s) or (behind and now_s - easel.since_s < _CATCH_UP_S):
                continue
            kind = (easel.width, easel.thrift.quality)
            if kind not in made:
                made[kind] = _painted(picture, *kind, number=self._number, at_s=at_s)
            easel.since_s = now_s
            easel.thrift.spent(len(made[kind].jpeg), now_s)
            self._tell(easel.show, made[kind])

    def _decode_audio(self, frame: EncodedFrame) -> None:
        if self._audio is None:
            self._audio = av.CodecContext.create("libopus", "r")
            self._audio.format, self._audio.layout, self._audio.sample_rate = "s16", "stereo", CLOCK_HZ["audio"]
        self._sound += [sound.to_ndarray() for sound in self._audio.decode(packet_of(frame))]
        if sum(part.size for part in self._sound) >= _SOUND_SAMPLES:
            stretch = np.concatenate([part.reshape(-1) for part in self._sound])
            self._sound.clear()
            self._tell(self._outlets.sound, measure_sound(stretch))


def _luma(picture: av.VideoFrame) -> Luma:
    plane = picture.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(picture.height, plane.line_size)[:, : picture.width]


def _painted(picture: av.VideoFrame, width: int, quality: int, *, number: int, at_s: float) -> PreviewPicture:
    """`picture` as JPEG, at most `width` wide, in its own shape."""
    width = min(width, picture.width) // 2 * 2
    height = max(2, round(picture.height * width / picture.width) // 2 * 2)
    written = BytesIO()
    small = picture.reformat(width=width, height=height, format="rgb24").to_ndarray()
    Image.fromarray(small).save(written, "JPEG", quality=quality)
    return PreviewPicture(number, at_s, width, height, written.getvalue())
