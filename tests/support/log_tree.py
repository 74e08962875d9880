"""Entries for tests of the log, and whether the database holds one tree: computed without the code under test."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import asyncpg

from fleet.entries.entry import CONTROLLER, HashedText
from fleet.entries.people_and_units import UnitLabelled
from fleet.store.store import Store

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


async def append(store: Store, count: int = 1, unit: str | None = None) -> list[int]:
    """Write `count` entries in one transaction, of `unit`; returns their ids."""
    async with store.transaction() as transaction:
        return [
            await transaction.log.append(
                UnitLabelled(at=AT, actor=CONTROLLER, unit=unit, label=HashedText(f"label {number}"))
            )
            for number in range(count)
        ]


@dataclass(frozen=True)
class Tree:
    """The leaves in the database, by index; `waiting` entries are not among them."""

    leaves: list[bytes]
    tiles: dict[tuple[int, int], bytes]
    waiting: int

    def roots(self, sizes: Collection[int]) -> dict[int, bytes]:
        """The roots of the first so many leaves, for many sizes in one pass."""
        peaks: list[tuple[int, bytes]] = []
        found = {0: _root([])} if 0 in sizes else {}
        for size, leaf in enumerate(self.leaves, 1):
            height, node = 0, sha256(b"\x00" + leaf).digest()
            while peaks and peaks[-1][0] == height:
                height, node = height + 1, sha256(b"\x01" + peaks.pop()[1] + node).digest()
            peaks.append((height, node))
            if size in sizes:
                root = peaks[-1][1]
                for _, left in reversed(peaks[:-1]):
                    root = sha256(b"\x01" + left + root).digest()
                found[size] = root
        return found

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves, from the leaves alone (RFC 6962 section 2.1)."""
        return _root([sha256(b"\x00" + leaf).digest() for leaf in self.leaves[:size]])


async def checked_tree(owner: "asyncpg.Connection[asyncpg.Record]") -> Tree:
    """What the database holds. Fails unless it is one tree: indexes without a gap, each unit's entries a chain, and
    every tile what the leaves make it."""
    async with owner.transaction(isolation="repeatable_read", readonly=True):
        rows = await owner.fetch("SELECT * FROM log_entry WHERE leaf_index IS NOT NULL ORDER BY leaf_index")
        size = await owner.fetchval("SELECT size FROM log_tree")
        heads = {record["unit_id"]: record["leaf_index"] for record in await owner.fetch("SELECT * FROM log_unit_head")}
        stored = await owner.fetch("SELECT level, tile_index, hashes FROM log_tile")
        waiting = await owner.fetchval("SELECT count(*) FROM log_entry WHERE leaf_index IS NULL")
    assert [row["leaf_index"] for row in rows] == list(range(size))
    assert _chains(rows) == heads
    leaves = [_leaf(row) for row in rows]
    tiles = {(record["level"], record["tile_index"]): record["hashes"] for record in stored}
    assert tiles == _tiles(leaves)
    return Tree(leaves, tiles, waiting)


def _chains(rows: list[Any]) -> dict[str, int]:
    heads: dict[str, int] = {}
    for row in rows:
        unit = row["unit_id"]
        assert row["prior_index"] == (None if unit is None else heads.get(unit)), f"leaf {row['leaf_index']}"
        if unit is not None:
            heads[unit] = row["leaf_index"]
    return heads


def _leaf(row: Any) -> bytes:
    fields = json.loads(row["body"])
    text = json.dumps({"index": row["leaf_index"], "prior": row["prior_index"]} | fields, separators=(",", ":"))
    return text.encode()


def _tiles(leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    found: dict[tuple[int, int], bytes] = {}
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    level = 0
    while hashes:
        pieces = [hashes[at : at + 256] for at in range(0, len(hashes), 256)]
        found |= {(level, index): b"".join(piece) for index, piece in enumerate(pieces)}
        hashes = [_root(piece) for piece in pieces if len(piece) == 256]
        level += 1
    return found


def _root(hashes: list[bytes]) -> bytes:
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + _root(hashes[:split]) + _root(hashes[split:])).digest()
