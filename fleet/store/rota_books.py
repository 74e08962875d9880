"""What rotas' books are made of, read for many people and rotas at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.people import Role
from protocols.rota.member import Absence, CallOut, CompensatoryRest, Wish, WorkDone, WorkingTerms
from protocols.rota.model import Change

_SQL = load("rota_books")
T = TypeVar("T")

MAX_RECORDS = 20_000
"""How many records of a kind are read at once; whoever gets more than that has asked for too much."""

_terms = msgspec.json.Decoder(WorkingTerms)


class Term(NamedTuple):
    """Somebody's role and the term in which they have it, cut where their access ended."""

    role: Role
    valid_from: datetime
    valid_until: datetime


class RotaBookStore:
    """Reading within one transaction: nothing here is written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def changes(self, rota_ids: Sequence[str], since: datetime, until: datetime) -> dict[str, list[Change]]:
        """What was changed by hand and approved, by rota, that has a part in the time; an undone change holds until it
        was undone, all of them until their rota ended, and a swap is two."""
        found: dict[str, list[Change]] = {rota_id: [] for rota_id in rota_ids}
        for record in await self._fetch("changes", rota_ids, since, until):
            halves = (held for half in _halves(record) if (held := _held(half, record["undone_at"])) is not None)
            found[record["rota_id"]] += [one for one in halves if one.starts_at < until and one.ends_at > since]
        return found

    async def terms_of_people(self, person_ids: Iterable[str]) -> dict[str, Term]:
        """Roles and terms of those of `person_ids` that there are."""
        records = await self._connection.fetch(_SQL["people"], sorted(person_ids))
        return {record["person_id"]: Term(*list(record.values())[1:]) for record in records}

    async def working_terms(self, person_ids: Iterable[str]) -> dict[str, WorkingTerms]:
        """The terms in force of those who have any."""
        records = await self._connection.fetch(_SQL["terms"], sorted(person_ids))
        return {record["person_id"]: _terms.decode(record["terms"]) for record in records}

    async def absences(self, person_ids: Iterable[str], since: datetime, until: datetime) -> dict[str, list[Absence]]:
        """Leave and deployments away that have a part in the time, by person."""
        return _by_person(Absence, await self._fetch("absences", person_ids, since, until))

    async def wishes(self, person_ids: Iterable[str], since: datetime, until: datetime) -> dict[str, list[Wish]]:
        """Wishes that have a part in the time, by person."""
        return _by_person(Wish, await self._fetch("wishes", person_ids, since, until))

    async def call_outs(self, person_ids: Iterable[str], since: datetime, until: datetime) -> list[CallOut]:
        """Call-outs on any rota that have a part in the time."""
        return [CallOut(**record) for record in await self._fetch("call_outs", person_ids, since, until)]

    async def called_out(self, rota_id: str, since: datetime, until: datetime) -> list[str]:
        """Who was called out for a rota in the time, member of it or not."""
        found = await self._connection.fetch(_SQL["called_out"], rota_id, since, until)
        return [record["person_id"] for record in found]

    async def work_done(self, person_ids: Iterable[str], since: datetime, until: datetime) -> list[WorkDone]:
        """Scheduled work beside the ordinary hours that has a part in the time."""
        return [WorkDone(**record) for record in await self._fetch("work_done", person_ids, since, until)]

    async def rests(self, person_ids: Iterable[str], since: datetime, until: datetime) -> list[CompensatoryRest]:
        """Compensatory rest that has a part in the time."""
        return [CompensatoryRest(**record) for record in await self._fetch("rests", person_ids, since, until)]

    async def _fetch(self, query: str, ids: Iterable[str], since: datetime, until: datetime) -> list[asyncpg.Record]:
        return await self._connection.fetch(_SQL[query], sorted(ids), since, until, MAX_RECORDS + 1)


def _by_person(kind: type[T], records: Iterable[asyncpg.Record]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for record in records:
        fields = dict(record)
        found[fields.pop("person_id")].append(kind(**fields))
    return found


def _halves(record: asyncpg.Record) -> list[Change]:
    first = Change(
        change=record["change_id"],
        kind=record["kind"],
        position=record["position"],
        person=record["person_id"],
        starts_at=record["starts_at"],
        ends_at=record["ends_at"],
        decided_at=record["decided_at"],
        gives=record["gives"],
    )
    if record["back_starts_at"] is None:
        return [first]
    back = msgspec.structs.replace(
        first,
        position=record["back_position"],
        person=record["gives"],
        starts_at=record["back_starts_at"],
        ends_at=record["back_ends_at"],
        gives=record["person_id"],
    )
    return [first, back]


def _held(change: Change, undone_at: datetime | None) -> Change | None:
    if undone_at is None or undone_at >= change.ends_at:
        return change
    return msgspec.structs.replace(change, ends_at=undone_at) if change.starts_at < undone_at else None
