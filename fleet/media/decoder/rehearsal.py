"""One of everything that will ever be asked, so that nothing has to be loaded once there are no files any more."""

from fleet.media.decoder.wire import Task, Wish
from fleet.media.decoder.work import Decoder
from fleet.media.frames import EncodedFrame

_KEYFRAME = (
    "000000016742c00ada25a1000003000100000300328f1226a00000000168ce039c80000000016588843a26038001a038b23cf01c000d8105"
    "37cb01c000d818437c11c003bcc1c87e12ea8887e7e7efe7e7eff9fbf9fff8"
)
_PICTURES = (_KEYFRAME, "00000001419a20622c")
"""A bright square of 16×16 on dark 32×32, H.264 of libx264, twice."""
_SILENCE = "f8fffe"
"""20 ms of Opus."""


def rehearse() -> None:
    """Decode, measure and paint a sample; raises RuntimeError where that does not work."""
    decoder = Decoder()
    sounds = [EncodedFrame("audio", bytes.fromhex(_SILENCE), number * 960, is_keyframe=True) for number in range(10)]
    heard = decoder.work(Task(0, sounds))
    seen = [
        decoder.work(Task(number, [_picture(number)], measure=True, wishes=[Wish(16, 50), Wish(640, 75)]))
        for number in range(len(_PICTURES))
    ]
    done = len(heard.sounds) == 1 and all(reply.decoded == 1 and all(reply.paintings) for reply in seen)
    if not done or any(reply.damaged or reply.failed for reply in (heard, *seen)):
        raise RuntimeError("libavcodec does not decode what it has to: install the packages of uv.lock")


def _picture(number: int) -> EncodedFrame:
    return EncodedFrame("video", bytes.fromhex(_PICTURES[number]), number * 3600, is_keyframe=number == 0)
