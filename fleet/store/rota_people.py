"""What is kept of people for rotas: terms by version, absences, wishes."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Literal

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.rota_people import AbsenceView, WishView
from protocols.rota.member import Absence, AbsenceKind, Wish, WorkingTerms

_SQL = load("rota_people")
_terms = msgspec.json.Decoder(WorkingTerms)

EVER: tuple[datetime, datetime] = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
"""Since and until where no time is asked for."""
MAX_ROWS = 20_000
"""At most so many records are read at once."""


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

    def known(self) -> Wish:
        """As the rules know it."""
        return Wish(wish=self.wish_id, wants=self.wants, starts_at=self.starts_at, ends_at=self.ends_at)

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


class RotaPeopleStore:
    """Terms, absences and wishes within one transaction. What was written is never changed, only withdrawn."""

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

    async def absence(self, absence_id: str) -> StoredAbsence | None:
        """One absence."""
        record = await self._connection.fetchrow(_SQL["absence"], absence_id)
        return None if record is None else StoredAbsence(**record)

    async def absences(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[StoredAbsence]:
        """Absences (None: anybody's) that have a part in `since` … `until`, by their beginning; `withdrawn`: those
        too."""
        asked = (_those(person_ids), since, until, withdrawn, limit)
        return [StoredAbsence(**record) for record in await self._connection.fetch(_SQL["absences"], *asked)]

    async def add_absence(self, new: StoredAbsence) -> None:
        """Keep an absence; call under `lock_person`."""
        await self._connection.execute(
            _SQL["add_absence"],
            new.absence_id,
            new.person_id,
            new.kind,
            new.starts_at,
            new.ends_at,
            new.zone,
            new.reference,
            new.recorded_by,
            new.recorded_at,
        )

    async def withdraw_absence(self, absence_id: str, by: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw_absence"], absence_id, by, now) is not None

    async def wish(self, wish_id: str) -> StoredWish | None:
        """One wish."""
        record = await self._connection.fetchrow(_SQL["wish"], wish_id)
        return None if record is None else StoredWish(**record)

    async def wishes(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[StoredWish]:
        """Wishes (None: anybody's) that have a part in `since` … `until`, by their beginning;
        `withdrawn`: those too."""
        asked = (_those(person_ids), since, until, withdrawn, limit)
        return [StoredWish(**record) for record in await self._connection.fetch(_SQL["wishes"], *asked)]

    async def open_wishes(self, person_id: str, now: datetime) -> int:
        """How many wishes of a person are neither over nor withdrawn."""
        count: int = await self._connection.fetchval(_SQL["open_wishes"], person_id, now)
        return count

    async def add_wish(self, new: StoredWish) -> None:
        """Keep a wish; call under `lock_person`."""
        await self._connection.execute(
            _SQL["add_wish"], new.wish_id, new.person_id, new.wants, new.starts_at, new.ends_at, new.made_at
        )

    async def withdraw_wish(self, wish_id: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw_wish"], wish_id, now) is not None


def _those(person_ids: Collection[str] | None) -> list[str] | None:
    return None if person_ids is None else list(person_ids)


def _stored_terms(record: asyncpg.Record) -> StoredTerms:
    fields: dict[str, Any] = dict(record)
    return StoredTerms(**{**fields, "terms": _terms.decode(fields["terms"])})
