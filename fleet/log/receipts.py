"""Receipts: that an entry is in the log, under a checkpoint that the log's witnesses have seen."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from fleet.errors import NotLoggedYet
from fleet.log.news import LogNews, rung
from fleet.log.tree import inclusion_proof, tiles_needed_for_inclusion
from fleet.store.log_tree import StoredCheckpoint, StoredLeaf
from fleet.store.store import Store, Transaction
from protocols.tlog.receipt import Receipt

LIMIT_S = 5.0
_LOOK_EVERY_S = 0.025


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """A leaf, its index, and the receipt (c2sp.org/tlog-proof@v1) that proves it."""

    index: int
    leaf: bytes
    receipt: str


class Receipts:
    """Where receipts are asked for. It looks into the database only while somebody waits, once for all who do."""

    def __init__(self, store: Store, news: LogNews) -> None:
        self._store = store
        self._news = news
        self._turn = asyncio.Lock()
        self._newest: StoredCheckpoint | None = None
        self._looked_at: tuple[int, float] | None = None

    async def receipt(self, entry_id: int, limit_s: float = LIMIT_S) -> LoggedEntry:
        """The receipt of a committed entry, as soon as a cosigned checkpoint covers it, under the newest that does.

        Raises NotLoggedYet when there is none after `limit_s`, StoreUnavailable.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                return await self._await_receipt(entry_id)
        async with self._store.transaction() as transaction:
            raise NotLoggedYet(in_tree=await transaction.log_tree.leaf_of(entry_id) is not None)

    async def at_once(self, entry_id: int) -> LoggedEntry | None:
        """The receipt of an entry if there can be one now. Raises StoreUnavailable."""
        async with self._store.transaction() as transaction:
            leaf = await transaction.log_tree.leaf_of(entry_id)
            checkpoint = None if leaf is None else await transaction.log_tree.newest_cosigned(covering=leaf.index)
            return None if leaf is None or checkpoint is None else await prove(transaction, leaf, checkpoint)

    async def _await_receipt(self, entry_id: int) -> LoggedEntry:
        self._news.wanted.ring()
        seen: str | None = None
        while True:
            ring = self._news.published.next
            newest = await self._newest_cosigned()
            if newest is not None and newest.note != seen:
                seen = newest.note
                async with self._store.transaction() as transaction:
                    leaf = await transaction.log_tree.leaf_of(entry_id)
                    if leaf is not None and leaf.index < newest.size:
                        return await prove(transaction, leaf, newest)
            await rung(ring, _LOOK_EVERY_S)

    async def _newest_cosigned(self) -> StoredCheckpoint | None:
        """The newest cosigned checkpoint, read at most once in a while unless one was published here since."""
        async with self._turn:
            now, published = asyncio.get_running_loop().time(), self._news.published.rung
            if (
                self._looked_at is None
                or self._looked_at[0] != published
                or now - self._looked_at[1] >= _LOOK_EVERY_S / 2
            ):
                async with self._store.transaction() as transaction:
                    self._newest = await transaction.log_tree.newest_cosigned()
                self._looked_at = published, now
            return self._newest


async def prove(transaction: Transaction, leaf: StoredLeaf, checkpoint: StoredCheckpoint) -> LoggedEntry:
    """The receipt of `leaf` under `checkpoint`, which covers it."""
    tiles = await transaction.log_tree.tiles(tiles_needed_for_inclusion(leaf.index, checkpoint.size))
    proof = inclusion_proof(leaf.index, checkpoint.size, lambda level, index: tiles[level, index])
    return LoggedEntry(leaf.index, leaf.leaf, Receipt(leaf.index, tuple(proof), checkpoint.note).text)
