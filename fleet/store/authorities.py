"""Authorities and their reviews."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from fleet.store.connection import Connection
from fleet.store.queries import load
from fleet.store.stored_authority import Authority

_SQL = load("authorities")


class AuthorityStore:
    """Authorities within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def one(self, authority_id: str) -> Authority | None:
        """One authority."""
        record = await self._connection.fetchrow(_SQL["one"], authority_id)
        return None if record is None else _stored(record)

    async def locked(self, authority_id: str) -> Authority | None:
        """One authority, which nobody else changes until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock_one"], authority_id) is None:
            return None
        return await self.one(authority_id)

    async def kept(self, authority_id: str) -> Authority | None:
        """One authority, which is not cancelled until the transaction ends: many may hold it so at once."""
        if await self._connection.fetchval(_SQL["share_one"], authority_id) is None:
            return None
        return await self.one(authority_id)

    async def page(
        self, at: datetime, *, words: str, state: str, offset: int, limit: int
    ) -> tuple[int, list[Authority]]:
        """How many authorities there are, and `limit` of them from the `offset`-th newest; with `words` in their
        reference or id, and in a state at `at`, each where it is not empty."""
        records = await self._connection.fetch(_SQL["page"], at, words, state, offset, limit)
        first = records or await self._connection.fetch(_SQL["page"], at, words, state, 0, 1)
        return (first[0]["total"] if first else 0), [_stored(record) for record in records]

    async def live_mandates(self, authority_ids: Sequence[str], at: datetime) -> dict[str, int]:
        """How many mandates rest on each of these and are live at `at`; none for those left out."""
        records = await self._connection.fetch(_SQL["live_mandates"], list(authority_ids), at)
        return {record["authority_id"]: record["live"] for record in records}

    async def of_reference(self, reference: str) -> list[str]:
        """The ids of authorities of this reference that are not cancelled."""
        return [record["authority_id"] for record in await self._connection.fetch(_SQL["of_reference"], reference)]

    async def oral_of_reference(self, reference: str) -> str | None:
        """The id of the urgent oral authority of this reference, in capitals or not, cancelled or not, if there ever
        was one."""
        found: str | None = await self._connection.fetchval(_SQL["oral_of_reference"], reference)
        return found

    async def lock_recording(self) -> None:
        """Let only one transaction at a time record an authority."""
        await self._connection.execute(_SQL["lock_recording"])

    async def add(self, authority: Authority, review_at: Sequence[datetime]) -> None:
        """Keep a new authority with the dates of its reviews."""
        await self._connection.execute(
            _SQL["add"],
            authority.authority_id,
            authority.reference,
            authority.kinds,
            authority.modalities,
            authority.authorised_by_rank,
            authority.starts_at,
            authority.ends_at,
            authority.urgent_oral,
            authority.document_sha256,
            authority.document_salt,
            authority.note,
            authority.renews,
            authority.recorded_by,
            authority.recorded_at,
        )
        for due_at in review_at:
            await self.add_review(authority.authority_id, due_at)

    async def reviews_due(self, authority_id: str) -> list[datetime]:
        """The dates that no review was held for, ascending."""
        return [record["due_at"] for record in await self._connection.fetch(_SQL["reviews_due"], authority_id)]

    async def set_reviewed(self, authority_id: str, due: Sequence[datetime], person_id: str, now: datetime) -> None:
        """A review was held for these dates."""
        await self._connection.execute(_SQL["set_reviewed"], authority_id, list(due), now, person_id)

    async def drop_reviews_to_come(self, authority_id: str) -> None:
        """Forget the dates to come that no review was held for. One that PostgreSQL's clock says has come stays."""
        await self._connection.execute(_SQL["drop_reviews_to_come"], authority_id)

    async def add_review(self, authority_id: str, due_at: datetime) -> None:
        """It has to be reviewed by `due_at`."""
        await self._connection.execute(_SQL["add_review"], authority_id, due_at)

    async def state_statement(self, authority_id: str, sha256: str, salt: str, now: datetime) -> None:
        """The written statement is there."""
        await self._connection.execute(_SQL["state_statement"], authority_id, now, sha256, salt)

    async def cancel(self, authority_id: str, person_id: str, now: datetime) -> None:
        """End an authority before its time."""
        await self._connection.execute(_SQL["cancel"], authority_id, person_id, now)

    async def needing_somebody(self, now: datetime, until: datetime, limit: int) -> list[Authority]:
        """Authorities whose written statement is missing, whose review is due until `until`, or that end until
        then; those that end first first."""
        records = await self._connection.fetch(_SQL["needing_somebody"], now, until, limit)
        return [_stored(record) for record in records]


def _stored(record: asyncpg.Record) -> Authority:
    return Authority(**{name: value for name, value in record.items() if name in Authority.__struct_fields__})
