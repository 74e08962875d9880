"""Entries that tell of openings and of what allowed them, and how far units have told their own records.

Only entries in the tree are read, and only what the tree was made of counts: a body whose hash is not in its tile is
left out, one with wrong columns beside it counts by what it says, and `damage` names the first of either. Kinds are
named by the callers, so that the indexes on kinds serve.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.entries.log import LogScope
from fleet.errors import LogDamaged
from fleet.store.connection import Connection
from fleet.store.log_checked import CheckedLeaf, believed, believed_texts, examined
from fleet.store.queries import load

_SQL = load("log_openings")

_MAX_FOUND_ENTRIES = 20_000

Body = tuple[int, bytes]
"""A leaf index, and the entry as stored."""


class FoundOpenings(NamedTuple):
    """Ids of openings; `is_all` unless there were more."""

    openings: list[str]
    is_all: bool


class UnitSpan(NamedTuple):
    """A time in which a unit is looked at: [since, until)."""

    unit_id: str
    since: datetime
    until: datetime


class LogOpeningsStore:
    """Entries of openings within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.damage: LogDamaged | None = None
        """The first damage met by any reading here."""

    async def size(self) -> int:
        """How many entries the tree has."""
        size: int = await self._connection.fetchval(_SQL["size"])
        return size

    async def newest_of_each(self, kinds: Sequence[str], limit: int) -> list[Body]:
        """The `limit` newest entries of each of `kinds`."""
        return await self._bodies("newest_of_each", list(kinds), limit)

    async def first_since(self, kinds: Sequence[str], since: datetime) -> int | None:
        """A leaf before which none of `kinds` was written at `since` or later, None when none was.

        By the columns, and by the bodies, which stand about in the order of their times: the lower of the two.
        """
        by_columns: int | None = await self._connection.fetchval(_SQL["first_since"], list(kinds), since)
        size = await self.size()
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            (one,) = await examined(self._connection, [middle])
            if isinstance(one, CheckedLeaf) and one.is_proven and one.columns.at < since:
                low = middle + 1
            else:
                high = middle
        return min((first for first in (by_columns, low) if first is not None and first < size), default=None)

    async def between(self, kinds: Sequence[str], first: int, last: int) -> list[Body]:
        """Entries of `kinds` with leaf indexes from `first` up to, not including, `last`, which the tree has."""
        return await self._sound(kinds, range(first, last))

    async def find(self, kinds: Sequence[str], scope: LogScope, limit: int) -> FoundOpenings:
        """The openings of which an entry of `kinds` is in `scope`, those spoken of last first, at most `limit`, and of
        no more than the newest 20,000 such entries."""
        await self._connection.execute(_SQL["plan_for_these_values"])
        who = (scope.unit, scope.person, scope.authority, scope.deployment)
        wanted = (list(kinds), *who, scope.since, scope.until, _MAX_FOUND_ENTRIES, limit + 1)
        records = await self._connection.fetch(_SQL["find"], *wanted)
        is_all = len(records) <= limit and not any(record["is_cut"] for record in records)
        return FoundOpenings([record["opening"] for record in records[:limit]], is_all)

    async def of_units_between(self, kinds: Sequence[str], spans: Sequence[UnitSpan]) -> set[str]:
        """The openings of which entries of `kinds` were written in `spans`."""
        units, since, until = ([*column] for column in zip(*spans, strict=True)) if spans else ([], [], [])
        records = await self._connection.fetch(_SQL["of_units_between"], list(kinds), units, since, until)
        return {record["opening"] for record in records}

    async def of_openings(self, kinds: Sequence[str], openings: Sequence[str]) -> list[Body]:
        """Entries of `kinds` about `openings`."""
        return await self._bodies("of_openings", list(kinds), list(openings))

    async def of_units(self, kinds: Sequence[str], units: Sequence[str]) -> list[Body]:
        """Entries of `kinds` about `units`."""
        return await self._bodies("of_units", list(kinds), list(units))

    async def of_authorities(self, kinds: Sequence[str], references: Sequence[str]) -> list[Body]:
        """Entries of `kinds` under the authorities `references`."""
        return await self._bodies("of_authorities", list(kinds), list(references))

    async def holding(self, kinds: Sequence[str], pieces: Sequence[bytes]) -> list[Body]:
        """Entries of `kinds` with one of `pieces` in them: reads all of `kinds`, so for what no index finds."""
        return await self._bodies("holding", list(kinds), list(pieces))

    async def told_until(self, units: Sequence[str]) -> dict[str, datetime]:
        """When each unit last proved how long its chain is, where every record of it is here and in the tree."""
        records = await self._connection.fetch(_SQL["told_until"], list(units))
        return {record["unit_id"]: record["proven_at"] for record in records}

    async def waiting(self, units: Sequence[str]) -> set[str]:
        """Those of `units` that have entries which are not in the tree yet."""
        return {record["unit_id"] for record in await self._connection.fetch(_SQL["waiting"], list(units))}

    async def at(self, kinds: Sequence[str], indexes: Sequence[int]) -> list[Body]:
        """Those entries at leaf `indexes` that are of `kinds`."""
        return await self._bodies("at", list(kinds), list(indexes))

    async def labels(self, units: Sequence[str]) -> dict[str, str]:
        """Short names by unit."""
        records = await self._connection.fetch(_SQL["labels"], list(units))
        return {record["unit_id"]: record["label"] for record in records}

    async def purposes(self, indexes: Sequence[int]) -> dict[int, str]:
        """The purposes of the mandates at leaf `indexes`, where they are not erased. Raises LogDamaged when one is not
        the one that was entered."""
        leaves = await believed(self._connection, indexes)
        return {one.index: one.text for one in await believed_texts(self._connection, leaves) if one.field == "purpose"}

    async def _bodies(self, query: str, kinds: list[str], *values: object) -> list[Body]:
        records = await self._connection.fetch(_SQL[query], kinds, *values)
        return await self._sound(kinds, [record["leaf_index"] for record in records])

    async def _sound(self, kinds: Collection[str], indexes: Sequence[int]) -> list[Body]:
        found: list[Body] = []
        for one in await examined(self._connection, indexes):
            if one.damage is not None and self.damage is None:
                self.damage = LogDamaged(one.damage)
            if isinstance(one, CheckedLeaf) and one.is_proven and one.columns.kind in kinds:
                found.append((one.index, one.body))
        return found
