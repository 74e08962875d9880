"""Pages of alarms on their way, one-time links, and the heartbeat."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.alarms import Channel, PageLevel, PageState
from protocols.api.alarms import PageView

_SQL = load("alarm_pages")


class NewPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page for a person's contact, or `error` says why there is none."""

    alarm_id: str
    paged_from: datetime
    round: int
    level: PageLevel
    person_id: str | None = None
    contact_id: str | None = None
    error: str = ""


class ClaimedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that this controller sends now, tried for the `tries`th time."""

    page_id: int
    alarm_id: str
    person_id: str
    level: PageLevel
    round: int
    tries: int
    contact_id: str
    channel: Channel
    address: str

    def __repr__(self) -> str:
        return f"ClaimedPage({self.page_id}, {self.alarm_id}, {self.person_id}, …)"


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link; only its token's SHA-256 is known."""

    token_sha256: bytes
    alarm_id: str
    person_id: str
    expires_at: datetime
    used_at: datetime | None

    def __repr__(self) -> str:
        return f"StoredLink({self.alarm_id}, {self.person_id}, …)"


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whether alarming works. `oldest_due_at` is when the page that waits longest is due."""

    at: datetime | None
    round_s: float | None
    last_error: str
    pages_waiting: int
    oldest_due_at: datetime | None
    last_sent_at: datetime | None
    contacts_failing: bool


class PageStore:
    """Pages, links and the heartbeat within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def try_lock(self) -> bool:
        """Whether this controller may look after alarms until the transaction ends: one does at a time."""
        locked: bool = await self._connection.fetchval(_SQL["try_lock"])
        return locked

    async def of_alarms(self, alarm_ids: Collection[str]) -> list[tuple[str, int, PageLevel, str | None, PageState]]:
        """The pages of alarms since their paging began: alarm, round, level, person, state."""
        return [tuple(record) for record in await self._connection.fetch(_SQL["of_alarms"], list(alarm_ids))]

    async def queue(self, new: NewPage, now: datetime) -> None:
        """Queue a page, unless it is there; one without a contact has failed already."""
        state = "failed" if new.contact_id is None else "queued"
        await self._connection.execute(
            _SQL["add"],
            new.alarm_id,
            new.paged_from,
            new.round,
            new.level,
            new.person_id,
            new.contact_id,
            state,
            now,
            new.error,
        )

    async def views(self, alarm_id: str) -> list[PageView]:
        """An alarm's first 500 pages."""
        return [PageView(**record) for record in await self._connection.fetch(_SQL["views"], alarm_id)]

    async def drop_of(self, alarm_id: str, why: str) -> None:
        """Send nothing more for an alarm; what is on its way comes."""
        await self._connection.execute(_SQL["drop_of"], alarm_id, why)

    async def claim(self, channel: Channel, now: datetime, until: datetime, at_most: int) -> list[ClaimedPage]:
        """Take pages that are due, all to one contact of a channel; another controller takes them after `until`. One
        claims at a time, so that what waits for a contact is one message."""
        await self._connection.execute(_SQL["lock_claims"])
        await self._connection.execute(_SQL["drop_moot"], now)
        records = await self._connection.fetch(_SQL["claim"], now, until, at_most, channel)
        return [ClaimedPage(**record) for record in records]

    async def sent(self, page_ids: Sequence[int], now: datetime) -> set[int]:
        """The other side took them; those of which that was not known yet."""
        records = await self._connection.fetch(_SQL["sent"], list(page_ids), now)
        return {record["page_id"] for record in records}

    async def again(self, page_id: int, at: datetime, error: str) -> None:
        """Try a page again at `at`."""
        await self._connection.execute(_SQL["again"], page_id, at, error)

    async def failed(self, page_id: int, error: str) -> bool:
        """Give a page up; False where it was sent or given up already."""
        return await self._connection.fetchval(_SQL["failed"], page_id, error) is not None

    async def add_link(
        self, token_sha256: bytes, alarm_id: str, person_id: str, now: datetime, expires_at: datetime
    ) -> None:
        """Keep a link's hash."""
        await self._connection.execute(_SQL["add_link"], token_sha256, alarm_id, person_id, now, expires_at)

    async def locked_link(self, token_sha256: bytes) -> StoredLink | None:
        """A link that nobody else uses until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["lock_link"], token_sha256)
        return None if record is None else StoredLink(**record)

    async def use_link(self, token_sha256: bytes, now: datetime) -> None:
        """A link acknowledges once."""
        await self._connection.execute(_SQL["use_link"], token_sha256, now)

    async def forget_links(self, now: datetime) -> None:
        """Delete links that have expired."""
        await self._connection.execute(_SQL["forget_links"], now)

    async def beat(self, now: datetime, round_s: float, last_error: str) -> None:
        """A round has ended."""
        await self._connection.execute(_SQL["beat"], now, round_s, last_error)

    async def standing(self) -> Beat:
        """What is known of whether alarming works."""
        record = await self._connection.fetchrow(_SQL["standing"])
        assert record is not None, "a query without FROM has a row"
        return Beat(**record)

    async def tell_dead(self, now: datetime, unless_since: datetime) -> bool:
        """Whether this controller is to tell that alarming is dead: none has since `unless_since`."""
        return await self._connection.fetchval(_SQL["tell_dead"], now, unless_since) is not None

    async def tell_dead_again(self, told_at: datetime) -> None:
        """Let it count as told at `told_at`."""
        await self._connection.execute(_SQL["tell_dead_again"], told_at)
