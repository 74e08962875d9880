"""The one connection that adds entries to the log's tree: it holds the sequencer's lock, and writes nowhere else.

The lock belongs to the session, so whoever loses the connection loses the lock and whatever was not committed.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import asyncpg

from fleet.errors import StoreUnavailable
from fleet.stopping import cancellations, heed_cancellation
from fleet.store.errors import told_apart
from fleet.store.log_tree import LogTreeStore, TilePlace
from fleet.store.queries import load
from fleet.store.store import ROLE

_SQL = load("sequencing")
_CONNECT_LIMIT_S = 5.0
_STATEMENT_LIMIT_S = 30.0
_CLOSE_LIMIT_S = 5.0
_SESSION = {
    "role": ROLE,
    "application_name": "muster sequencer",
    "timezone": "UTC",
    # A holder that was stopped or cut off must not keep the lock: the server ends its session.
    "idle_session_timeout": "15s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
}


class WaitingEntry(NamedTuple):
    """An entry that is not in the tree yet."""

    entry_id: int
    unit_id: str | None
    body: bytes


Tile: TypeAlias = tuple[int, int, bytes]
"""Level, tile index, and the whole tile as it is to be."""


class SequencingStore:
    """What the sequencer reads and writes, on its own connection. Every method raises StoreUnavailable when the
    connection is lost; it can not be used any more then."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @property
    def server_pid(self) -> int:
        """The process id of this connection's PostgreSQL process."""
        return self._connection.get_server_pid()

    async def hold(self) -> bool:
        """Take the lock that lets one session at a time add to the tree; False while another has it."""
        with told_apart():
            return bool(await self._connection.fetchval(_SQL["hold"]))

    async def size(self) -> int:
        """How many leaves the tree has."""
        with told_apart():
            return await LogTreeStore(self._connection).size()

    async def tiles(self, places: Collection[TilePlace]) -> dict[TilePlace, bytes]:
        """The tiles at `places` that there are."""
        with told_apart():
            return await LogTreeStore(self._connection).tiles(places)

    async def waiting(self, limit: int) -> list[WaitingEntry]:
        """Committed entries that are not in the tree, by id, at most `limit`.

        Never only those above an id seen before: ids commit out of order.
        """
        with told_apart():
            return [WaitingEntry(*record) for record in await self._connection.fetch(_SQL["waiting"], limit)]

    async def heads(self, unit_ids: Collection[str]) -> dict[str, int]:
        """The leaf index of each unit's newest entry in the tree; units without one are left out."""
        with told_apart():
            return {
                record["unit_id"]: record["leaf_index"]
                for record in await self._connection.fetch(_SQL["heads"], list(unit_ids))
            }

    async def write(
        self, expected_size: int, entry_ids: Sequence[int], priors: Sequence[int | None], tiles: Sequence[Tile]
    ) -> None:
        """Give the entries the leaf indexes from `expected_size` on, and store the tiles, in one transaction.

        Raises TransactionConflict, with nothing written, when the tree has another size, an entry is in it already, or
        a tile would change instead of grow.
        """
        levels, indexes, hashes = [list(column) for column in zip(*tiles, strict=True)]
        with told_apart():
            async with self._connection.transaction():
                await self._connection.execute(_SQL["sequence"], expected_size, entry_ids, priors)
                await self._connection.execute(_SQL["put_tiles"], levels, indexes, hashes)


@asynccontextmanager
async def open_sequencing(dsn: str) -> AsyncIterator[SequencingStore]:
    """A connection of the sequencer's own to `dsn`, closed when the block ends; the lock goes with it.

    Raises StoreUnavailable, also for what a lost connection raises in the block.
    """
    cancelled_before = cancellations()
    try:
        connection = await asyncpg.connect(
            dsn, timeout=_CONNECT_LIMIT_S, command_timeout=_STATEMENT_LIMIT_S, server_settings=_SESSION
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        heed_cancellation(cancelled_before)
        raise StoreUnavailable(str(error) or type(error).__name__) from error
    try:
        yield SequencingStore(connection)
    finally:
        await _close(connection)


async def _close(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    try:
        async with asyncio.timeout(_CLOSE_LIMIT_S):
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        connection.terminate()
