"""The log's tree as it is read, and its checkpoints. Only `fleet.store.sequencing` adds leaves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

import asyncpg

from fleet.entries.leaf import compose
from fleet.store.connection import Connection
from fleet.store.log_checked import CheckedLeaf, MissingLeaf, believed_texts, beyond, examined
from fleet.store.queries import load

_SQL = load("log_tree")
MAX_WAITING_COUNTED = 100_000

TilePlace: TypeAlias = tuple[int, int]
"""Level and tile index."""


class StoredCheckpoint(NamedTuple):
    """A signed note of a tree of `size` leaves. `cosigned`: the policy in force was satisfied when it was stored."""

    size: int
    note: str
    made_at: datetime
    cosigned: bool


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf of the tree with its exact bytes."""

    index: int
    leaf: bytes


class LogTreeStore:
    """The tree within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def size(self) -> int:
        """How many leaves the tree has."""
        size: int = await self._connection.fetchval(_SQL["size"])
        return size

    async def waiting(self) -> int:
        """How many committed entries are not in the tree yet; counts no further than MAX_WAITING_COUNTED."""
        count: int = await self._connection.fetchval(_SQL["waiting"], MAX_WAITING_COUNTED)
        return count

    async def still_waiting(self, entry_id: int | None) -> int | None:
        """`entry_id` while that entry is not in the tree, else the lowest id of those that are not; None: all are."""
        found: int | None = await self._connection.fetchval(_SQL["still_waiting"], entry_id)
        return found

    async def tiles(self, places: Collection[TilePlace]) -> dict[TilePlace, bytes]:
        """The tiles at `places` that there are. One may be wider than an earlier tree needs."""
        levels, indexes = [level for level, _ in places], [index for _, index in places]
        records = await self._connection.fetch(_SQL["tiles"], levels, indexes)
        return {(record["level"], record["tile_index"]): record["hashes"] for record in records}

    async def leaves(self, start: int, end: int) -> list[StoredLeaf]:
        """The leaves from index `start` up to, not including, `end`; fewer when the tree ends before."""
        return [_leaf(*record) for record in await self._connection.fetch(_SQL["leaves"], start, end)]

    async def examined(self, start: int, end: int) -> list[CheckedLeaf | MissingLeaf]:
        """What the database has from leaf `start` up to, not including, `end`, right or not."""
        return await examined(self._connection, range(start, end))

    async def check_texts(self, leaves: Sequence[CheckedLeaf]) -> None:
        """Raise LogDamaged when a free text of `leaves` is not the one whose hash the entry holds."""
        await believed_texts(self._connection, leaves)

    async def beyond(self) -> int | None:
        """The first row that says it is a leaf and lies beyond the tree's end, None when there is none."""
        return await beyond(self._connection)

    async def leaf_of(self, entry_id: int) -> StoredLeaf | None:
        """The leaf of an entry; None while it is not in the tree, or was never committed."""
        record = await self._connection.fetchrow(_SQL["leaf_of"], entry_id)
        return None if record is None or record["leaf_index"] is None else _leaf(*record)

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        """The checkpoint of the largest tree, cosigned or not."""
        return _checkpoint(await self._connection.fetchrow(_SQL["newest_checkpoint"]))

    async def newest_cosigned(self, covering: int = 0) -> StoredCheckpoint | None:
        """The cosigned checkpoint of the largest tree, if that has the leaf `covering`."""
        return _checkpoint(await self._connection.fetchrow(_SQL["newest_cosigned"], covering))

    async def checkpoint(self, size: int) -> StoredCheckpoint | None:
        """The checkpoint of the tree of `size` leaves, where one was made."""
        return _checkpoint(await self._connection.fetchrow(_SQL["checkpoint"], size))

    async def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Store a checkpoint in place of an earlier one of its size; never one that is not cosigned for one that is."""
        await self._connection.execute(_SQL["put_checkpoint"], *checkpoint)

    async def put_timestamp(self, checkpoint: StoredCheckpoint, token: bytes, at: datetime) -> None:
        """Keep the timestamp `token` over exactly the note of `checkpoint`, which it says was there at `at`."""
        await self._connection.execute(_SQL["put_timestamp"], checkpoint.size, checkpoint.note, token, at)

    async def newest_timestamped(self) -> tuple[StoredCheckpoint, bytes] | None:
        """The time-stamped checkpoint of the largest tree, as it was stamped and at that time, with its token."""
        record = await self._connection.fetchrow(_SQL["newest_timestamped"])
        if record is None:
            return None
        *checkpoint, token = record
        return StoredCheckpoint(*checkpoint), token

    async def sequencer_runs(self) -> bool:
        """Whether some controller holds the sequencer's lock."""
        return bool(await self._connection.fetchval(_SQL["held"]))


def _leaf(index: int, prior: int | None, body: bytes) -> StoredLeaf:
    return StoredLeaf(index, compose(index, prior, body))


def _checkpoint(record: asyncpg.Record | None) -> StoredCheckpoint | None:
    return None if record is None else StoredCheckpoint(*record)
