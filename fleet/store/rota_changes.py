"""Overrides, take-overs and swaps, from asking to undoing; and what was told of gaps in cover."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.rota_changes import ChangeState
from protocols.rota.findings import Finding
from protocols.rota.model import Change, ChangeKind, Position

_SQL = load("rota_changes")
_findings = msgspec.json.Decoder(list[Finding])


class StoredChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change, however far it is. `brings` is what it brought when it was approved."""

    change_id: str
    rota_id: str
    kind: ChangeKind
    state: ChangeState
    position: Position
    person_id: str
    starts_at: datetime
    ends_at: datetime
    gives: str | None
    back_position: Position | None
    back_starts_at: datetime | None
    back_ends_at: datetime | None
    reason: str
    brings: list[Finding] = []
    asked_by: str
    asked_at: datetime
    agreed_by: str | None = None
    agreed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    undone_by: str | None = None
    undone_at: datetime | None = None

    @property
    def begins_at(self) -> datetime:
        """When the first half of it begins."""
        return self.starts_at if self.back_starts_at is None else min(self.starts_at, self.back_starts_at)

    @property
    def over_at(self) -> datetime:
        """When the last half of it ends."""
        return self.ends_at if self.back_ends_at is None else max(self.ends_at, self.back_ends_at)

    @property
    def people(self) -> list[str]:
        """The two, or the one, whom it is about."""
        return [self.person_id] if self.gives is None else [self.person_id, self.gives]

    def halves(self, decided_at: datetime) -> list[Change]:
        """As the rules know it if it is, or was, decided at that instant: two of a swap, else one."""
        first = Change(
            change=self.change_id,
            kind=self.kind,
            position=self.position,
            person=self.person_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            decided_at=decided_at,
            gives=self.gives,
        )
        if self.gives is None or self.back_position is None or self.back_starts_at is None or self.back_ends_at is None:
            return [first]
        back = msgspec.structs.replace(
            first,
            position=self.back_position,
            person=self.gives,
            starts_at=self.back_starts_at,
            ends_at=self.back_ends_at,
            gives=self.person_id,
        )
        return [first, back]


class RotaChangeStore:
    """Changes by hand within one transaction. Each step of one is made once; who makes it has locked its rota."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: StoredChange) -> None:
        """Keep a change that is asked for, agreed, or in force at once."""
        await self._connection.execute(
            _SQL["add"],
            new.change_id,
            new.rota_id,
            new.kind,
            new.state,
            new.position,
            new.person_id,
            new.starts_at,
            new.ends_at,
            new.gives,
            new.back_position,
            new.back_starts_at,
            new.back_ends_at,
            new.reason,
            msgspec.json.encode(new.brings).decode(),
            new.asked_by,
            new.asked_at,
            new.agreed_by,
            new.agreed_at,
            new.decided_by,
            new.decided_at,
        )

    async def one(self, change_id: str) -> StoredChange | None:
        """One change."""
        record = await self._connection.fetchrow(_SQL["one"], change_id)
        return None if record is None else _stored(record)

    async def newest(
        self, rota_id: str, state: ChangeState | None, since: datetime, until: datetime, limit: int
    ) -> list[StoredChange]:
        """A rota's changes that have a part in `since` … `until`, those asked for last first; None: in any state."""
        records = await self._connection.fetch(_SQL["newest"], rota_id, state, since, until, limit)
        return [_stored(record) for record in records]

    async def waiting(self, limit: int) -> list[StoredChange]:
        """Changes of all rotas that wait for somebody, those that begin first first."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["waiting"], limit)]

    async def count_waiting(self, rota_id: str, asked_by: str) -> int:
        """How many changes that somebody asked for wait."""
        count: int = await self._connection.fetchval(_SQL["count_waiting"], rota_id, asked_by)
        return count

    async def agree(self, change_id: str, by: str, now: datetime) -> None:
        """The other of the two agrees."""
        await self._connection.execute(_SQL["agree"], change_id, by, now)

    async def approve(self, change_id: str, brings: list[Finding], by: str, now: datetime) -> None:
        """It is in force."""
        await self._connection.execute(_SQL["approve"], change_id, by, now, msgspec.json.encode(brings).decode())

    async def refuse(self, change_id: str, by: str, now: datetime) -> None:
        """It never comes into force."""
        await self._connection.execute(_SQL["refuse"], change_id, by, now)

    async def undo(self, change_id: str, by: str, now: datetime) -> None:
        """It is in force no more."""
        await self._connection.execute(_SQL["undo"], change_id, by, now)

    async def lapse(self, rota_id: str, now: datetime) -> list[StoredChange]:
        """End what still waits and would have begun; returns what that was."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["lapse"], rota_id, now)]

    async def lock_watch(self, rota_id: str) -> None:
        """Let only one controller at a time tell what is amiss with a rota."""
        await self._connection.execute(_SQL["lock_watch"], rota_id)

    async def alarms_told(self, repeat_keys: Collection[str]) -> dict[str, str | None]:
        """Of those keys that any event has: who took the newest of them, None where nobody did."""
        records = await self._connection.fetch(_SQL["alarms_told"], list(repeat_keys))
        return {record["repeat_key"]: record["acknowledged_by"] for record in records}

    async def alarms_open(self, prefix: str) -> list[str]:
        """The keys of events that nobody has taken and that begin so."""
        return [record["repeat_key"] for record in await self._connection.fetch(_SQL["alarms_open"], prefix)]


def _stored(record: asyncpg.Record) -> StoredChange:
    fields: dict[str, Any] = {name: _utc(value) for name, value in record.items()}
    return StoredChange(**{**fields, "brings": _findings.decode(record["brings"])})


def _utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
