"""Alarming that is alive where no engine runs: for tests of what else the opening screen shows."""

from datetime import datetime, timedelta

from fleet.store.store import Store

_LONG = timedelta(days=365)
"""However far a test puts its clock on."""


async def alarming_lives(store: Store, now: datetime) -> None:
    """A heartbeat that is not late during a test."""
    async with store.transaction() as transaction:
        await transaction.alarm_pages.beat(now + _LONG, 0.0, "")
