"""Rotas: what they are, version by version, and the turns that are published."""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.rotas import RotaView
from protocols.rota.model import MAX_ASSIGNED, Assigned, Rota

_SQL = load("rotas")


class StoredRota(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a rota; `document` is its exact text."""

    rota: Rota
    version: int
    document: str
    changed_by: str
    changed_at: datetime
    ended_at: datetime | None

    def view(self) -> RotaView:
        """As the API shows it."""
        return RotaView(
            rota=self.rota,
            version=self.version,
            changed_by=self.changed_by,
            changed_at=self.changed_at,
            ended_at=self.ended_at,
        )


class RotaStore:
    """Definitions of rotas and their published turns within one transaction. Every version stays."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def one(self, rota_id: str) -> StoredRota | None:
        """A rota, ended or not."""
        record = await self._connection.fetchrow(_SQL["one"], rota_id)
        return None if record is None else _stored(record)

    async def locked(self, rota_id: str) -> StoredRota | None:
        """A rota that nobody else defines, ends or publishes until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock"], rota_id) is None:
            return None
        return await self.one(rota_id)

    async def every(self) -> list[StoredRota]:
        """All rotas, ended ones too, by id."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["every"])]

    async def lock_list(self) -> None:
        """Let only one transaction at a time lay down new rotas."""
        await self._connection.execute(_SQL["lock_list"])

    async def count(self) -> int:
        """How many rotas there are, ended ones too."""
        count: int = await self._connection.fetchval(_SQL["count"])
        return count

    async def put(self, rota: Rota, version: int, actor: str, now: datetime) -> str:
        """Write version `version` of a rota, which is locked, or new where that is 1; returns the document's text."""
        if version == 1:
            await self._connection.execute(_SQL["add"], rota.rota)
        else:
            await self._connection.execute(_SQL["set_version"], rota.rota, version)
        document = msgspec.json.encode(rota).decode()
        await self._connection.execute(_SQL["add_version"], rota.rota, version, document, actor, now)
        return document

    async def end(self, rota_id: str, actor: str, now: datetime) -> None:
        """From now on it asks for nobody."""
        await self._connection.execute(_SQL["end"], rota_id, now, actor)

    async def published_until(self) -> dict[str, datetime]:
        """Up to when turns were published, of the rotas of which any were."""
        return {record["rota_id"]: record["until"] for record in await self._connection.fetch(_SQL["published_until"])}

    async def turns(
        self, rota_id: str, since: datetime, until: datetime, limit: int = MAX_ASSIGNED + 1
    ) -> list[Assigned]:
        """Published turns that begin from `since` until before `until`, in order, at most `limit`."""
        records = await self._connection.fetch(_SQL["turns"], rota_id, since, until, limit)
        return [Assigned(**record) for record in records]

    async def put_turns(self, rota_id: str, plan_id: str, given: Sequence[Assigned], now: datetime) -> None:
        """Publish turns in the place of those that begin when they do; those without `published_at` from `now` on."""
        await self._connection.execute(
            _SQL["put_turns"],
            rota_id,
            plan_id,
            [one.layer for one in given],
            [one.starts_at for one in given],
            [one.person for one in given],
            [one.fixed for one in given],
            [one.published_at or now for one in given],
        )


def _stored(record: asyncpg.Record) -> StoredRota:
    ended_at = record["ended_at"]
    return StoredRota(
        rota=msgspec.json.decode(record["document"], type=Rota),
        version=record["version"],
        document=record["document"],
        changed_by=record["changed_by"],
        changed_at=record["changed_at"],
        ended_at=None if ended_at is None else ended_at.astimezone(UTC),
    )
