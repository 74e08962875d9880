"""Comparing the rows of the log with its tree, slowly and for ever: a row that was changed shows by itself, without
anybody reading or exporting it.

New leaves are looked at within seconds. Of the others, 20,000 a minute: their columns and free texts with their bodies,
their hashes with the tiles, and each full tile with the one above it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from fleet.clock import Clock
from fleet.errors import LogDamaged
from fleet.log.disagreements import tell_damage
from fleet.log.tiles import MAX_TILE_LEVEL, TILE_HEIGHT, TILE_WIDTH
from fleet.rounds import go_round
from fleet.store.log_checked import CheckedLeaf
from fleet.store.store import Store, Transaction
from protocols.tlog.merkle import HASH_BYTES, node_hash

LEAVES_AT_ONCE = 4 * TILE_WIDTH
PASS_EVERY = timedelta(minutes=10)
_EVERY_S = 3.0

_log = structlog.get_logger(__name__)


class LogSweep:
    """Goes from the first leaf to the last, again and again; each pass begins `pass_every` after the one before, or
    when that has ended. It goes on after damage, and raises the alarm `log-damaged` once a pass."""

    def __init__(self, store: Store, clock: Clock, *, pass_every: timedelta = PASS_EVERY) -> None:
        self._store = store
        self._clock = clock
        self._pass_every = pass_every
        self._new: int | None = None
        self._next = 0
        self._begun: datetime | None = None
        self._has_told = False

    async def run(self) -> None:
        """Compare until cancelled; a lost database only delays."""
        await go_round("comparing the log's rows with its tree", self.look, _EVERY_S)

    async def look(self) -> LogDamaged | None:
        """Compare the leaves that are new and the next of the others; returns the first damage. Raises
        StoreUnavailable."""
        async with self._store.transaction() as transaction:
            size = await transaction.log_tree.size()
            found = [await self._look_at_new(transaction, size), await self._look_on(transaction, size)]
        damage = next((LogDamaged(detail) for detail in found if detail is not None), None)
        if damage is not None:
            _log.error("the log is damaged", detail=damage.detail)
            if not self._has_told:
                await tell_damage(self._store, self._clock, damage)
                self._has_told = True
        return damage

    async def _look_at_new(self, transaction: Transaction, size: int) -> str | None:
        start = size if self._new is None else min(self._new, size)
        end = min(size, start + LEAVES_AT_ONCE)
        detail = await _wrong_leaf(transaction, start, end)
        self._new = end
        return detail

    async def _look_on(self, transaction: Transaction, size: int) -> str | None:
        now = self._clock()
        if self._next == 0:
            if self._begun is not None and timedelta(0) <= now - self._begun < self._pass_every:
                return None
            self._begun, self._has_told = now, False
        start, end = min(self._next, size), min(size, self._next + LEAVES_AT_ONCE)
        detail = await _wrong_leaf(transaction, start, end)
        detail = detail or await _wrong_tile(transaction, 0, range(start // TILE_WIDTH, end // TILE_WIDTH))
        if end == size:
            detail = detail or await _wrong_above(transaction, size)
        self._next = 0 if end == size else end
        return detail


async def _wrong_leaf(transaction: Transaction, start: int, end: int) -> str | None:
    leaves = await transaction.log_tree.examined(start, end)
    damage = next((one.damage for one in leaves if one.damage is not None), None)
    if damage is not None:
        return damage
    try:
        await transaction.log_tree.check_texts([one for one in leaves if isinstance(one, CheckedLeaf)])
    except LogDamaged as error:
        return error.detail
    return None


async def _wrong_tile(transaction: Transaction, level: int, full: Collection[int]) -> str | None:
    """The first of the full tiles at `level` whose root is not in the tile above."""
    places = {(level, index) for index in full} | {(level + 1, index // TILE_WIDTH) for index in full}
    tiles = await transaction.log_tree.tiles(places)
    for index in full:
        own, above = tiles.get((level, index), b""), tiles.get((level + 1, index // TILE_WIDTH), b"")
        offset = index % TILE_WIDTH * HASH_BYTES
        is_whole = len(own) == TILE_WIDTH * HASH_BYTES
        if not is_whole or _root_of(own) != above[offset : offset + HASH_BYTES]:
            return f"tile {index} of level {level} is not what the tree above it was made of"
    return None


def _root_of(tile: bytes) -> bytes:
    nodes = [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]
    while len(nodes) > 1:
        nodes = [node_hash(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0]


async def _wrong_above(transaction: Transaction, size: int) -> str | None:
    """What is wrong above the tiles of leaves, and behind the last leaf."""
    for level in range(1, MAX_TILE_LEVEL):
        detail = await _wrong_tile(transaction, level, range(size >> (TILE_HEIGHT * (level + 1))))
        if detail is not None:
            return detail
    beyond = await transaction.log_tree.beyond()
    return None if beyond is None else f"leaf {beyond} lies beyond the tree's end"
