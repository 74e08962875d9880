"""The deployment log's outbox: an entry is written in the transaction of the change it tells of."""

from fleet.entries.columns import columns_of
from fleet.entries.entry import Entry, encode, texts_of
from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("log")


class LogStore:
    """Entries within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, entry: Entry) -> int:
        """Write `entry` and its free texts; returns its entry id. It exists if and only if the transaction commits.

        Raises ValueError for an entry that is too long.
        """
        body = encode(entry)
        kind, unit, actor, at, authority, deployment, person, opening = columns_of(body)
        entry_id: int = await self._connection.fetchval(
            _SQL["append"], kind, unit, actor, at, body, authority, deployment, person, opening
        )
        for field, hashed in texts_of(entry):
            await self._connection.execute(_SQL["append_text"], entry_id, field, hashed.salt, hashed.text)
        return entry_id

    async def newest(self, kind: str) -> bytes | None:
        """The bytes of the last entry of `kind`, in the tree or not; None when there is none."""
        body: bytes | None = await self._connection.fetchval(_SQL["newest"], kind)
        return body
