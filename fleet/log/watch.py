"""Watching over the log, in every controller: an alarm when no cosigned checkpoint comes, and figures."""

from datetime import datetime, timedelta

import structlog

from fleet.clock import Clock
from fleet.metrics import Metrics
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.store import Store

OVERDUE = 3
"""Times the greatest age of a checkpoint."""
_EVERY_S = 10.0

_log = structlog.get_logger(__name__)


class LogWatch:
    """Looks every ten seconds, so that somebody notices even when no controller sequences the log."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics, *, every_s: float) -> None:
        """A checkpoint should be at most `every_s` old."""
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._overdue = timedelta(seconds=OVERDUE * every_s)
        self._every_s = min(every_s, _EVERY_S)
        self._since: datetime | None = None

    async def run(self) -> None:
        """Watch until cancelled; a lost database only delays."""
        await go_round("watching the log", self.look, self._every_s)

    async def look(self) -> None:
        """Set the figures, and raise the alarm `log-unwitnessed` when it is due. Raises StoreUnavailable.

        What was before this controller began to look does not count.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
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
                return
            event = ControllerEvent(
                kind="log-unwitnessed",
                severity="alarm",
                summary=f"no cosigned checkpoint of the deployment log since {last:%Y-%m-%d %H:%M:%S} UTC: nothing can "
                "be proven, and nothing opened; see which witnesses answer",
                repeat_key="log-unwitnessed",
            )
            if await transaction.events.add(event, now):
                _log.error("no checkpoint of the log was cosigned in time", since=last.isoformat())
            transaction.changed.events = True
