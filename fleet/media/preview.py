"""What a terminal is shown of a stream: a few small pictures a second, levels and figures, the newest and no others.

One process decodes for all terminals of a stream, and only while there is one, or while a certificate is measured.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from fleet.media.decoding import Decoding, Easel, Outlets, PreviewPicture
from fleet.media.frames import EncodedFrame
from fleet.media.thrift import Thrift
from fleet.media.unit_stream import Seat, UnitStream, Viewer
from fleet.readiness.limits import Limits
from fleet.readiness.observed import Observed
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import SoundMeasure
from protocols.api.checks import StreamFigures

MIN_WIDTH, MAX_WIDTH = 64, 640
MAX_FRAMES_PER_S = 10.0
_MIN_FRAMES_PER_S = 0.2
_MIN_KBIT_S = 4.0
_FIGURES_S = 1.0


@dataclass(frozen=True, slots=True)
class PreviewWish:
    """What a terminal wants: pictures of `width` pixels (64 … 640, else the nearest), `frames_per_s` (at most 10), and
    all of them within `kbit_s` (at least 4), if there is a limit."""

    width: int = 320
    frames_per_s: float = 5.0
    kbit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The newest picture, None if there is no new one; and the figures now."""

    picture: PreviewPicture | None
    figures: StreamFigures


class Preview:
    """One terminal's view: iterate it. It ends with the stream, or when it is closed; a slow reader misses pictures."""

    def __init__(self, desk: "PreviewDesk", seat: Seat, wish: PreviewWish) -> None:
        self.viewer = seat.viewer
        self.easel = self._easel_for(wish)
        self._desk = desk
        self._seat = seat
        self._picture: PreviewPicture | None = None
        self._news = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Glimpse]:
        return self._glimpses()

    async def _glimpses(self) -> AsyncIterator[Glimpse]:
        while not self._seat.left.is_set():
            await self._next()
            if self._seat.left.is_set():
                return
            self._news.clear()
            picture, self._picture = self._picture, None
            yield Glimpse(picture, self._desk.figures)

    async def _next(self) -> None:
        """Wait for news or the end, for as long as figures may stand."""
        waiting = [
            asyncio.create_task(self._news.wait(), name="preview: news"),
            asyncio.create_task(self._seat.left.wait(), name="preview: end"),
        ]
        try:
            await asyncio.wait(waiting, timeout=_FIGURES_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _show(self, picture: PreviewPicture) -> None:
        self._picture = picture
        self._news.set()

    def change(self, wish: PreviewWish) -> None:
        """Show what is wished for now, from the next picture on."""
        self.easel = self._easel_for(wish)
        self._desk.changed()

    def _easel_for(self, wish: PreviewWish) -> Easel:
        width = min(MAX_WIDTH, max(MIN_WIDTH, wish.width))
        rate = min(MAX_FRAMES_PER_S, max(_MIN_FRAMES_PER_S, wish.frames_per_s))
        kbit_s = None if wish.kbit_s is None else max(_MIN_KBIT_S, wish.kbit_s)
        return Easel(width, Thrift(rate, kbit_s), self._show)

    def wake(self) -> None:
        """There are new figures, or nothing comes any more."""
        self._news.set()

    async def close(self, reason: str = "closed") -> None:
        """Leave; the decoder ends with the last one who leaves."""
        await self._desk.leave(self, self._seat, reason)


@dataclass(slots=True)
class _Running:
    decoding: Decoding
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class PreviewDesk:
    """The terminals of one stream, the process that decodes for them, and what is observed for the certificate."""

    def __init__(self, stream: UnitStream, limits: Limits) -> None:
        self.observed = Observed(limits)
        self._stream = stream
        self._previews: set[Preview] = set()
        self._measuring = False
        self._prepared: Decoding | None = None
        self._running: _Running | None = None
        self._end: asyncio.Task[None] | None = None

    @property
    def figures(self) -> StreamFigures:
        """The figures of the stream, with what picture and sound are like while somebody decodes."""
        return self.observed.added_to(self._stream.figures)

    @property
    def is_decoding(self) -> bool:
        """Whether the stream is decoded now."""
        return self._running is not None

    def prepare(self) -> None:
        """Have a decoder start, which takes half a second, so that it is ready when pictures come."""
        if self._prepared is None and self._running is None:
            self._prepared = self._new_decoding()

    def sit(self, wish: PreviewWish, viewer: Viewer) -> Preview:
        """Let `viewer` see what a terminal can show; raises StreamOver and TooMany. The preview has to be closed."""
        preview = Preview(self, self._stream.join(viewer), wish)
        self._previews.add(preview)
        self._decode()
        return preview

    def begin_measuring(self) -> None:
        """Decode until the stream ends, so that a certificate has measures although only browsers watch."""
        self._measuring = True
        self._decode()

    async def leave(self, preview: Preview, seat: Seat, reason: str) -> None:
        """`preview` is closed."""
        self._stream.leave(seat, reason)
        self._previews.discard(preview)
        preview.wake()
        self.changed()
        if not self._previews and not self._measuring:
            await self._stop()

    def changed(self) -> None:
        """Draw for the terminals there are, as each wishes."""
        if self._running is not None:
            self._running.decoding.easels = tuple(preview.easel for preview in self._previews)

    async def close(self) -> None:
        """End decoding; the previews end with the stream, which has to be closed too."""
        self._measuring = False
        for preview in self._previews:
            preview.wake()
        self._previews.clear()
        await self._stop()
        if self._end is not None:
            await asyncio.wait({self._end})

    def _decode(self) -> None:
        if self._stream.state == "ended":
            return
        if self._running is None:
            decoding, self._prepared = self._prepared or self._new_decoding(), None
            self._running = _Running(decoding)
            self._running.tasks = [asyncio.create_task(self._feed(decoding)), asyncio.create_task(self._count())]
        self.changed()

    def _new_decoding(self) -> Decoding:
        outlets = Outlets(self._on_picture, self._on_sound, self._stream.ask_keyframe)
        return Decoding(asyncio.get_running_loop(), outlets, self._stream.opening)

    async def _feed(self, decoding: Decoding) -> None:
        lane = self._stream.take_lane()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(lane.next_video, decoding))
                both.create_task(_pass_on(lane.next_audio, decoding))
        finally:
            self._stream.return_lane(lane)

    async def _count(self) -> None:
        """Note the line's figures each second until the stream ends; then tell everybody."""
        while self._stream.state != "ended":
            try:
                async with asyncio.timeout(_FIGURES_S):
                    await self._stream.ended.wait()
            except TimeoutError:
                self.observed.figures(self._stream.figures)
        for preview in self._previews:
            preview.wake()
        self._end = asyncio.create_task(self._stop(), name=f"preview-ends-{self._stream.opening}")

    async def _stop(self) -> None:
        running, self._running = self._running, None
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            await prepared.stop()
        if running is not None:
            for task in running.tasks:
                task.cancel()
            await asyncio.wait(running.tasks)
            await running.decoding.stop()

    def _on_picture(self, measure: PictureMeasure, now_s: float) -> None:
        self.observed.picture(measure, now_s)

    def _on_sound(self, measure: SoundMeasure) -> None:
        self.observed.sound(measure)
        for preview in self._previews:
            preview.wake()


async def _pass_on(take: Callable[[], Awaitable[EncodedFrame | None]], decoding: Decoding) -> None:
    while (frame := await take()) is not None:
        decoding.put(frame)
