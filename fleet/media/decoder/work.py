"""Decoding, measuring and painting: what a task asks for. Nothing is kept but what the next frame builds on."""

from io import BytesIO
from typing import Any

import av
import numpy as np
from PIL import Image

from fleet.media.decoder.wire import MOST_JPEG_BYTES, MOST_PAINTED_BYTES, Painting, Reply, Task, Wish
from fleet.media.frames import CLOCK_HZ, EncodedFrame
from fleet.media.h264 import picture_format
from fleet.media.packets import packet_of
from fleet.readiness.picture import Luma, PictureMeter
from fleet.readiness.sound import measure_sound

_MAX_PIXELS = 1920 * 1088
_WORSE_QUALITY = 20
_SOUND_SAMPLES = 48_000 * 2 // 5


class Decoder:
    """The decoders of one stream."""

    def __init__(self) -> None:
        self._video: Any = None
        self._audio: Any = None
        self._meter = PictureMeter()
        self._sound: list[np.ndarray[Any, Any]] = []

    def work(self, task: Task) -> Reply:
        """What comes of `task`; raises nothing, whatever its frames are."""
        reply = Reply(task.number, sounds=[], paintings=[])
        for frame in task.frames:
            try:
                if frame.kind == "video":
                    self._decode_video(frame, task, reply)
                else:
                    self._decode_audio(frame, reply)
            except av.error.FFmpegError:
                reply.damaged = True
            except Exception:  # noqa: BLE001 - one picture that can not be shown must not end the preview
                reply.failed = True
        return reply

    def _decode_video(self, frame: EncodedFrame, task: Task, reply: Reply) -> None:
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
            reply.decoded += 1
            if reply.decoded == 1:
                if task.measure:
                    reply.picture = self._meter.measure(_luma(picture))
                reply.paintings = _paintings(picture, task.wishes)

    def _decode_audio(self, frame: EncodedFrame, reply: Reply) -> None:
        if self._audio is None:
            self._audio = av.CodecContext.create("libopus", "r")
            self._audio.format, self._audio.layout, self._audio.sample_rate = "s16", "stereo", CLOCK_HZ["audio"]
        self._sound += [sound.to_ndarray() for sound in self._audio.decode(packet_of(frame))]
        if sum(part.size for part in self._sound) >= _SOUND_SAMPLES:
            stretch = np.concatenate([part.reshape(-1) for part in self._sound])
            self._sound.clear()
            reply.sounds.append(measure_sound(stretch))


def _luma(picture: av.VideoFrame) -> Luma:
    plane = picture.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(picture.height, plane.line_size)[:, : picture.width]


def _paintings(picture: av.VideoFrame, wishes: list[Wish]) -> list[Painting | None]:
    """What each wish becomes; None from where together they have too many bytes for one reply."""
    made: list[Painting | None] = []
    left = MOST_PAINTED_BYTES
    for wish in wishes:
        painting = _painted(picture, wish) if left >= MOST_JPEG_BYTES else None
        left -= 0 if painting is None else len(painting.jpeg)
        made.append(painting)
    return made


def _painted(picture: av.VideoFrame, wish: Wish) -> Painting | None:
    """`picture` as JPEG, at most as wide as wished, in its own shape; worse than wished, or None, where that is too
    many bytes."""
    width = min(wish.width, picture.width) // 2 * 2
    height = max(2, round(picture.height * width / picture.width) // 2 * 2)
    # One thread: a process that may not start others has none to give.
    small = picture.reformat(width=width, height=height, format="rgb24", threads=1).to_ndarray()
    jpeg = _jpeg(small, wish.quality)
    if len(jpeg) > MOST_JPEG_BYTES:
        jpeg = _jpeg(small, min(wish.quality, _WORSE_QUALITY))
    return Painting(width, height, jpeg) if len(jpeg) <= MOST_JPEG_BYTES else None


def _jpeg(small: np.ndarray[Any, Any], quality: int) -> bytes:
    written = BytesIO()
    Image.fromarray(small).save(written, "JPEG", quality=quality)
    return written.getvalue()
