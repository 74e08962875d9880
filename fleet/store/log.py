"""The deployment log's outbox: an entry is written in the transaction of the change it tells of."""

import msgspec

from fleet.entries.columns import columns_of
from fleet.entries.entry import Entry, encode, kind_of, texts_of
from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("log")
_OF_OPENINGS = ("mandate.", "lease.", "modality.", "opening.", "media.", "viewer.", "check.", "position.")
"""How the kinds begin of what opens a unit, or lets it be opened."""


class LogStore:
    """Entries within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, entry: Entry) -> int:
        """Write `entry` and its free texts; returns its entry id. It exists if and only if the transaction commits.
        What opens a unit, or lets it be opened, is entered with the deployment that the unit was out for at the time.

        Raises ValueError for an entry that is too long.
        """
        body = encode(await self._with_deployment(entry))
        kind, unit, actor, at, authority, deployment, person, opening = columns_of(body)
        entry_id: int = await self._connection.fetchval(
            _SQL["append"], kind, unit, actor, at, body, authority, deployment, person, opening
        )
        for field, hashed in texts_of(entry):
            await self._connection.execute(_SQL["append_text"], entry_id, field, hashed.salt, hashed.text)
        return entry_id

    async def _with_deployment(self, entry: Entry) -> Entry:
        if entry.unit is None or entry.deployment is not None or not kind_of(entry).startswith(_OF_OPENINGS):
            return entry
        at = entry.unit_at or entry.at
        found = await self._connection.fetchval(_SQL["deployment_of_unit"], entry.unit, at)
        return entry if found is None else msgspec.structs.replace(entry, deployment=found)

    async def newest(self, kind: str) -> bytes | None:
        """The bytes of the last entry of `kind`, in the tree or not; None when there is none."""
        body: bytes | None = await self._connection.fetchval(_SQL["newest"], kind)
        return body
