"""Visits: people go to a deployment for a time. Nobody is at two at once: the database sees to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.errors import DoubleBooked, TransactionConflict
from fleet.store.queries import load
from protocols.deployments import TeamRole, VisitKind, Work

_SQL = load("visits")

MAX_BOOKED = 5000
"""At most so many bookings of people are read at once."""


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part in a visit, as what; `absence_id` is the rota's record of them as away, where they are."""

    person_id: str
    role: TeamRole
    absence_id: str | None = None


class StoredVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that stands; people by their ids."""

    visit_id: str
    deployment_id: str
    kind: VisitKind
    starts_at: datetime
    ends_at: datetime
    works: list[Work]
    away: bool
    made_at: datetime
    people: list[Going]


class Booked(NamedTuple):
    """Somebody is at a deployment in a time."""

    person_id: str
    deployment_id: str
    starts_at: datetime
    ends_at: datetime


class VisitStore:
    """Visits within one transaction; people are locked with `RotaPeopleStore.lock_person`, in the order of ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, deployment_ids: Iterable[str]) -> dict[str, list[StoredVisit]]:
        """The visits of each that stand, those that begin first first."""
        found: dict[str, list[StoredVisit]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["of"], list(deployment_ids)):
            found[record["deployment_id"]].append(_stored(record))
        return found

    async def check_free(self, new: StoredVisit) -> None:
        """Raise DoubleBooked where somebody of a visit that is not kept yet is elsewhere then."""
        there = await self.booked([one.person_id for one in new.people], new.starts_at, new.ends_at)
        if there:
            raise DoubleBooked(*there[0])

    async def add(self, new: StoredVisit) -> None:
        """Keep a visit of people who are locked and free. Raises TransactionConflict, with which nothing of the
        transaction holds, where somebody is elsewhere then after all."""
        people = sorted(new.people, key=lambda one: one.person_id)
        await self._connection.execute(
            _SQL["add"],
            new.visit_id,
            new.deployment_id,
            new.kind,
            new.starts_at,
            new.ends_at,
            new.works,
            new.away,
            new.made_at,
        )
        try:
            await self._connection.execute(
                _SQL["add_people"],
                new.visit_id,
                new.starts_at,
                new.ends_at,
                [one.person_id for one in people],
                [one.role for one in people],
                [one.absence_id for one in people],
            )
        except asyncpg.ExclusionViolationError as error:
            raise TransactionConflict(str(error)) from error

    async def drop(self, visit_ids: Sequence[str], now: datetime) -> None:
        """They are not made."""
        await self._connection.execute(_SQL["drop_people"], list(visit_ids), now)
        await self._connection.execute(_SQL["drop"], list(visit_ids), now)

    async def booked(self, person_ids: Iterable[str], since: datetime, until: datetime) -> list[Booked]:
        """When these people are at a deployment, as far as it has a part in the time; earliest first."""
        records = await self._connection.fetch(_SQL["booked"], list(person_ids), since, until, MAX_BOOKED)
        return [Booked(*record) for record in records]


def _stored(record: asyncpg.Record) -> StoredVisit:
    fields: dict[str, Any] = dict(record)
    people = [
        Going(person_id=person_id, role=role, absence_id=absence_id or None)
        for person_id, role, absence_id in fields["people"]
    ]
    return StoredVisit(**{**fields, "people": people})
