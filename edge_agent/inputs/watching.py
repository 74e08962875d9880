"""Watches a unit's inputs all the time, also when nothing may be opened, and tells what happens on them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing

import structlog

from edge_agent.clock import Clock
from edge_agent.errors import InputUnusable
from edge_agent.inputs.line_source import LineSource
from edge_agent.inputs.line_watch import LineWatch
from edge_agent.inputs.settings import InputSettings
from edge_agent.watch import Happening
from protocols.backoff import Backoff, Draw, evenly
from protocols.text import one_line

OUTBOX_MAX = 1024
GOOD_AFTER_MS = 60_000
_SUMMARY_CHARACTERS = 200
_RETRY_BASE_S = 2.0
_RETRY_CAP_S = 300.0

_log = structlog.get_logger(__name__)


class Inputs:
    """The inputs of one unit. A source that fails is told once, tried again, and leaves the others alone."""

    def __init__(
        self,
        settings: Sequence[InputSettings],
        sources: Sequence[LineSource],
        tell: Callable[[Happening], Awaitable[None]],
        clock: Clock,
        *,
        draw: Draw = evenly,
        retry_cap_s: float = _RETRY_CAP_S,
    ) -> None:
        """`sources` watch the lines of `settings` between them; `tell` spools an event."""
        self._watches = {each.name: LineWatch(each) for each in settings}
        self._sources = tuple(sources)
        self._tell = tell
        self._clock = clock
        self._draw = draw
        self._retry_cap_s = retry_cap_s
        self._outbox: asyncio.Queue[Happening] = asyncio.Queue(OUTBOX_MAX)
        self._left_out = 0
        self._changed = asyncio.Event()

    def lid_open(self) -> bool | None:
        """Whether every lid that the unit has is open; None when it has none, or one of them is not known."""
        levels = [watch.level for watch in self._watches.values() if watch.settings.kind == "lid"]
        if not levels or None in levels:
            return None
        return all(levels)

    async def run(self) -> None:
        """Watch until cancelled; then nothing is known any more."""
        if not self._sources:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._telling(), name="inputs telling")
            tasks.create_task(self._ticking(), name="inputs ticking")
            for source in self._sources:
                tasks.create_task(self._following(source), name=f"input {' '.join(source.names)}")

    async def _following(self, source: LineSource) -> None:
        backoff = Backoff(base_s=min(_RETRY_BASE_S, self._retry_cap_s), cap_s=self._retry_cap_s, draw=self._draw)
        failed = False
        while True:
            began_ms = self._clock.mono_ms()
            try:
                async with aclosing(source.levels()) as levels:
                    async for level in levels:
                        if failed:
                            failed = False
                            self._post(_usable_again(source))
                        self._post(*self._watches[level.name].see(level.at_ms, active=level.active))
                        self._changed.set()
            except InputUnusable as error:
                if not failed:
                    failed = True
                    self._post(Happening("input-unusable", "warning", one_line(str(error), _SUMMARY_CHARACTERS)))
            finally:
                for name in source.names:
                    self._watches[name].lose()
            if self._clock.mono_ms() - began_ms >= GOOD_AFTER_MS:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    async def _ticking(self) -> None:
        while True:
            self._changed.clear()
            now_ms = self._clock.mono_ms()
            for watch in self._watches.values():
                self._post(*watch.tick(now_ms))
            due_ms = min(_dues(self._watches.values()), default=None)
            try:
                async with asyncio.timeout(None if due_ms is None else max(0, due_ms - self._clock.mono_ms()) / 1000):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _post(self, *happenings: Happening) -> None:
        for happening in happenings:
            try:
                self._outbox.put_nowait(happening)
            except asyncio.QueueFull:
                self._left_out += 1
                if self._left_out == 1:
                    _log.warning("events of inputs are left out: too many wait", first=happening.kind)

    async def _telling(self) -> None:
        while True:
            await self._tell(await self._outbox.get())
            if self._left_out and self._outbox.empty():
                left_out, self._left_out = self._left_out, 0
                summary = f"{left_out} events of the inputs were left out: too many waited"
                await self._tell(Happening("input-events-left-out", "warning", summary))


def _dues(watches: Iterable[LineWatch]) -> list[int]:
    return [watch.due_ms for watch in watches if watch.due_ms is not None]


def _usable_again(source: LineSource) -> Happening:
    return Happening("input-usable", "info", f"input {', '.join(source.names)}: watched again")
