"""Items that are kept for deployments. None is kept for two at once: the database sees to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from fleet.store.connection import Connection
from fleet.store.errors import DoubleBooked, TransactionConflict
from fleet.store.queries import load

_SQL = load("kit_reservations")

MAX_BOOKED = 20_000
"""At most so many reservations are read at once."""


class Reservation(NamedTuple):
    """An item is kept for a deployment in a time."""

    item: str
    deployment_id: str
    starts_at: datetime
    ends_at: datetime


class ReservationStore:
    """Reservations within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_items(self, items: Iterable[str]) -> list[str]:
        """Let nobody else keep, move or change these items until the transaction ends; returns those that there are,
        in order. Lock the deployment before."""
        return [record["item"] for record in await self._connection.fetch(_SQL["lock_items"], list(items))]

    async def lock_free(self, items: Iterable[str]) -> list[str]:
        """The same of those that nobody else has locked, without waiting for the others."""
        return [record["item"] for record in await self._connection.fetch(_SQL["lock_free"], list(items))]

    async def add(
        self, deployment_id: str, items: Sequence[str], starts_at: datetime, ends_at: datetime, now: datetime
    ) -> None:
        """Keep locked items for a deployment. Raises DoubleBooked where one is kept for another then, and
        TransactionConflict, with which nothing of the transaction holds, for one that was not locked."""
        there = await self.booked(items, starts_at, ends_at)
        if there:
            raise DoubleBooked(*there[0])
        try:
            await self._connection.execute(_SQL["add"], list(items), deployment_id, starts_at, ends_at, now)
        except asyncpg.ExclusionViolationError as error:
            raise TransactionConflict(str(error)) from error

    async def release(self, deployment_id: str, items: Sequence[str] | None, now: datetime) -> list[str]:
        """These items (None: all) are not kept for it any more; returns those that were."""
        asked = None if items is None else list(items)
        return sorted(
            record["item"] for record in await self._connection.fetch(_SQL["release"], deployment_id, asked, now)
        )

    async def of(self, deployment_ids: Iterable[str]) -> dict[str, list[Reservation]]:
        """What is kept for each, by code."""
        found: dict[str, list[Reservation]] = defaultdict(list)
        for record in await self._connection.fetch(_SQL["of"], list(deployment_ids)):
            found[record["deployment_id"]].append(Reservation(*record))
        return found

    async def booked(self, items: Iterable[str], since: datetime, until: datetime) -> list[Reservation]:
        """For what these items are kept, as far as it has a part in the time; earliest first."""
        records = await self._connection.fetch(_SQL["booked"], list(items), since, until, MAX_BOOKED)
        return [Reservation(*record) for record in records]
