"""One listener on the database's change notices, many subscribers with a coalesced view each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from fleet.errors import StoreUnavailable
from fleet.store.changes import Change
from fleet.store.store import Store
from protocols.backoff import Backoff

_log = structlog.get_logger()


class Subscription:
    """What changed since the subscriber last took it; its size is bounded by the number of units."""

    def __init__(self) -> None:
        self._pending = Change()
        self._something = asyncio.Event()

    def put(self, change: Change) -> None:
        """Add what changed."""
        self._pending.merge(change)
        self._something.set()

    async def take(self) -> Change:
        """Wait until something changed, and return all of it."""
        await self._something.wait()
        self._something.clear()
        taken, self._pending = self._pending, Change()
        return taken


class Hub:
    """Listens for as long as `run` runs, over lost connections; after each loss subscribers get `all`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._subscriptions: set[Subscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription that begins with `all` set."""
        subscription = Subscription()
        subscription.put(Change(all=True))
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def run(self) -> None:
        """Pass changes on until cancelled."""
        backoff = Backoff(base_s=0.2, cap_s=10.0)
        while True:
            try:
                async for change in self._store.changes():
                    backoff.reset()
                    for subscription in self._subscriptions:
                        subscription.put(change)
            except StoreUnavailable as error:
                _log.warning("change notices lost, listening again", detail=error.detail)
            await asyncio.sleep(backoff.next_s())
