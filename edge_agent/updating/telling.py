"""What is told of an update: each state once, and progress not more often than anybody reads."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from edge_agent.clock import Clock
from edge_agent.watch import Happening
from protocols.releases.manifest import PartName
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.releases.version import same_version
from protocols.text import one_line
from protocols.uplink import Severity

EVERY_PERCENT = 10
EVERY_MS = 5_000
_VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,32}")
_SUMMARY: dict[UpdateState, str] = {
    "refused": "refuses the update",
    "fetching": "fetches {new}",
    "fetched": "has fetched and verified the update's files",
    "installing": "puts {put}",
    "trial": "tries {new}",
    "part-confirmed": "confirmed {new}",
    "done": "runs what it is to run",
    "rolled-back": "took the update back; it runs what it ran",
    "failed": "could neither finish the update nor take it back; a person has to see to it",
}
_NEW: dict[PartName | None, str] = {
    "agent": "the new version of its own program",
    "mcu": "its MCU's new firmware",
    "modem": "its modem's new firmware",
    None: "the update's files",
}
_PUT: dict[PartName | None, str] = {
    "agent": "a new version of its own program beside the old one",
    "mcu": "new firmware on its MCU",
    "modem": "new firmware on its modem",
    None: "new firmware on",
}
_PART: dict[PartName, str] = {"agent": "agent", "mcu": "MCU", "modem": "modem"}
_SEVERITY: dict[UpdateState, Severity] = {"refused": "warning", "rolled-back": "warning", "failed": "alarm"}


class Change(NamedTuple):
    """What a part ran, empty where that is not known, and what it runs now or is to run."""

    part: PartName
    was: str
    version: str

    def __str__(self) -> str:
        arrow = f"{self.was} → " if self.was and not same_version(self.was, self.version) else ""
        return f"{_PART[self.part]} {arrow}{self.version}"


class Pace:
    """Which progress of one file is told: the first, the last, and between them one each 10 %, not sooner than 5 s
    after the one before. What has no bytes to count is told once. Pure."""

    def __init__(self) -> None:
        """Nothing has been told yet."""
        self._told: tuple[int, int] | None = None

    def due(self, done: int, total: int, now_ms: int) -> bool:
        """Whether to tell that `done` of `total` bytes have come by `now_ms`; then it counts as told."""
        if self._told is not None:
            told, at_ms = self._told
            further = done > told and (done - told) * 100 >= EVERY_PERCENT * total
            if not (further and now_ms - at_ms >= EVERY_MS) and not done == total != told:
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
        changes: Sequence[Change] = (),
        reason: str = "",
        versions: Mapping[PartName, str] | None = None,
        done: int = 0,
        total: int = 0,
        passing: bool = False,
    ) -> None:
        """Tell `state`; `changes` are told in words. A version that is none in the wire contract is left out.
        `passing`: what it is refused for passes."""
        fit = {name: one for name, one in (versions or {}).items() if _VERSION.fullmatch(one)}
        reason = one_line(reason, 200)
        report = UpdateReport(
            update=update,
            state=state,
            part=part,
            done_bytes=done,
            total_bytes=total,
            versions=fit,
            reason=reason,
            passing=passing,
        )
        percent = f" ({100 * done // total} %)" if total else ""
        said = [f"update {update}: the unit {_SUMMARY[state].format(new=_NEW[part], put=_PUT[part])}{percent}"]
        said += [", ".join(map(str, changes))] if changes else []
        said += [reason] if reason else []
        summary = one_line(": ".join(said), 200)
        await self._spool(Happening(f"update-{state}", _SEVERITY.get(state, "info"), summary, report))

    @asynccontextmanager
    async def following(self, update: str, change: Change) -> AsyncIterator["Follower"]:
        """What takes progress from a place that can not wait; it is told while the block runs, and the last of it
        before the block ends."""
        follower = Follower()
        telling = asyncio.create_task(self._follow(follower, update, change), name=f"{update} progress")
        try:
            yield follower
        finally:
            follower.close()
            await telling

    async def _follow(self, follower: "Follower", update: str, change: Change) -> None:
        paces: dict[UpdateState, Pace] = {}
        while (progress := await follower.next()) is not None:
            state, done, total = progress
            if paces.setdefault(state, Pace()).due(done, total, self._clock.mono_ms()):
                await self.say(update, state, part=change.part, changes=[change], done=done, total=total)


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
