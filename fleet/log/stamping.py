"""Time-stamping a checkpoint now and then: a third party says that the log was there, even if every witness is lost."""

from datetime import timedelta

import structlog

from fleet.clock import Clock
from fleet.errors import TimestampFailed
from fleet.log.news import LogNews, rung
from fleet.log.timestamping import Timestamper
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.store import Store

_LOOK_EVERY_S = 300.0

_log = structlog.get_logger(__name__)


class Stamping:
    """Runs in the controller that sequences."""

    def __init__(self, store: Store, timestamper: Timestamper, clock: Clock, news: LogNews, *, every_h: int) -> None:
        self._store = store
        self._news = news
        self._timestamper = timestamper
        self._clock = clock
        self._every = timedelta(hours=every_h)

    async def run(self) -> None:
        """Stamp until cancelled; a lost database, and an authority that is away, only delay."""
        await go_round("time-stamping the log", self._stamp_the_first_at_once, _LOOK_EVERY_S)

    async def _stamp_the_first_at_once(self) -> None:
        ring = self._news.published.next
        if not await self.stamp():
            await rung(ring, _LOOK_EVERY_S)
            await self.stamp()

    async def stamp(self) -> bool:
        """Have the newest cosigned checkpoint time-stamped, if that is due; False when there is none.

        Raises StoreUnavailable.
        """
        async with self._store.transaction() as transaction:
            newest = await transaction.log_tree.newest_cosigned()
            last = await transaction.log_tree.newest_timestamped()
        if newest is None:
            return False
        if last is not None and self._clock() - last[0].made_at < self._every:
            return True
        try:
            timestamp = await self._timestamper.stamp(newest.note)
        except TimestampFailed as error:
            await self._tell(str(error))
            return True
        async with self._store.transaction() as transaction:
            await transaction.log_tree.put_timestamp(newest, timestamp.response, timestamp.at)
        _log.info("a checkpoint of the log was time-stamped", size=newest.size)
        return True

    async def _tell(self, detail: str) -> None:
        event = ControllerEvent(
            kind="log-not-timestamped",
            severity="warning",
            summary=f"the log's checkpoint could not be time-stamped ({detail})"[:200],
            repeat_key="log-not-timestamped",
        )
        async with self._store.transaction() as transaction:
            if await transaction.events.add(event, self._clock()):
                _log.warning("a checkpoint of the log could not be time-stamped", detail=detail)
            transaction.changed.events = True
