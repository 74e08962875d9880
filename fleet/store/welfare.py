"""Welfare timers and their answers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.welfare import WelfareEnd

_SQL = load("welfare")

Answered = Literal["said", "page"]
"""In so many words, or by acknowledging the page that asked."""


class StoredWelfare(msgspec.Struct, frozen=True, kw_only=True):
    """A timer, ended or not. `due_told_at` and `missed_told_at` are of the answer that is due next."""

    welfare_id: str
    person_id: str
    call_out_id: str | None
    visit_id: str | None
    deployment_id: str | None
    every_min: int
    grace_min: int
    started_by: str
    started_at: datetime
    due_at: datetime
    answers: int = 0
    answered_at: datetime | None = None
    due_told_at: datetime | None = None
    missed_told_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    ended_how: WelfareEnd | None = None

    @property
    def missed_at(self) -> datetime:
        """When supervisors are paged unless there is an answer before."""
        return self.due_at + timedelta(minutes=self.grace_min)


class WelfareStore:
    """Timers within one transaction. Whose they are is locked with `RotaPeopleStore.lock_person`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def one(self, welfare_id: str) -> StoredWelfare | None:
        """A timer."""
        return await self._read("one", welfare_id)

    async def locked(self, welfare_id: str) -> StoredWelfare | None:
        """A timer that nobody else changes until the transaction ends."""
        return await self._read("locked", welfare_id)

    async def running_of(self, person_id: str) -> StoredWelfare | None:
        """Somebody's timer that runs, locked."""
        return await self._read("running_of", person_id)

    async def of_call_out(self, call_out_id: str) -> StoredWelfare | None:
        """A call-out's timer that runs, locked."""
        return await self._read("of_call_out", call_out_id)

    async def newest(self, person_id: str | None, ended_since: datetime, limit: int) -> list[StoredWelfare]:
        """Those that run, due longest first, then those that ended since then, newest first; None: anybody's."""
        found = await self._connection.fetch(_SQL["newest"], person_id, ended_since, limit)
        return [StoredWelfare(**record) for record in found]

    async def due(self, now: datetime, limit: int) -> list[StoredWelfare]:
        """Those whose answer is due, longest first."""
        return [StoredWelfare(**record) for record in await self._connection.fetch(_SQL["due"], now, limit)]

    async def add(self, new: StoredWelfare) -> None:
        """Let a timer run; its person has none that does."""
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new)[:10])

    async def answer(self, timer: StoredWelfare, now: datetime, how: Answered) -> StoredWelfare:
        """Keep an answer; the timer as it goes on."""
        number, due_at = timer.answers + 1, now + timedelta(minutes=timer.every_min)
        await self._connection.execute(_SQL["add_answer"], timer.welfare_id, number, timer.due_at, now, how)
        await self._connection.execute(_SQL["answer"], timer.welfare_id, number, now, due_at)
        return msgspec.structs.replace(
            timer, answers=number, answered_at=now, due_at=due_at, due_told_at=None, missed_told_at=None
        )

    async def tell_due(self, welfare_id: str, now: datetime) -> None:
        """The person was asked for the answer that is due."""
        await self._connection.execute(_SQL["tell_due"], welfare_id, now)

    async def tell_missed(self, welfare_id: str, now: datetime) -> None:
        """It was told that the answer is missing."""
        await self._connection.execute(_SQL["tell_missed"], welfare_id, now)

    async def end(self, timer: StoredWelfare, by: str, now: datetime, how: WelfareEnd) -> StoredWelfare:
        """End a timer."""
        await self._connection.execute(_SQL["end"], timer.welfare_id, by, now, how)
        return msgspec.structs.replace(timer, ended_by=by, ended_at=now, ended_how=how)

    async def deployment_named(self, reference: str) -> str | None:
        """The deployment that a call-out's reference names, None where it names none."""
        found: str | None = await self._connection.fetchval(_SQL["deployment_named"], reference)
        return found

    async def deployment_of_visit(self, visit_id: str, person_id: str) -> str | None:
        """The deployment of a visit that somebody is of, None where they are of no such visit."""
        found: str | None = await self._connection.fetchval(_SQL["deployment_of_visit"], visit_id, person_id)
        return found

    async def page_taken(self, person_id: str, kinds: Sequence[str], since: datetime) -> bool:
        """Whether somebody has acknowledged an alarm of these kinds about themselves since then."""
        return bool(await self._connection.fetchval(_SQL["page_taken"], person_id, list(kinds), since))

    async def _read(self, query: str, key: str) -> StoredWelfare | None:
        record = await self._connection.fetchrow(_SQL[query], key)
        return None if record is None else StoredWelfare(**record)
