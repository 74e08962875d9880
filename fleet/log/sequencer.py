"""The sequencer: makes leaves of committed entries, one controller at a time, and lets the log be published meanwhile.

The tree in the database is the truth; what is kept in memory is dropped at the first doubt.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from fleet.entries.leaf import compose
from fleet.errors import LogDamaged, StoreUnavailable
from fleet.log.news import LogNews, rung
from fleet.log.tiles import edge_tiles
from fleet.log.tree import Frontier
from fleet.stopping import cancel
from fleet.store.errors import StoreError
from fleet.store.sequencing import SequencingStore, WaitingEntry, open_sequencing
from protocols.backoff import Backoff
from protocols.tlog.merkle import leaf_hash

BATCH = 2000
_LOCK_EVERY_S = 1.0
_AGAIN_CAP_S = 5.0
DAMAGED_AGAIN_S = 30.0
REFUSED_OFTEN = 5
"""So often in a row is no accident: whoever is overtaken reads the tree again, and the next batch is taken."""

_log = structlog.get_logger(__name__)


class Sequencer:
    """Tries to hold the lock, and sequences while it does. `is_leading` says whether it does now."""

    def __init__(
        self,
        dsn: str,
        news: LogNews,
        *,
        poll_s: float,
        meanwhile: Callable[[], Awaitable[None]],
        on_damage: Callable[[LogDamaged], Awaitable[None]],
        batch: int = BATCH,
    ) -> None:
        """Looks every `poll_s` for new entries, `batch` at a time; `meanwhile` runs only while the lock is held here,
        and never ends by itself. `on_damage` is told what keeps the log from growing."""
        self._dsn = dsn
        self._news = news
        self._poll_s = poll_s
        self._meanwhile = meanwhile
        self._on_damage = on_damage
        self._batch = batch
        self._frontier: Frontier | None = None
        self.is_leading = False

    async def run(self) -> None:
        """Sequence until cancelled; a lost database, and another holder of the lock, only delay."""
        backoff = Backoff(base_s=0.2, cap_s=_AGAIN_CAP_S)
        while True:
            try:
                async with open_sequencing(self._dsn) as connection:
                    while not await connection.hold():  # noqa: ASYNC110 - another process has it: nothing rings here
                        await asyncio.sleep(_LOCK_EVERY_S)
                    backoff.reset()
                    await self._lead(connection)
            except StoreUnavailable as error:
                _log.warning("the sequencer waits for the database", detail=error.detail)
                await asyncio.sleep(backoff.next_s())

    async def _lead(self, connection: SequencingStore) -> None:
        _log.info("this controller sequences the log")
        self._frontier, self.is_leading = None, True
        tasks = [
            asyncio.create_task(self._sequence_for_ever(connection), name="log sequencing"),
            asyncio.ensure_future(self._meanwhile()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.is_leading = False
            for task in tasks:
                await cancel(task)
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            await task

    async def _sequence_for_ever(self, connection: SequencingStore) -> None:
        backoff, refused = Backoff(base_s=0.1, cap_s=_AGAIN_CAP_S), 0
        while True:
            ring = self._news.wanted.next
            try:
                added = await self.sequence(connection)
            except StoreError as error:
                _log.warning("the log's tree is read again", detail=error.detail)
                refused += 1
                if refused % REFUSED_OFTEN == 0:
                    await self._on_damage(LogDamaged(f"it has refused new leaves {refused} times: {error.detail}"))
                await asyncio.sleep(backoff.next_s())
                continue
            except LogDamaged as error:
                _log.exception("nothing can be added to the log")
                await self._on_damage(error)
                await asyncio.sleep(DAMAGED_AGAIN_S)
                continue
            backoff.reset()
            refused = 0
            if added < self._batch:
                await rung(ring, self._poll_s)

    async def sequence(self, connection: SequencingStore) -> int:
        """Add one batch of entries to the tree; returns how many there were.

        Raises StoreUnavailable, StoreError when the tree is not as it was thought to be: nothing is written then, and
        the next call reads it again; LogDamaged.
        """
        waiting = await connection.waiting(self._batch)
        if not waiting:
            return 0
        frontier, self._frontier = self._frontier or await _read_frontier(connection), None
        heads = await connection.heads({entry.unit_id for entry in waiting if entry.unit_id is not None})
        size = frontier.size
        priors: list[int | None] = []
        leaf_hashes: list[bytes] = []
        for index, entry in enumerate(waiting, size):
            prior = None if entry.unit_id is None else heads.get(entry.unit_id)
            if entry.unit_id is not None:
                heads[entry.unit_id] = index
            priors.append(prior)
            leaf_hashes.append(_leaf_hash(index, prior, entry))
        tiles = [(tile.level, tile.index, tile.hashes) for tile in frontier.append(leaf_hashes)]
        await connection.write(size, [entry.entry_id for entry in waiting], priors, tiles)
        # Only now: whatever went wrong before, the next batch begins from what is committed.
        self._frontier = frontier
        self._news.grown.ring()
        return len(waiting)


def _leaf_hash(index: int, prior: int | None, entry: WaitingEntry) -> bytes:
    try:
        return leaf_hash(compose(index, prior, entry.body))
    except ValueError as error:
        raise LogDamaged(f"entry {entry.entry_id} can not be a leaf: {error}") from error


async def _read_frontier(connection: SequencingStore) -> Frontier:
    size = await connection.size()
    edge = edge_tiles(size)
    tiles = await connection.tiles([(level, place.index) for level, place in edge.items()])
    hashes = {level: tiles.get((level, place.index), b"")[: 32 * place.width] for level, place in edge.items()}
    try:
        return Frontier(size, hashes)
    except ValueError as error:
        raise LogDamaged(str(error)) from error
