"""Calendar feeds: of whom, of what, and the hash of the token that lets in."""

from datetime import datetime, timedelta

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.calendars import CalendarScope, CalendarView

_SQL = load("calendars")

ASKED_EVERY = timedelta(hours=1)
"""How often it is written down that a feed was asked for, at most."""
MAX_LISTED = 100


class StoredFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed, withdrawn or not."""

    calendar_id: str
    scope: CalendarScope
    rota_id: str | None
    person_id: str
    made_at: datetime
    last_asked_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def view(self) -> CalendarView:
        """As the API shows it."""
        return CalendarView(
            calendar=self.calendar_id,
            scope=self.scope,
            rota=self.rota_id,
            person=self.person_id,
            made_at=self.made_at,
            last_asked_at=self.last_asked_at,
            withdrawn_at=self.withdrawn_at,
        )


class CalendarStore:
    """Calendar feeds within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, feed: StoredFeed, token_sha256: bytes) -> None:
        """Keep a feed that whoever has the token of this hash may ask for."""
        await self._connection.execute(
            _SQL["add"], feed.calendar_id, token_sha256, feed.scope, feed.rota_id, feed.person_id, feed.made_at
        )

    async def one(self, calendar_id: str) -> StoredFeed | None:
        """One feed."""
        record = await self._connection.fetchrow(_SQL["one"], calendar_id)
        return None if record is None else StoredFeed(**record)

    async def of_token(self, token_sha256: bytes) -> StoredFeed | None:
        """The feed that a token of this hash lets in to, unless it was withdrawn."""
        record = await self._connection.fetchrow(_SQL["of_token"], token_sha256)
        return None if record is None else StoredFeed(**record)

    async def of_person(self, person_id: str) -> list[StoredFeed]:
        """A person's feeds, newest first; at most 100."""
        return [StoredFeed(**one) for one in await self._connection.fetch(_SQL["of_person"], person_id, MAX_LISTED)]

    async def live_of(self, person_id: str) -> int:
        """How many feeds of a person are not withdrawn."""
        count: int = await self._connection.fetchval(_SQL["live_of"], person_id)
        return count

    async def asked(self, calendar_id: str, now: datetime) -> None:
        """Somebody asked for it; written at most once in ASKED_EVERY."""
        await self._connection.execute(_SQL["asked"], calendar_id, now, now - ASKED_EVERY)

    async def changed_at(self, rota_id: str) -> datetime:
        """When the rota was last laid down or ended, its turns published, or a change of it decided or undone."""
        at: datetime = await self._connection.fetchval(_SQL["changed_at"], rota_id)
        return at

    async def withdraw(self, calendar_id: str, now: datetime) -> bool:
        """Nobody is let in any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw"], calendar_id, now) is not None
