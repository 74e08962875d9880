"""Watching over the log, in every controller: an alarm when no cosigned checkpoint comes, when entries wait for their
place in vain, and when texts were erased that no entry tells of; and figures."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from fleet.clock import Clock
from fleet.keeping.untold import untold_erasures
from fleet.metrics import Metrics
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.legal_holds import StoredErasure
from fleet.store.store import Store, Transaction

OVERDUE = 3
"""Times the greatest age of a checkpoint."""
_EVERY_S = 10.0

_log = structlog.get_logger(__name__)


class LogWatch:
    """Looks every ten seconds, so that somebody notices even when no controller sequences the log."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        *,
        every_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """A checkpoint should be at most `every_s` old. How long an entry waits is measured by `monotonic` seconds,
        since an entry's time, and any clock that can be set, may be wrong."""
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._metrics = metrics
        self._overdue = timedelta(seconds=OVERDUE * every_s)
        self._every_s = min(every_s, _EVERY_S)
        self._since: datetime | None = None
        self._waiting: tuple[int, float] | None = None
        self._erasures_seen = 0
        self.is_stuck = False
        """Whether, as of the last look, an entry has waited too long for its place in the tree."""

    async def run(self) -> None:
        """Watch until cancelled; a lost database only delays."""
        await go_round("watching the log", self.look, self._every_s)

    async def look(self) -> None:
        """Set the figures, and raise the alarms `log-unwitnessed`, `log-stuck` and `log-erasure-untold` that are due.
        Raises StoreUnavailable.

        What was before this controller began to look does not count, except erasures: those are all looked through.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            untold, newest_erasure = await untold_erasures(transaction, self._erasures_seen)
            due = (await self._unwitnessed(transaction, now), await self._stuck(transaction), _untold(untold))
            for event in due:
                if event is None:
                    continue
                if await transaction.events.add(event, now):
                    _log.error("the deployment log needs somebody", kind=event.kind, summary=event.summary)
                transaction.changed.events = True
        # Only now: an alarm that was not committed is raised by the next look.
        self._erasures_seen = newest_erasure

    async def _unwitnessed(self, transaction: Transaction, now: datetime) -> ControllerEvent | None:
        size = await transaction.log_tree.size()
        waiting = await transaction.log_tree.waiting()
        newest = await transaction.log_tree.newest_cosigned()
        self._metrics.log_size.set(size)
        self._metrics.log_waiting.set(waiting)
        if newest is not None:
            self._metrics.log_cosigned_at.set(newest.made_at.timestamp())
        self._since = self._since or now
        last = self._since if newest is None else max(newest.made_at, self._since)
        if now - last <= self._overdue or not (size or waiting):
            return None
        return ControllerEvent(
            kind="log-unwitnessed",
            severity="alarm",
            summary=f"no cosigned checkpoint of the deployment log since {last:%Y-%m-%d %H:%M:%S} UTC: nothing can "
            "be proven, and nothing opened; see which witnesses answer",
            repeat_key="log-unwitnessed",
        )

    async def _stuck(self, transaction: Transaction) -> ControllerEvent | None:
        """One entry is kept in sight until it is in the tree: ids commit out of order, so the lowest changes."""
        before = None if self._waiting is None else self._waiting[0]
        entry_id, now_s = await transaction.log_tree.still_waiting(before), self._monotonic()
        if entry_id is None:
            self._waiting = None
        elif self._waiting is None or entry_id != before:
            self._waiting = (entry_id, now_s)
        waited_s = 0.0 if self._waiting is None else now_s - self._waiting[1]
        self.is_stuck = waited_s > self._overdue.total_seconds()
        if not self.is_stuck:
            return None
        return ControllerEvent(
            kind="log-stuck",
            severity="alarm",
            summary=f"entry {entry_id} has waited {waited_s:.0f} s for its place in the deployment log: the log does "
            "not grow, and nothing new can be proven; the controllers' own logs say what keeps the sequencer",
            repeat_key="log-stuck",
        )


def _untold(erasures: Sequence[StoredErasure]) -> ControllerEvent | None:
    if not erasures:
        return None
    texts, last = sum(one.texts for one in erasures), erasures[-1].erased_at
    return ControllerEvent(
        kind="log-erasure-untold",
        severity="alarm",
        summary=f"{texts} free texts of the log were erased, last at {last:%Y-%m-%d %H:%M:%S} UTC, and no entry tells "
        "of it: somebody else used the controller's right to the database; change its password",
        repeat_key="log-erasure-untold",
    )
