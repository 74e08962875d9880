"""Records of units' own chains, as the units wrote them, and how long each unit says its chain is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("access_records")
_OF_ONE_NUMBER = 16


class RecordRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record: `body` is its exact text, `sha256` of that; `prior` is the hash it names as the one before."""

    unit_id: str
    number: int
    sha256: str
    prior: str
    body: str
    what: str
    opening: str | None
    at: datetime
    received_at: datetime


class Link(NamedTuple):
    """What of a record makes it part of a chain."""

    number: int
    sha256: str
    prior: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's chain as the controller knows it: `records` are here without a gap from the first on, the last of them
    with hash `head`. Length and head that the unit's latest report claimed and its latest proof proved; None: none.
    `missing_since` is since when some are missing while the unit is connected."""

    unit_id: str
    records: int
    head: str
    claimed: int | None
    claimed_head: str | None
    claimed_at: datetime | None
    proven: int | None
    proven_head: str | None
    proven_at: datetime | None
    missing_since: datetime | None


class Incomplete(msgspec.Struct, frozen=True, kw_only=True):
    """A chain that is longer than what is here; whether its unit has a session, and when it was last asked for its
    records (`is_asked`: it has not answered yet)."""

    chain: Chain
    connected: bool
    asked_at: datetime | None
    is_asked: bool


class AccessRecordStore:
    """Units' records within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, rows: Sequence[RecordRow]) -> set[tuple[str, int, str]]:
        """Store records, leaving out those already here; returns unit, number and hash of the new ones."""
        columns = [[getattr(row, name) for row in rows] for name in RecordRow.__struct_fields__]
        return {tuple(record) for record in await self._connection.fetch(_SQL["add"], *columns)}

    async def lock_chains(self, unit_ids: Sequence[str]) -> dict[str, Chain]:
        """The chains of these units, begun where there was none, locked in order of their ids."""
        await self._connection.execute(_SQL["begin_chains"], unit_ids)
        return {one["unit_id"]: Chain(**one) for one in await self._connection.fetch(_SQL["lock_chains"], unit_ids)}

    async def of_numbers(self, unit_id: str, numbers: Sequence[int], hashes: Sequence[str]) -> list[Link]:
        """The unit's records with these numbers, by number, then in the order they came: of each number the first 16,
        and those with one of `hashes`."""
        records = await self._connection.fetch(
            _SQL["of_numbers"], unit_id, sorted(set(numbers)), sorted(set(hashes)), _OF_ONE_NUMBER
        )
        return [Link(*record) for record in records]

    async def allowances(self, unit_ids: Sequence[str], since: datetime) -> dict[str, tuple[int, int]]:
        """How many records of each of these units were stored after `since`, and how many orders to send some it was
        given."""
        records = await self._connection.fetch(_SQL["allowances"], unit_ids, since)
        return {record["unit_id"]: (record["kept"], record["asked"]) for record in records}

    async def reported(self, unit_id: str, cause: str, repeat_key: str) -> bool | None:
        """Whether `repeat_key` has an error report, open or closed; None when it has none, nor `cause` of this unit an
        open one; False when only that is there."""
        is_reported: bool | None = await self._connection.fetchval(_SQL["report_open"], unit_id, cause, repeat_key)
        return is_reported

    async def following(self, unit_id: str, after: int, limit: int) -> list[Link]:
        """The unit's first `limit` records above number `after`, in the same order."""
        return [Link(*record) for record in await self._connection.fetch(_SQL["following"], unit_id, after, limit)]

    async def set_prefix(self, unit_id: str, records: int, head: str) -> None:
        """So many records are here now without a gap; what is missing, is missing anew."""
        await self._connection.execute(_SQL["set_prefix"], unit_id, records, head)

    async def claim(self, claims: Sequence[tuple[str, int, str | None]], now: datetime) -> None:
        """Enter (unit id, length, head) of latest reports, one item a unit."""
        if claims:
            await self._connection.execute(_SQL["claim"], *map(list, zip(*claims, strict=True)), now)

    async def prove(self, unit_id: str, records: int, head: str, now: datetime) -> None:
        """Enter what a unit has proved; its chain must be locked."""
        await self._connection.execute(_SQL["prove"], unit_id, records, head, now)

    async def told_before_challenge(self, unit_id: str, records: int, margin: timedelta) -> int:
        """The highest number up to `records` that the unit had told of `margin` before its newest challenge was made;
        0 for none. A proof that answers the challenge can prove no less."""
        told: int = await self._connection.fetchval(_SQL["told_before_challenge"], unit_id, records, margin)
        return told

    async def people(self, person_ids: Sequence[str]) -> set[str]:
        """Those of `person_ids` who exist."""
        return {record["person_id"] for record in await self._connection.fetch(_SQL["people"], person_ids)}

    async def authorities(self, references: Sequence[str]) -> set[str]:
        """Those of `references` of which the log has an `authority.recorded`."""
        return {record["authority"] for record in await self._connection.fetch(_SQL["authorities"], references)}

    async def incomplete(self, after_unit: str, limit: int) -> list[Incomplete]:
        """Chains above unit id `after_unit` that are longer than what is here, locked, by unit id; those that another
        controller looks at are left out, and revoked units."""
        return [
            Incomplete(
                chain=_chain(one), connected=one["connected"], asked_at=one["asked_at"], is_asked=one["is_asked"]
            )
            for one in await self._connection.fetch(_SQL["incomplete"], after_unit, limit)
        ]

    async def set_missing_since(self, unit_id: str, since: datetime | None) -> None:
        """Since when records are missing while the unit is connected."""
        await self._connection.execute(_SQL["set_missing_since"], unit_id, since)

    async def is_told(self, unit_id: str, repeat_key: str, since: datetime | None) -> bool:
        """Whether an event of the unit with this key is open, or was acknowledged at `since` or later."""
        told: bool = await self._connection.fetchval(_SQL["is_told"], unit_id, repeat_key, since)
        return told

    async def doubtful_claims(self, after_unit: str, settled: timedelta, limit: int) -> list[Chain]:
        """Chains above unit id `after_unit` of which a report that came `settled` or more after the last news claims
        less than is known, or another head than is stored, by unit id."""
        records = await self._connection.fetch(_SQL["doubtful_claims"], after_unit, settled, limit)
        return [_chain(one) for one in records]


def _chain(record: Any) -> Chain:
    return Chain(**{name: record[name] for name in Chain.__struct_fields__})
