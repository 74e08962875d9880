"""Asking the database whether it answers, once a second at most."""

import asyncio
import time

from fleet.errors import StoreUnavailable
from fleet.store.store import Store

_GOOD_FOR_S = 1.0


class Pulse:
    """The database's latest answer, good for a second. Those who ask meanwhile wait for the one question under way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._lost: StoreUnavailable | None = None

    async def check(self) -> None:
        """Raise StoreUnavailable when the database did not answer within the last second."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= _GOOD_FOR_S:
                self._lost = await self._ask()
                self._asked_at = time.monotonic()
        if self._lost is not None:
            raise StoreUnavailable(self._lost.detail)

    async def _ask(self) -> StoreUnavailable | None:
        try:
            async with self._store.transaction() as transaction:
                await transaction.units.schema_revision()
        except StoreUnavailable as error:
            return error
        return None
