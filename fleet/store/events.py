"""Events: reading them, acknowledging them, and those the controller itself makes."""

from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.events import EventView
from protocols.uplink import Severity

_SQL = load("events")


class ControllerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the controller's. With a `repeat_key`, a repeat before the event is acknowledged is counted on it."""

    kind: str
    severity: Severity
    summary: str
    unit_id: str | None = None
    repeat_key: str | None = None
    count: int = 1


class EventStore:
    """Events within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, event: ControllerEvent, now: datetime) -> bool:
        """Write `event` (True), or count it on the open one with the same repeat key (False)."""
        record = await self._connection.fetchrow(
            _SQL["add"],
            event.unit_id,
            event.kind,
            event.severity,
            event.summary,
            now,
            event.repeat_key,
            event.count,
        )
        assert record is not None, "an upsert without a condition always returns its row"
        return bool(record["fresh"])

    async def page(
        self,
        *,
        unit_id: str | None = None,
        severities: list[Severity] | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> list[EventView]:
        """Events newest first. `open_only` keeps warnings and alarms that nobody has acknowledged."""
        records = await self._connection.fetch(_SQL["page"], unit_id, severities, open_only, before, limit)
        return [EventView(**record) for record in records]

    async def one(self, event_id: int) -> EventView | None:
        """One event."""
        record = await self._connection.fetchrow(_SQL["one"], event_id)
        return None if record is None else EventView(**record)

    async def acknowledge_repeated(self, repeat_key: str, person_id: str, now: datetime) -> tuple[int, str] | None:
        """Mark the open event with this repeat key as taken; returns its id and kind, None when none is open."""
        record = await self._connection.fetchrow(_SQL["acknowledge_repeated"], repeat_key, person_id, now)
        return None if record is None else (record["event_id"], record["kind"])

    async def acknowledge(self, event_id: int, person_id: str, now: datetime) -> bool:
        """Mark an event as taken; False when it was already or does not exist."""
        return await self._connection.fetchval(_SQL["acknowledge"], event_id, person_id, now) is not None
