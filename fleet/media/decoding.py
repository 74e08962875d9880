"""One stream, decoded for terminals by a confined process: small JPEG pictures, and measures of picture and sound.

What the process can not keep up with is dropped, up to the next keyframe. Nothing it makes is kept: a picture goes to
its viewer, and measures are numbers. What it says is checked, since units' bytes may have taken it over; when it is
lost, another one goes on, a few times.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from fleet.media.backlog import Backlog
from fleet.media.decoder.wire import MOST_JPEG_BYTES, MOST_WISHES, Reply, Task, Wish
from fleet.media.decoder_process import PROGRAM, DecoderProcess, decoder_process
from fleet.media.errors import DecoderLost
from fleet.media.frames import CLOCK_HZ, EncodedFrame
from fleet.media.thrift import Thrift
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import SoundMeasure

_MAX_PROCESSES = 4
_CATCHING_UP = 3
_CATCH_UP_S = 0.3
_MEASURE_S = 0.2

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
    """One stream's decoder. `easels` may be replaced, as a whole, at any time; `stop` may be called once.

    `loop` is the running one; `opening` stands in logs. The process starts at once, so that it is ready when the first
    frame comes.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        outlets: Outlets,
        opening: str = "",
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.easels: tuple[Easel, ...] = ()
        self.is_given_up = False
        self._outlets = outlets
        self._program = program
        self._backlog = Backlog()
        self._news = asyncio.Event()
        self._tasks = 0
        self._measured_s = 0.0
        self._number = 0
        self._log = _log.bind(opening=opening)
        self._told: set[str] = set()
        self._work = loop.create_task(self._run(), name="decoding")

    def put(self, frame: EncodedFrame) -> None:
        """Have `frame` decoded, or drop it; from the event loop, never waits."""
        if not self.is_given_up:
            self._backlog.put(frame)
            if self._backlog.is_ready:
                self._news.set()

    async def stop(self, limit_s: float = 5.0) -> None:
        """End the process, and wait for it at most `limit_s`."""
        self._work.cancel()
        await asyncio.wait({self._work}, timeout=limit_s)

    async def _run(self) -> None:
        for _ in range(_MAX_PROCESSES):
            try:
                async with decoder_process(self._program) as decoder:
                    await self._serve(decoder)
            except DecoderLost as error:
                self._tell("a decoder was lost", detail=error.detail)
            self._backlog.begin_anew()
            self._outlets.damaged()
        self.is_given_up = True
        self._log.error("a stream is decoded no more: no pictures for terminals, no measures", lost=_MAX_PROCESSES)

    async def _serve(self, decoder: DecoderProcess) -> None:
        while True:
            self._news.clear()
            while not self._backlog.is_ready:
                await self._news.wait()
                self._news.clear()
            await self._do(decoder, self._backlog.take())

    async def _do(self, decoder: DecoderProcess, frames: list[EncodedFrame]) -> None:
        now_s = time.monotonic()
        pictures = [frame for frame in frames if frame.kind == "video"]
        easels = self._due(now_s) if pictures else []
        wishes = list(dict.fromkeys(_wish(easel) for easel in easels))[:MOST_WISHES]
        self._tasks += 1
        task = Task(self._tasks, frames, bool(pictures) and now_s - self._measured_s >= _MEASURE_S, wishes)
        reply = await decoder.done(task)
        self._hand_on(reply)
        if reply.paintings:
            self._show(task, reply, easels, pictures[-1].pts / CLOCK_HZ["video"])

    def _due(self, now_s: float) -> list[Easel]:
        """Whose next picture may be made now; while decoding is behind, few are."""
        behind = self._backlog.pictures > _CATCHING_UP
        return [
            easel
            for easel in self.easels
            if easel.thrift.is_due(now_s) and not (behind and now_s - easel.since_s < _CATCH_UP_S)
        ]

    def _hand_on(self, reply: Reply) -> None:
        self._number += reply.decoded
        if reply.picture is not None:
            self._measured_s = time.monotonic()
            self._outlets.picture(reply.picture, self._measured_s)
        for sound in reply.sounds:
            self._outlets.sound(sound)
        if reply.damaged:
            self._outlets.damaged()
        if reply.failed:
            self._tell("a frame could not be shown")

    def _show(self, task: Task, reply: Reply, easels: list[Easel], at_s: float) -> None:
        now_s = time.monotonic()
        made = dict(zip(task.wishes, reply.paintings, strict=True))
        for easel in easels:
            wish = _wish(easel)
            if wish not in made:
                continue
            painting = made[wish]
            easel.since_s = now_s
            easel.thrift.spent(MOST_JPEG_BYTES if painting is None else len(painting.jpeg), now_s)
            if painting is not None:
                easel.show(PreviewPicture(self._number, at_s, painting.width, painting.height, painting.jpeg))

    def _tell(self, what: str, **facts: str) -> None:
        """Once a stream: units can make it happen again and again."""
        if what not in self._told:
            self._told.add(what)
            self._log.warning(what, **facts)


def _wish(easel: Easel) -> Wish:
    return Wish(easel.width, easel.thrift.quality)
