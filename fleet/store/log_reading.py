"""Reading the deployment log: entries in the tree by scope, free texts that are not erased, and exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.entries.log import LogScope
from fleet.store.connection import Connection
from fleet.store.log_checked import CheckedLeaf, believed, believed_texts
from fleet.store.log_tree import StoredLeaf
from fleet.store.queries import load
from protocols.api.log import ExportedText

_SQL = load("log_reading")
_CHECKED_AT_ONCE = 2000


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the tree, as its leaf says it. `texts` has the free texts that are not erased, by field; `label` is
    what the unit is called now."""

    said: CheckedLeaf
    label: str
    texts: dict[str, str]

    @property
    def entry_id(self) -> int:
        """Its id in the database."""
        return self.said.entry_id

    @property
    def index(self) -> int:
        """Its place in the tree."""
        return self.said.index


class StoredExport(msgspec.Struct, frozen=True, kw_only=True):
    """What `person_id` may fetch until `ends_at`, under the checkpoint `note` of `size` leaves: all of them, or those
    at `indexes`. `entry_id` is the entry that tells of it."""

    export_id: str
    person_id: str
    made_at: datetime
    ends_at: datetime
    entry_id: int
    size: int
    note: str
    cosigned: bool
    indexes: list[int] | None


class LogReadingStore:
    """Reading the log within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, scope: LogScope, before: int, limit: int) -> list[StoredEntry]:
        """At most `limit` entries of `scope` with leaf indexes below `before`, newest first. Raises LogDamaged."""
        wanted = await self._conditions(scope)
        records = await self._connection.fetch(_SQL["page"], *wanted, before, limit)
        return await self._believed(records)

    async def one(self, index: int) -> StoredEntry | None:
        """The entry at leaf `index`. Raises LogDamaged."""
        records = await self._connection.fetch(_SQL["one"], index)
        return next(iter(await self._believed(records)), None)

    async def indexes(self, scope: LogScope, size: int, limit: int) -> list[int]:
        """The leaf indexes of `scope` among the first `size` leaves, from the lowest, at most `limit`."""
        wanted = await self._conditions(scope)
        records = await self._connection.fetch(_SQL["indexes"], *wanted, size, limit)
        return [record["leaf_index"] for record in records]

    async def check(self, indexes: Sequence[int]) -> None:
        """Raise LogDamaged at the first of the leaves at `indexes` with which anything is wrong."""
        for start in range(0, len(indexes), _CHECKED_AT_ONCE):
            await believed(self._connection, indexes[start : start + _CHECKED_AT_ONCE])

    async def leaves_at(self, indexes: Sequence[int]) -> list[StoredLeaf]:
        """The leaves at `indexes`, by index. Raises LogDamaged."""
        return [StoredLeaf(one.index, one.leaf) for one in await believed(self._connection, sorted(indexes))]

    async def exported_texts(
        self, after: int, size: int, indexes: Sequence[int] | None, entries: int
    ) -> list[ExportedText]:
        """The texts of the next `entries` entries that have some: after leaf `after`, below `size`, and at `indexes`
        unless that is None; by index and field."""
        given = None if indexes is None else list(indexes)
        records = await self._connection.fetch(_SQL["exported_texts"], after, size, given, entries)
        return [
            ExportedText(index=index, field=field, salt=salt.hex(), text=text) for index, field, salt, text in records
        ]

    async def add_export(self, export: StoredExport) -> None:
        """Keep a new export."""
        await self._connection.execute(_SQL["add_export"], *msgspec.structs.astuple(export))

    async def export(self, export_id: str) -> StoredExport | None:
        """One export, ended or not."""
        record = await self._connection.fetchrow(_SQL["export"], export_id)
        return None if record is None else StoredExport(**record)

    async def _conditions(self, scope: LogScope) -> tuple[Any, ...]:
        """The first seven values of `page` and `indexes`, and a plan made for them: one plan for all scopes would
        read the whole log for each.

        Kinds stand for a period too, because the index on times is one of kinds and times.
        """
        await self._connection.execute(_SQL["plan_for_these_values"])
        kinds = None
        if scope.kind is not None or scope.since is not None or scope.until is not None:
            records = await self._connection.fetch(_SQL["kinds"], scope.kind or "")
            kinds = [record["kind"] for record in records]
        who = (scope.unit, scope.person, scope.authority, scope.deployment)
        return (*who, kinds, scope.since, scope.until)

    async def _believed(self, records: Sequence[asyncpg.Record]) -> list[StoredEntry]:
        """What the leaves say that were found; of the records themselves, only the unit's label is used."""
        leaves = await believed(self._connection, [record["leaf_index"] for record in records])
        texts: dict[int, dict[str, str]] = {leaf.index: {} for leaf in leaves}
        for one in await believed_texts(self._connection, leaves):
            texts[one.index][one.field] = one.text
        labels = {record["leaf_index"]: record["label"] for record in records}
        return [StoredEntry(said=leaf, label=labels[leaf.index], texts=texts[leaf.index]) for leaf in leaves]
