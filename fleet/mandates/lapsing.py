"""Drafts that nobody signed in time."""

from datetime import datetime

from fleet.store.store import Store


async def discard_lapsed(store: Store, now: datetime) -> None:
    """End drafts that have waited for longer than a draft may, or whose window is over, and erase their lines. Raises
    StoreUnavailable."""
    async with store.transaction() as transaction:
        lapsed = await transaction.mandates.discard_lapsed(now)
        transaction.changed.mandates.update(lapsed)
        transaction.changed.events = transaction.changed.events or bool(lapsed)
