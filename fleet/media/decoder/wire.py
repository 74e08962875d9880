"""What passes between the controller and a decoder's process, each message behind its length in four bytes.

The controller sends a Task, the decoder answers it with one Reply, and says nothing unasked but Ready at its beginning.
What a decoder may answer follows from the task; `checked` holds it to that.
"""

import math

import msgspec

from fleet.media.frames import EncodedFrame, MediaKind
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import FLOOR_DBFS, SoundMeasure

HEADER_BYTES = 4
MOST_BYTES: dict[MediaKind, int] = {"video": 1024 * 1024, "audio": 4096}
"""Of one encoded frame: more than aiortc's jitter buffer can hold of a picture, and than a packet of the network."""
MOST_SOUNDS = 50
MOST_WISHES = 16
MOST_JPEG_BYTES = 160 * 1024
"""Of one picture for a terminal, which is at most a thousand pixels wide: what has more is made worse."""
MOST_PAINTED_BYTES = 2 * 1024 * 1024
"""Of all pictures of one reply: the controller reads it in one go, and does nothing else meanwhile."""
MOST_TASK_BYTES = 2 * 1024 * 1024
_MOST_DECODED = 32
_MOST_SIDE = 8192
_BESIDE_BYTES = 8 * 1024
_JPEG_BEGIN, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


class Wish(msgspec.Struct, frozen=True, array_like=True):
    """A JPEG at most `width` pixels wide, of Pillow's `quality`."""

    width: int
    quality: int


class Task(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """At most one picture and MOST_SOUNDS sounds to decode; whether to measure the picture, and JPEGs to make of it."""

    number: int
    frames: list[EncodedFrame]
    measure: bool = False
    wishes: list[Wish] = []


class Painting(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a wish became."""

    width: int
    height: int
    jpeg: bytes


class Ready(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The decoder is confined. landlock: the version of it that Linux has here, 0 for none; filtered: whether Linux
    refuses it all system calls but those of computing."""

    landlock: int
    filtered: bool


class Reply(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What came of the task of this `number`.

    decoded: pictures. damaged: something could not be decoded. failed: something else went wrong. paintings: one for
    each wish, None where it, or all before it together, became too large; none at all without a picture.
    """

    number: int
    decoded: int = 0
    damaged: bool = False
    failed: bool = False
    picture: PictureMeasure | None = None
    sounds: list[SoundMeasure] = []
    paintings: list[Painting | None] = []


def framed(message: msgspec.Struct) -> bytes:
    """`message` behind its length."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def most_bytes(task: Task) -> int:
    """What a reply to `task` may have at most, without its length."""
    return _BESIDE_BYTES + min(len(task.wishes) * MOST_JPEG_BYTES, MOST_PAINTED_BYTES)


def checked(body: bytes, task: Task) -> Reply:
    """The reply in `body`; raises ValueError for what is no answer to `task`."""
    reply = msgspec.msgpack.decode(body, type=Reply)
    sounds = sum(frame.kind == "audio" for frame in task.frames)
    if reply.number != task.number:
        raise ValueError("it answers another task")
    if not 0 <= reply.decoded <= _MOST_DECODED or len(reply.sounds) > sounds:
        raise ValueError("it has more than it was given")
    if reply.picture is not None and not (task.measure and reply.decoded and _is_picture(reply.picture)):
        raise ValueError("its measure of a picture is none")
    if not all(_is_sound(sound) for sound in reply.sounds):
        raise ValueError("its measure of a sound is none")
    if reply.paintings and not (reply.decoded and len(reply.paintings) == len(task.wishes)):
        raise ValueError("it has pictures that nobody wished for")
    for wish, painting in zip(task.wishes, reply.paintings, strict=False):
        if painting is not None and not _is_painting(painting, wish):
            raise ValueError("its picture is none, or none of the kind that was wished for")
    return reply


def _within(value: float | None, least: float, most: float) -> bool:
    return value is None or (math.isfinite(value) and least <= value <= most)


def _is_picture(measure: PictureMeasure) -> bool:
    levels = (measure.mean, measure.spread, measure.change)
    return all(_within(level, 0, 255) for level in levels) and _within(measure.focus, 0, 1)


def _is_sound(measure: SoundMeasure) -> bool:
    levels = (measure.level_dbfs, measure.peak_dbfs)
    return all(_within(level, FLOOR_DBFS, 0) for level in levels) and _within(measure.clipped, 0, 1)


def _is_painting(painting: Painting, wish: Wish) -> bool:
    if not (0 < painting.width <= wish.width and 0 < painting.height <= _MOST_SIDE):
        return False
    jpeg = painting.jpeg
    return len(jpeg) <= MOST_JPEG_BYTES and jpeg.startswith(_JPEG_BEGIN) and jpeg.endswith(_JPEG_END)
