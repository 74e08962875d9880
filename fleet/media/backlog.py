"""What waits to be decoded, bounded: what is too much is dropped, up to the next keyframe. No I/O, no clock."""

from collections import deque

from fleet.media.decoder.wire import MOST_BYTES, MOST_SOUNDS
from fleet.media.frames import EncodedFrame

_MAX_WAITING = 300
_MAX_BYTES = 8 * 1024 * 1024
_LATE = 30
"""So many waiting frames at a keyframe mean that decoding is behind: it goes on with the keyframe."""
_SOUNDS_TOGETHER = 10
"""Without pictures, so many sounds go together: a fifth of a second, as long as what is measured."""


class Backlog:
    """Frames in the order they came. `pictures`: how many of them are pictures."""

    def __init__(self) -> None:
        self.pictures = 0
        self._frames: deque[EncodedFrame] = deque()
        self._bytes = 0
        self._skipping = False

    @property
    def is_ready(self) -> bool:
        """Whether there is enough to begin with."""
        return self.pictures > 0 or len(self._frames) >= _SOUNDS_TOGETHER

    def put(self, frame: EncodedFrame) -> None:
        """Have `frame` wait, or drop it."""
        is_picture = frame.kind == "video"
        if is_picture and frame.is_keyframe:
            self._skipping = False
            if len(self._frames) > _LATE:
                self._clear()
        if is_picture and self._skipping:
            return
        size = len(frame.data)
        full = len(self._frames) >= _MAX_WAITING or self._bytes + size > _MAX_BYTES
        if full or size > MOST_BYTES[frame.kind]:
            self._skipping = self._skipping or is_picture
            return
        self._frames.append(frame)
        self._bytes += size
        self.pictures += is_picture

    def take(self) -> list[EncodedFrame]:
        """What goes together next: at most one picture, and the sounds before it."""
        taken: list[EncodedFrame] = []
        while self._frames and len(taken) < MOST_SOUNDS:
            taken.append(self._frames.popleft())
            self._bytes -= len(taken[-1].data)
            if taken[-1].kind == "video":
                self.pictures -= 1
                break
        return taken

    def begin_anew(self) -> None:
        """Drop everything up to the next keyframe."""
        self._clear()
        self._skipping = True

    def _clear(self) -> None:
        self._frames.clear()
        self._bytes = self.pictures = 0
