"""Keeping reports as long as the settings say: partitions are made ahead of time and dropped when they are old."""

import asyncio
from datetime import timedelta

import structlog

from fleet.clock import Clock
from fleet.errors import StoreUnavailable
from fleet.settings import RetentionSettings
from fleet.store.store import Store

DAYS_AHEAD = 7
_EVERY_S = 3600.0
_AGAIN_S = 30.0

_log = structlog.get_logger(__name__)


class Retention:
    """Looks after the partitions once an hour, so that a controller that was down at midnight misses nothing."""

    def __init__(self, store: Store, settings: RetentionSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    async def run(self) -> None:
        """Keep partitions until cancelled; a lost database only delays."""
        while True:
            try:
                await self.tidy()
            except StoreUnavailable as error:
                _log.warning("partitions wait for the database", detail=error.detail)
                await asyncio.sleep(_AGAIN_S)
            else:
                await asyncio.sleep(_EVERY_S)

    async def tidy(self) -> None:
        """Make the partitions of today and the week to come, and drop what is older than is kept."""
        today = self._clock().date()
        async with self._store.transaction() as transaction:
            made = await transaction.retention.ensure_health_partitions(today, DAYS_AHEAD)
        async with self._store.transaction() as transaction:
            oldest_kept = today - timedelta(days=self._settings.health_days)
            dropped = await transaction.retention.drop_health_partitions(oldest_kept)
        if made or dropped:
            _log.info("partitions of reports", made=made, dropped=dropped)
