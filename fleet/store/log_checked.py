"""Leaves as they are believed: only the body counts, its columns have to say the same, and its tile has to hold it.

Whoever has the database's password can change a row; the queries that find entries by their columns would then miss
them, or find them where they are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from fleet.entries.columns import Columns, columns_of, differing
from fleet.entries.leaf import compose
from fleet.errors import LogDamaged
from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.tlog.merkle import leaf_hash

_SQL = load("log_checked")


@dataclass(frozen=True, slots=True)
class CheckedLeaf:
    """A leaf. `columns` are what its body says. `damage` says what is wrong with the row, in words for people.

    `is_proven`: the leaf is the one whose hash the tree's tile has, so that at most columns are wrong.
    """

    entry_id: int
    index: int
    prior: int | None
    body: bytes
    columns: Columns
    damage: str | None
    is_proven: bool

    @property
    def leaf(self) -> bytes:
        """The leaf's bytes."""
        return compose(self.index, self.prior, self.body)

    def believed(self) -> "CheckedLeaf":
        """This leaf; raises LogDamaged when anything is wrong with its row."""
        if self.damage is not None:
            raise LogDamaged(self.damage)
        return self


@dataclass(frozen=True, slots=True)
class MissingLeaf:
    """A place in the tree without a leaf that can be read."""

    index: int
    damage: str


@dataclass(frozen=True, slots=True)
class SaltedText:
    """A free text of the entry at leaf `index`, and the salt it was hashed with."""

    index: int
    field: str
    salt: bytes
    text: str


async def examined(connection: Connection, indexes: Sequence[int]) -> list[CheckedLeaf | MissingLeaf]:
    """What the database has at leaf `indexes`, in that order, right or not."""
    return [_examine(record) for record in await connection.fetch(_SQL["examined"], list(indexes))]


async def believed(connection: Connection, indexes: Sequence[int]) -> list[CheckedLeaf]:
    """The leaves at `indexes`, in that order. Raises LogDamaged at the first with which anything is wrong."""
    found: list[CheckedLeaf] = []
    for one in await examined(connection, indexes):
        if isinstance(one, MissingLeaf):
            raise LogDamaged(one.damage)
        found.append(one.believed())
    return found


async def beyond(connection: Connection) -> int | None:
    """The lowest leaf index of a row that is beyond the tree's end."""
    first: int | None = await connection.fetchval(_SQL["beyond"])
    return first


async def believed_texts(connection: Connection, leaves: Sequence[CheckedLeaf]) -> list[SaltedText]:
    """The free texts of `leaves` that are not erased, by index and field. Raises LogDamaged when one of them is not the
    text whose hash the entry holds."""
    bodies = {leaf.index: leaf.body for leaf in leaves}
    texts = [SaltedText(*record) for record in await connection.fetch(_SQL["salted_texts"], list(bodies))]
    decoded: dict[int, dict[str, Any]] = {}
    for one in texts:
        if one.index not in decoded:
            decoded[one.index] = msgspec.json.decode(bodies[one.index])
        digest = sha256(one.salt + one.text.encode()).hexdigest()
        if decoded[one.index].get(one.field) != {"sha256": digest}:
            raise LogDamaged(f"the text {one.field} of leaf {one.index} is not the one that was entered")
    return texts


def _examine(record: asyncpg.Record) -> CheckedLeaf | MissingLeaf:
    entry_id, index, prior, body, stored, *columns = record
    if body is None:
        return MissingLeaf(index, f"leaf {index} is missing")
    try:
        wrong, said = differing(Columns(*columns), body), columns_of(body)
        digest = leaf_hash(compose(index, prior, body))
    except ValueError as error:
        return MissingLeaf(index, f"leaf {index}: {error}"[:150])
    damage = None
    if digest != stored:
        damage = f"leaf {index} is not the one that the tree was made of"
    elif wrong:
        damage = f"beside leaf {index} the database says another {', '.join(wrong)} than the leaf"
    return CheckedLeaf(entry_id, index, prior, body, said, damage, digest == stored)
