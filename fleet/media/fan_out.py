"""One stream to many viewers: what each is given, and what it misses when it is slow. No I/O, no clock, no library.

A viewer joins with the last group of pictures from memory, so that it sees something at once. Whoever is too slow
loses frames up to the next keyframe; nobody waits for anybody.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleet.media.frames import CLOCK_HZ, EncodedFrame

_HASTE_TICKS = CLOCK_HZ["video"] // 1000
"""Between two remembered pictures, as a joiner gets them: a millisecond, so that its player is live at once."""


@dataclass(frozen=True, slots=True)
class FanOutLimits:
    """What is kept at most: the group of pictures in memory, and what waits for one viewer."""

    gop_bytes: int = 4 * 1024 * 1024
    gop_frames: int = 150
    queue_bytes: int = 6 * 1024 * 1024
    queue_frames: int = 240
    queue_sounds: int = 50


class LastGroup:
    """The pictures since the last keyframe; nothing while they would be more than the limits allow."""

    def __init__(self, limits: FanOutLimits) -> None:
        self._limits = limits
        self._frames: list[EncodedFrame] = []
        self._bytes = 0

    def add(self, frame: EncodedFrame) -> None:
        """Remember a video frame, in the order of the stream."""
        if frame.is_keyframe:
            self.forget()
        elif not self._frames:
            return
        self._frames.append(frame)
        self._bytes += len(frame.data)
        if self._bytes > self._limits.gop_bytes or len(self._frames) > self._limits.gop_frames:
            self.forget()

    def forget(self) -> None:
        """Until the next keyframe there is nothing to begin with."""
        self._frames.clear()
        self._bytes = 0

    def hastened(self) -> Iterator[EncodedFrame]:
        """The group, its pictures a millisecond apart and the last one at its own time; bytes as they came."""
        count = len(self._frames)
        for place, frame in enumerate(self._frames):
            yield replace(frame, pts=self._frames[-1].pts - (count - 1 - place) * _HASTE_TICKS)


class Lane:
    """What waits for one viewer. `lost` counts the video frames it did not get because it was too slow.

    While `keyframes_only` is set, it gets no other pictures; the line to it carries no more.
    """

    def __init__(self, limits: FanOutLimits) -> None:
        self._limits = limits
        self._video: deque[EncodedFrame] = deque()
        self._audio: deque[EncodedFrame] = deque(maxlen=limits.queue_sounds)
        self._bytes = 0
        self._needs_keyframe = True
        self._closed = False
        self._video_there = asyncio.Event()
        self._audio_there = asyncio.Event()
        self.lost = 0
        self.keyframes_only = False

    @property
    def needs_keyframe(self) -> bool:
        """Whether the viewer sees nothing new before the next keyframe."""
        return self._needs_keyframe

    def put(self, frame: EncodedFrame) -> None:
        """Queue `frame`; what is too much is dropped: the oldest sounds, or all pictures up to the next keyframe."""
        if self._closed:
            return
        if frame.kind == "audio":
            self._audio.append(frame)
            self._audio_there.set()
            return
        if len(self._video) >= self._limits.queue_frames or self._bytes + len(frame.data) > self._limits.queue_bytes:
            self.lost += len(self._video)
            self._video.clear()
            self._bytes = 0
            self._needs_keyframe = True
        self._needs_keyframe = self._needs_keyframe or self.keyframes_only
        if self._needs_keyframe and not frame.is_keyframe:
            self.lost += 1
            return
        self._needs_keyframe = False
        self._video.append(frame)
        self._bytes += len(frame.data)
        self._video_there.set()

    def gap(self) -> None:
        """The stream has lost a picture: what builds on it would be smeared, so it is left out."""
        self._needs_keyframe = True

    async def next_video(self) -> EncodedFrame | None:
        """The next video frame, when there is one; None once the lane is closed."""
        while not self._video:
            if self._closed:
                return None
            self._video_there.clear()
            await self._video_there.wait()
        frame = self._video.popleft()
        self._bytes -= len(frame.data)
        return frame

    async def next_audio(self) -> EncodedFrame | None:
        """The next audio frame, when there is one; None once the lane is closed."""
        while not self._audio:
            if self._closed:
                return None
            self._audio_there.clear()
            await self._audio_there.wait()
        return self._audio.popleft()

    def close(self) -> None:
        """Drop what waits, and let whoever waits go."""
        self._closed = True
        self._video.clear()
        self._audio.clear()
        self._bytes = 0
        self._video_there.set()
        self._audio_there.set()


class FanOut:
    """The lanes of one stream."""

    def __init__(self, limits: FanOutLimits) -> None:
        self._group = LastGroup(limits)
        self._lanes: set[Lane] = set()

    def join(self, lane: Lane) -> None:
        """Fill `lane`, beginning with the last group of pictures. Then `needs_keyframe` says that there was none."""
        if lane not in self._lanes:
            for frame in self._group.hastened():
                lane.put(frame)
            self._lanes.add(lane)

    def leave(self, lane: Lane) -> None:
        """Close `lane`; it may have left already."""
        self._lanes.discard(lane)
        lane.close()

    def publish(self, frame: EncodedFrame) -> None:
        """Give `frame` to everybody."""
        if frame.kind == "video":
            self._group.add(frame)
        for lane in self._lanes:
            lane.put(frame)

    def gap(self) -> None:
        """Pictures were lost on the way from the unit: everybody goes on with the next keyframe."""
        self._group.forget()
        for lane in self._lanes:
            lane.gap()

    def close(self) -> None:
        """Close all lanes."""
        for lane in self._lanes:
            lane.close()
        self._lanes.clear()


class KeyframeRequests:
    """Merges what many ask for: one request goes to the unit in `interval_s`, and none that a keyframe has answered."""

    def __init__(self, interval_s: float = 1.0) -> None:
        self._interval_s = interval_s
        self._sent_at_s: float | None = None
        self._wanted = False

    def ask(self) -> None:
        """Somebody needs a keyframe."""
        self._wanted = True

    def answered(self) -> None:
        """A keyframe came."""
        self._wanted = False

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until a request has to be sent, 0 for now; None when nobody waits for a keyframe."""
        if not self._wanted:
            return None
        return 0.0 if self._sent_at_s is None else max(0.0, self._sent_at_s + self._interval_s - now_s)

    def sent(self, now_s: float) -> None:
        """A request went to the unit at `now_s`."""
        self._sent_at_s = now_s
        self._wanted = False
