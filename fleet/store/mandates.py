"""Mandates and the signatures under them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg

from fleet.store.connection import Connection
from fleet.store.queries import load
from fleet.store.stored_mandate import DRAFT_LIFE, StoredMandate
from protocols.mandate import Mandate, mandate_hash

_SQL = load("mandates")

MAX_LIVE_OF_A_UNIT = 50


class MandateStore:
    """Mandates within one transaction. A mandate's line and its signatures are written once, and never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def one(self, mandate_id: str) -> StoredMandate | None:
        """One mandate, draft or not."""
        record = await self._connection.fetchrow(_SQL["one"], mandate_id)
        return None if record is None else _stored(record)

    async def locked(self, mandate_id: str) -> StoredMandate | None:
        """One mandate, which nobody else changes until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock_one"], mandate_id) is None:
            return None
        return await self.one(mandate_id)

    async def kept(self, mandate_id: str) -> StoredMandate | None:
        """One mandate, which is not cancelled until the transaction ends: many may hold it so at once."""
        if await self._connection.fetchval(_SQL["share_one"], mandate_id) is None:
            return None
        return await self.one(mandate_id)

    async def page(
        self, at: datetime, *, unit_id: str, state: str, waits_for: str, offset: int, limit: int
    ) -> tuple[int, list[StoredMandate]]:
        """How many mandates there are, and `limit` of them from the `offset`-th newest; of a unit, in a state at `at`,
        and waiting for the signature of a person, each where it is not empty."""
        asked = (at, at - DRAFT_LIFE, unit_id, state, waits_for)
        records = await self._connection.fetch(_SQL["page"], *asked, offset, limit)
        first = records or await self._connection.fetch(_SQL["page"], *asked, 0, 1)
        return (first[0]["total"] if first else 0), [_stored(record) for record in records]

    async def add(self, mandate: Mandate, authority_id: str | None, now: datetime) -> None:
        """Keep a draft."""
        text = mandate.text()
        await self._connection.execute(
            _SQL["add"],
            mandate.mandate,
            mandate.kind,
            mandate.unit,
            authority_id,
            text,
            mandate_hash(text),
            mandate.not_before,
            mandate.not_after,
            mandate.requester,
            mandate.approver,
            now,
        )

    async def sign(self, mandate_id: str, person_id: str, armored: str, now: datetime) -> bool:
        """Add a signature that was checked; False when this person has signed already."""
        added = await self._connection.fetchval(_SQL["sign"], mandate_id, person_id, armored, now)
        return added is not None

    async def record(self, mandate_id: str, now: datetime) -> None:
        """Both have signed."""
        await self._connection.execute(_SQL["record"], mandate_id, now)

    async def discard(self, mandate_id: str, now: datetime) -> None:
        """End a draft; its line is erased."""
        await self._connection.execute(_SQL["discard"], mandate_id, now)

    async def discard_lapsed(self, now: datetime) -> list[str]:
        """End the drafts that nobody signed in time; returns their ids."""
        records = await self._connection.fetch(_SQL["discard_lapsed"], now - DRAFT_LIFE, now)
        return [record["mandate_id"] for record in records]

    async def cancel(self, mandate_id: str, person_id: str, now: datetime) -> None:
        """End a mandate before its time."""
        await self._connection.execute(_SQL["cancel"], mandate_id, person_id, now)

    async def recover(self, mandate_id: str, person_id: str, now: datetime) -> None:
        """The unit of a cancelled mandate is back."""
        await self._connection.execute(_SQL["recover"], mandate_id, person_id, now)

    async def not_over_of(self, unit_id: str, now: datetime) -> list[StoredMandate]:
        """The unit's recorded mandates that are neither cancelled nor ended, those that begin first first; at most
        50."""
        return await self._each(await self._connection.fetch(_SQL["of_unit"], unit_id, now, MAX_LIVE_OF_A_UNIT))

    async def not_over_under(self, authority_id: str, now: datetime) -> list[StoredMandate]:
        """The drafts and mandates that rest on an authority and are neither cancelled nor ended, locked."""
        return await self._each(await self._connection.fetch(_SQL["not_over_under"], authority_id, now))

    async def open_drafts(self, requester: str, now: datetime) -> int:
        """How many drafts of a person wait."""
        count: int = await self._connection.fetchval(_SQL["open_drafts"], requester, now - DRAFT_LIFE, now)
        return count

    async def waiting_for(self, person_id: str, now: datetime, limit: int) -> list[StoredMandate]:
        """Drafts that wait for a person's signature, the oldest first."""
        found = await self._connection.fetch(_SQL["waiting_for"], person_id, now - DRAFT_LIFE, now, limit)
        return await self._each(found)

    async def not_recovered(self, limit: int) -> list[StoredMandate]:
        """Cancelled mandates whose unit is not back, those cancelled first first."""
        return await self._each(await self._connection.fetch(_SQL["not_recovered"], limit))

    async def cancelled_of(self, mandate_ids: Iterable[str]) -> set[str]:
        """Those of `mandate_ids` that are cancelled."""
        records = await self._connection.fetch(_SQL["cancelled_of"], list(mandate_ids))
        return {record["mandate_id"] for record in records}

    async def _each(self, records: list[asyncpg.Record]) -> list[StoredMandate]:
        found = [await self.one(record["mandate_id"]) for record in records]
        return [one for one in found if one is not None]


def _stored(record: asyncpg.Record) -> StoredMandate:
    fields: dict[str, Any] = {name: value for name, value in record.items() if name in StoredMandate.__struct_fields__}
    signatures = dict(fields["signatures"])
    signed_at = dict(zip(signatures, fields["signed_at"], strict=True))
    return StoredMandate(**{**fields, "signatures": signatures, "signed_at": signed_at})
