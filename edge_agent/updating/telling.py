"""What is told of an update: each state once, and progress not more often than anybody reads."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from edge_agent.clock import Clock
from edge_agent.watch import Happening
from protocols.releases.manifest import PartName
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.text import one_line
from protocols.uplink import Severity

EVERY_PERCENT = 10
EVERY_MS = 30_000
_VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,32}")
_SUMMARY: dict[UpdateState, str] = {
    "refused": "refuses the update",
    "fetching": "fetches the update's files",
    "fetched": "has fetched and verified the update's files",
    "installing": "puts new firmware on",
    "trial": "tries new firmware of",
    "part-confirmed": "keeps new firmware of",
    "done": "runs what it is to run",
    "rolled-back": "took the update back; it runs what it ran",
    "failed": "could neither finish the update nor take it back; a person has to see to it",
}
_SEVERITY: dict[UpdateState, Severity] = {"refused": "warning", "rolled-back": "warning", "failed": "alarm"}


class Pace:
    """Which progress of one file is told: the first, the last, and one each 10 % or 30 s. Pure."""

    def __init__(self) -> None:
        """Nothing has been told yet."""
        self._told: tuple[int, int] | None = None

    def due(self, done: int, total: int, now_ms: int) -> bool:
        """Whether to tell that `done` of `total` bytes have come by `now_ms`; then it counts as told."""
        if self._told is not None:
            told, at_ms = self._told
            further = (done - told) * 100 >= EVERY_PERCENT * total
            later = done != told and now_ms - at_ms >= EVERY_MS
            if not (further or later or (done == total != told)):
                return False
        self._told = (done, now_ms)
        return True


class Telling:
    """Spools what is told of updates."""

    def __init__(self, spool: Callable[[Happening], Awaitable[None]], clock: Clock) -> None:
        """`spool` keeps an event until the controller has it."""
        self._spool = spool
        self._clock = clock

    async def say(
        self,
        update: str,
        state: UpdateState,
        *,
        part: PartName | None = None,
        reason: str = "",
        versions: Mapping[PartName, str] | None = None,
        done: int = 0,
        total: int = 0,
    ) -> None:
        """Tell `state`. A version that is none in the wire contract is left out."""
        fit = {name: one for name, one in (versions or {}).items() if _VERSION.fullmatch(one)}
        reason = one_line(reason, 200)
        report = UpdateReport(
            update=update, state=state, part=part, done_bytes=done, total_bytes=total, versions=fit, reason=reason
        )
        summary = f"update {update}: the unit {_SUMMARY[state]}{f' ({part})' if part else ''}"
        summary = f"{summary}: {reason}" if reason else summary
        await self._spool(Happening(f"update-{state}", _SEVERITY.get(state, "info"), summary, report))

    @asynccontextmanager
    async def following(self, update: str, part: PartName | None) -> AsyncIterator["Follower"]:
        """What takes progress from a place that can not wait; it is told while the block runs, and the last of it
        before the block ends."""
        follower = Follower()
        telling = asyncio.create_task(self._follow(follower, update, part), name=f"{update} progress")
        try:
            yield follower
        finally:
            follower.close()
            await telling

    async def _follow(self, follower: "Follower", update: str, part: PartName | None) -> None:
        paces: dict[UpdateState, Pace] = {}
        while (progress := await follower.next()) is not None:
            state, done, total = progress
            if paces.setdefault(state, Pace()).due(done, total, self._clock.mono_ms()):
                await self.say(update, state, part=part, done=done, total=total)


class Follower:
    """The latest progress of each state; what nobody has told yet is forgotten for what is newer."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._latest: dict[UpdateState, tuple[int, int]] = {}
        self._news = asyncio.Event()
        self._closed = False

    def note(self, state: UpdateState, done: int, total: int) -> None:
        """So many bytes of so many."""
        self._latest[state] = (done, total)
        self._news.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._news.set()

    async def next(self) -> tuple[UpdateState, int, int] | None:
        """The oldest state of which something has not been taken; None once it is closed and all has been taken."""
        while not self._latest:
            if self._closed:
                return None
            await self._news.wait()
            self._news.clear()
        state = next(iter(self._latest))
        return (state, *self._latest.pop(state))
