"""Legal holds, and the erasing of free texts that they forbid."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.log import HoldView, LogQuery

_SQL = load("legal_holds")


class ErasedTexts(NamedTuple):
    """How many texts were erased, how many past their keeping are held, the leaf indexes of the first and the last
    entry that lost one (None when none did), and their kinds."""

    texts: int
    held: int
    first: int | None
    last: int | None
    kinds: list[str]


class StoredErasure(NamedTuple):
    """What the database wrote down as it erased texts: of entries written before `kept_from`, with the leaf indexes of
    the first and the last entry that lost one."""

    erasure_id: int
    erased_at: datetime
    kept_from: datetime
    kinds: list[str]
    texts: int
    held: int
    first: int
    last: int


class LegalHoldStore:
    """Holds within one transaction; those that place one or erase are called under `lock`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Let nothing be erased while a hold is being placed, and the other way round."""
        await self._connection.execute(_SQL["lock"])

    async def add(self, hold: HoldView) -> None:
        """Keep a new hold."""
        scope = hold.scope
        await self._connection.execute(
            _SQL["add"],
            hold.hold_id,
            scope.unit,
            scope.person,
            scope.authority,
            scope.deployment,
            scope.kind,
            scope.since,
            scope.until,
            hold.reason,
            hold.placed_by,
            hold.placed_at,
        )

    async def every(self, limit: int) -> list[HoldView]:
        """Holds that stand, then released ones, each newest first; at most `limit`."""
        return [_view(record) for record in await self._connection.fetch(_SQL["every"], limit)]

    async def one(self, hold_id: str) -> HoldView | None:
        """One hold, released or not."""
        record = await self._connection.fetchrow(_SQL["one"], hold_id)
        return None if record is None else _view(record)

    async def count_standing(self) -> int:
        """How many stand."""
        count: int = await self._connection.fetchval(_SQL["count_standing"])
        return count

    async def release(self, hold_id: str, person_id: str, now: datetime) -> bool:
        """End a hold; False when it does not stand."""
        return await self._connection.fetchval(_SQL["release"], hold_id, person_id, now) is not None

    async def erase_texts(
        self, kinds: Sequence[str], but_kinds: Sequence[str], kept_from: datetime, at_most: int
    ) -> ErasedTexts:
        """Erase up to `at_most` texts of entries of kinds that begin with one of `kinds` and none of `but_kinds`,
        written before `kept_from`; none that is held, none that is younger than a year by PostgreSQL's clock."""
        record = await self._connection.fetchrow(_SQL["erase_texts"], list(kinds), list(but_kinds), kept_from, at_most)
        assert record is not None, "an aggregate query always has a row"
        return ErasedTexts(*record)

    async def newest_erasure(self) -> int:
        """The number of the last erasure, 0 before the first. Numbers grow in the order of commits."""
        number: int = await self._connection.fetchval(_SQL["newest_erasure"])
        return number

    async def erasures(self, last: int) -> list[StoredErasure]:
        """All erasures up to number `last`, by number."""
        return [StoredErasure(*record) for record in await self._connection.fetch(_SQL["erasures"], last)]

    async def erasures_told(self) -> list[bytes]:
        """The entries that tell of erasures, in the tree or still waiting."""
        return [record["body"] for record in await self._connection.fetch(_SQL["erasures_told"])]


def _view(record: asyncpg.Record) -> HoldView:
    fields = dict(record)
    scope = LogQuery(
        unit=fields.pop("unit_id"),
        person=fields.pop("person_id"),
        authority=fields.pop("authority"),
        deployment=fields.pop("deployment"),
        kind=fields.pop("kind"),
        since=fields.pop("since"),
        until=fields.pop("until"),
    )
    return HoldView(scope=scope, **fields)
