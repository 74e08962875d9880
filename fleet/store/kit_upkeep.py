"""Counters of items, maintenance that was done, and units' running hours."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.kit import MaintenanceView
from protocols.kit import CounterName

_SQL = load("kit_upkeep")


class StoredReading(msgspec.Struct, frozen=True, kw_only=True):
    """The latest reading of a counter by a person."""

    item: str
    counter: CounterName
    value: int
    read_at: datetime
    read_by: str


class StoredDone(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance by a rule as it was done last, with the lowest reading of one counter from then on; a row for each
    counter that was read, one without where none was."""

    item: str
    rule: str
    done_at: datetime
    counter_value: int | None
    counter: CounterName | None
    lowest_since: int | None


class ToldUptime(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's latest report with an uptime that its running hours do not count yet; the last three are what they
    count, None for the first report."""

    unit_id: str
    last_sampled_at: datetime
    told_uptime_s: int
    uptime_s: int | None
    sampled_at: datetime | None
    total_s: int | None


class KitUpkeepStore:
    """Counters and maintenance within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def readings(self, items: Iterable[str]) -> list[StoredReading]:
        """The latest reading of each counter of these items."""
        return [StoredReading(**record) for record in await self._connection.fetch(_SQL["readings"], list(items))]

    async def done(self, items: Iterable[str]) -> list[StoredDone]:
        """What was done last by each rule."""
        return [StoredDone(**record) for record in await self._connection.fetch(_SQL["done"], list(items))]

    async def maintained(self, item: str, limit: int) -> list[MaintenanceView]:
        """What was done to an item, newest first."""
        return [MaintenanceView(**record) for record in await self._connection.fetch(_SQL["maintained"], item, limit)]

    async def add_reading(self, item: str, counter: CounterName, value: int, at: datetime, by: str) -> None:
        """Keep a reading."""
        await self._connection.execute(_SQL["add_reading"], item, counter, value, at, by)

    async def add_maintained(self, item: str, done: MaintenanceView) -> None:
        """Keep that maintenance was done."""
        await self._connection.execute(
            _SQL["add_maintained"], item, done.rule, done.done_at, done.done_by, done.counter_value, done.note
        )

    async def lock_watch(self) -> bool:
        """Whether this transaction alone may look after kit's counters and stock; it may until it ends."""
        alone: bool = await self._connection.fetchval(_SQL["lock_watch"])
        return alone

    async def untold_uptimes(self) -> list[ToldUptime]:
        """Units whose latest report is not counted yet."""
        return [ToldUptime(**record) for record in await self._connection.fetch(_SQL["untold_uptimes"])]

    async def set_running(self, unit_id: str, uptime_s: int, sampled_at: datetime, total_s: int) -> None:
        """Write a unit's running hours; call under `lock_watch`."""
        await self._connection.execute(_SQL["set_running"], unit_id, uptime_s, sampled_at, total_s)
