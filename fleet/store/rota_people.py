"""What is kept of people for rotas: terms by version, absences, wishes."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Literal

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from fleet.store.records import Records
from protocols.api.rota_people import AbsenceView, WishView
from protocols.rota.member import Absence, AbsenceKind, WorkingTerms

_SQL = load("rota_people")
_terms = msgspec.json.Decoder(WorkingTerms)

EVER: tuple[datetime, datetime] = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
"""Since and until where no time is asked for."""


class StoredTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One version of somebody's terms."""

    person_id: str
    version: int
    terms: WorkingTerms
    changed_by: str
    changed_at: datetime


class StoredAbsence(msgspec.Struct, frozen=True, kw_only=True):
    """An absence, withdrawn or not."""

    absence_id: str
    person_id: str
    kind: AbsenceKind
    starts_at: datetime
    ends_at: datetime
    zone: str
    reference: str
    recorded_by: str
    recorded_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    def known(self) -> Absence:
        """As the rules know it."""
        return Absence(
            absence=self.absence_id,
            kind=self.kind,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            zone=self.zone,
            reference=self.reference,
        )

    def view(self, *, whole: bool) -> AbsenceView:
        """As the API shows it; not `whole`: without the kind of leave and the reference of a deployment."""
        return AbsenceView(
            absence=self.absence_id,
            person=self.person_id,
            kind=self.kind if whole or self.kind == "away" else "other",
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            zone=self.zone,
            reference=self.reference if whole else "",
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            withdrawn_at=self.withdrawn_at,
        )


class StoredWish(msgspec.Struct, frozen=True, kw_only=True):
    """A wish, withdrawn or not."""

    wish_id: str
    person_id: str
    wants: Literal["on", "off"]
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    withdrawn_at: datetime | None = None

    def view(self) -> WishView:
        """As the API shows it."""
        return WishView(
            wish=self.wish_id,
            person=self.person_id,
            wants=self.wants,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            withdrawn_at=self.withdrawn_at,
        )


class AbsenceStore(Records[StoredAbsence]):
    """Leave and deployments away."""

    _kind, _queries = StoredAbsence, load("absences")


class WishStore(Records[StoredWish]):
    """Wishes, which only who made one withdraws."""

    _kind, _queries = StoredWish, load("wishes")

    async def count_open(self, person_id: str, now: datetime) -> int:
        """How many wishes of a person are neither over nor withdrawn."""
        count: int = await self._connection.fetchval(self._queries["count_open"], person_id, now)
        return count


class RotaPeopleStore:
    """Terms within one transaction, and the lock of all that rotas know of a person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_person(self, person_id: str) -> None:
        """Let only one transaction at a time change what rotas know of a person."""
        await self._connection.execute(_SQL["lock_person"], person_id)

    async def terms_of(self, person_ids: Collection[str]) -> dict[str, StoredTerms]:
        """The terms in force of those of `person_ids` who have any."""
        records = await self._connection.fetch(_SQL["newest_terms"], list(person_ids))
        return {record["person_id"]: _stored_terms(record) for record in records}

    async def add_terms(self, new: StoredTerms) -> None:
        """Keep another version; call under `lock_person`."""
        text = msgspec.json.encode(new.terms).decode()
        await self._connection.execute(
            _SQL["add_terms"], new.person_id, new.version, text, new.changed_by, new.changed_at
        )


def _stored_terms(record: asyncpg.Record) -> StoredTerms:
    fields: dict[str, Any] = dict(record)
    return StoredTerms(**{**fields, "terms": _terms.decode(fields["terms"])})
