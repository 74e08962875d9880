"""Next people lists that wait for signatures."""

from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.people import ListSignature

_SQL = load("people")

DraftState = Literal["open", "in-force", "withdrawn", "outdated"]


class StoredDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft; `names` are those of people whom no list had before, by id."""

    draft_id: str
    version: int
    text: str
    names: dict[str, str]
    made_by: str
    made_at: datetime
    state: DraftState = "open"


class PeopleDraftStore:
    """Drafts within one transaction; those that change something are called under `PeopleStore.lock`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, draft: StoredDraft) -> None:
        """Keep a new draft."""
        await self._connection.execute(
            _SQL["add_draft"],
            draft.draft_id,
            draft.version,
            draft.text,
            msgspec.json.encode(draft.names).decode(),
            draft.made_by,
            draft.made_at,
        )

    async def get(self, draft_id: str) -> StoredDraft | None:
        """One draft."""
        record = await self._connection.fetchrow(_SQL["draft"], draft_id)
        return None if record is None else _stored(record)

    async def newest(self, closed: int) -> list[StoredDraft]:
        """All that are open, then the `closed` newest others."""
        return [_stored(record) for record in await self._connection.fetch(_SQL["drafts"], closed)]

    async def count_open(self) -> int:
        """How many wait."""
        count: int = await self._connection.fetchval(_SQL["open_drafts"])
        return count

    async def close(self, draft_id: str, state: DraftState) -> bool:
        """Close an open draft; False when it was not open."""
        return await self._connection.fetchval(_SQL["close_draft"], draft_id, state) is not None

    async def outdate(self, made_before: datetime) -> None:
        """Let every open draft that was made before be outdated."""
        await self._connection.execute(_SQL["outdate_drafts"], made_before)

    async def outdate_all(self) -> None:
        """Let every open draft be outdated."""
        await self._connection.execute(_SQL["outdate_all_drafts"])

    async def sign(self, draft_id: str, signature: ListSignature, now: datetime) -> bool:
        """Add a signature; False when this person has signed already."""
        added = await self._connection.fetchval(
            _SQL["sign_draft"], draft_id, signature.person_id, signature.signature, now
        )
        return added is not None

    async def signatures(self, draft_id: str) -> list[ListSignature]:
        """The signatures, in the order in which they came."""
        return [ListSignature(**record) for record in await self._connection.fetch(_SQL["draft_signatures"], draft_id)]


def _stored(record: asyncpg.Record) -> StoredDraft:
    fields = dict(record)
    return StoredDraft(**fields | {"names": msgspec.json.decode(fields["names"], type=dict[str, str])})
