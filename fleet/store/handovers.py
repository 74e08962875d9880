"""Handover sheets and who has acknowledged them."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.handovers import HandoverAcknowledgement

_SQL = load("handovers")

HandoverPart = Literal["outgoing", "incoming"]


class StoredHandover(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet that was made; `sheet` is its exact text and `sha256` that text's."""

    handover_id: str
    rota_id: str
    change_at: datetime
    outgoing: str
    incoming: str
    sheet: str
    sha256: str
    made_by: str
    made_at: datetime
    superseded_by: str | None = None


class OutItem(NamedTuple):
    """An item that is out."""

    item: str
    model: str
    custodian: str
    deployment_id: str | None
    expected_back_at: datetime | None


class HandoverStore:
    """Handovers within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, rota_id: str) -> None:
        """Let only one transaction at a time change what was handed over on a rota."""
        await self._connection.execute(_SQL["lock"], rota_id)

    async def one(self, handover_id: str) -> StoredHandover | None:
        """A sheet."""
        record = await self._connection.fetchrow(_SQL["one"], handover_id)
        return None if record is None else StoredHandover(**record)

    async def locked(self, handover_id: str) -> StoredHandover | None:
        """A sheet that nobody else changes until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["locked"], handover_id)
        return None if record is None else StoredHandover(**record)

    async def counting(self, rota_id: str, change_at: datetime) -> StoredHandover | None:
        """The sheet that counts for a change."""
        record = await self._connection.fetchrow(_SQL["counting"], rota_id, change_at)
        return None if record is None else StoredHandover(**record)

    async def newest(self, rota_id: str, limit: int) -> list[StoredHandover]:
        """Those of a rota (empty: of any), newest change first."""
        return [StoredHandover(**record) for record in await self._connection.fetch(_SQL["newest"], rota_id, limit)]

    async def acknowledged(self, handover_ids: Collection[str]) -> dict[str, list[HandoverAcknowledgement]]:
        """Who has acknowledged each, in order."""
        found: dict[str, list[HandoverAcknowledgement]] = defaultdict(list)
        for handover_id, person, part, at in await self._connection.fetch(_SQL["acknowledged"], list(handover_ids)):
            found[handover_id].append(HandoverAcknowledgement(person=person, part=part, at=at))
        return found

    async def add(self, new: StoredHandover, supersedes: str | None) -> None:
        """Keep a sheet in the place of one for the same change."""
        if supersedes is not None:
            await self._connection.execute(_SQL["supersede"], supersedes, new.handover_id)
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new)[:9])

    async def acknowledge(
        self, handover_id: str, person_id: str, part: HandoverPart, sha256: str, now: datetime
    ) -> None:
        """Somebody has read it."""
        await self._connection.execute(_SQL["acknowledge"], handover_id, person_id, part, sha256, now)

    async def kit_out(self, limit: int) -> list[OutItem]:
        """Items that are out, those expected back first first."""
        return [OutItem(*record) for record in await self._connection.fetch(_SQL["kit_out"], limit)]
