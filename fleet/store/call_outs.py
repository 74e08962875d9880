"""Call-outs, scheduled work beside the ordinary hours, and compensatory rest."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.call_outs import CallOutSource, CallOutView, RestView, WorkDoneView
from protocols.rota.member import CallOut, CompensatoryRest, WorkDone

_SQL = load("call_outs")

MAX_ROWS = 20_000
"""At most so many records are read at once."""


class StoredCallOut(msgspec.Struct, frozen=True, kw_only=True):
    """A call-out, ended or not, withdrawn or not. `position` is None where the person was not on call."""

    call_out_id: str
    rota_id: str
    person_id: str
    position: str | None
    left_home_at: datetime
    returned_at: datetime | None
    break_min: int
    reference: str
    source: CallOutSource
    recorded_by: str
    recorded_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    def known(self) -> CallOut:
        """As the rules know it."""
        return CallOut(
            call_out=self.call_out_id,
            person=self.person_id,
            left_home_at=self.left_home_at,
            returned_at=self.returned_at,
            break_min=self.break_min,
        )

    def view(self) -> CallOutView:
        """As the API shows it."""
        return CallOutView(
            call_out=self.call_out_id,
            rota=self.rota_id,
            person=self.person_id,
            position=self.position,
            left_home_at=self.left_home_at,
            returned_at=self.returned_at,
            break_min=self.break_min,
            reference=self.reference,
            source=self.source,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            withdrawn_at=self.withdrawn_at,
        )


class StoredWork(msgspec.Struct, frozen=True, kw_only=True):
    """Scheduled work beside the ordinary hours, withdrawn or not."""

    work_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    break_min: int
    recorded_by: str
    recorded_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    def known(self) -> WorkDone:
        """As the rules know it."""
        return WorkDone(
            work=self.work_id,
            person=self.person_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            break_min=self.break_min,
        )

    def view(self) -> WorkDoneView:
        """As the API shows it."""
        return WorkDoneView(
            work=self.work_id,
            person=self.person_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            break_min=self.break_min,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            withdrawn_at=self.withdrawn_at,
        )


class StoredRest(msgspec.Struct, frozen=True, kw_only=True):
    """Compensatory rest, withdrawn or not."""

    rest_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    recorded_by: str
    recorded_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    def known(self) -> CompensatoryRest:
        """As the rules know it."""
        return CompensatoryRest(
            rest=self.rest_id, person=self.person_id, starts_at=self.starts_at, ends_at=self.ends_at
        )

    def view(self) -> RestView:
        """As the API shows it."""
        return RestView(
            rest=self.rest_id,
            person=self.person_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            withdrawn_at=self.withdrawn_at,
        )


class CallOutStore:
    """Call-outs, work and rests within one transaction. People are locked with `RotaPeopleStore.lock_person`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def call_out(self, call_out_id: str) -> StoredCallOut | None:
        """One call-out."""
        record = await self._connection.fetchrow(_SQL["call_out"], call_out_id)
        return None if record is None else StoredCallOut(**record)

    async def call_outs(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        rota_id: str = "",
        open_only: bool = False,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[StoredCallOut]:
        """Call-outs (None: anybody's; of one rota where it is named) that have a part in `since` … `until`, newest
        first; one without an end lasts. `withdrawn`: those too."""
        asked = (_those(person_ids), since, until, rota_id, open_only, withdrawn, limit)
        return [StoredCallOut(**record) for record in await self._connection.fetch(_SQL["call_outs"], *asked)]

    async def add_call_out(self, new: StoredCallOut) -> None:
        """Keep a call-out."""
        await self._connection.execute(
            _SQL["add_call_out"],
            new.call_out_id,
            new.rota_id,
            new.person_id,
            new.position,
            new.left_home_at,
            new.returned_at,
            new.break_min,
            new.reference,
            new.source,
            new.recorded_by,
            new.recorded_at,
        )

    async def end_call_out(self, call_out_id: str, returned_at: datetime, break_min: int) -> bool:
        """They are back; False where that was said already, or the call-out withdrawn."""
        return await self._connection.fetchval(_SQL["end_call_out"], call_out_id, returned_at, break_min) is not None

    async def withdraw_call_out(self, call_out_id: str, by: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw_call_out"], call_out_id, by, now) is not None

    async def work(self, work_id: str) -> StoredWork | None:
        """One piece of work."""
        record = await self._connection.fetchrow(_SQL["work"], work_id)
        return None if record is None else StoredWork(**record)

    async def works(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[StoredWork]:
        """Work (None: anybody's) that has a part in `since` … `until`, by its beginning; `withdrawn`: that too."""
        asked = (_those(person_ids), since, until, withdrawn, limit)
        return [StoredWork(**record) for record in await self._connection.fetch(_SQL["works"], *asked)]

    async def add_work(self, new: StoredWork) -> None:
        """Keep a piece of work."""
        await self._connection.execute(
            _SQL["add_work"],
            new.work_id,
            new.person_id,
            new.starts_at,
            new.ends_at,
            new.break_min,
            new.recorded_by,
            new.recorded_at,
        )

    async def withdraw_work(self, work_id: str, by: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw_work"], work_id, by, now) is not None

    async def rest(self, rest_id: str) -> StoredRest | None:
        """One rest."""
        record = await self._connection.fetchrow(_SQL["rest"], rest_id)
        return None if record is None else StoredRest(**record)

    async def rests(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[StoredRest]:
        """Rests (None: anybody's) that have a part in `since` … `until`, by their beginning; `withdrawn`: those too."""
        asked = (_those(person_ids), since, until, withdrawn, limit)
        return [StoredRest(**record) for record in await self._connection.fetch(_SQL["rests"], *asked)]

    async def add_rest(self, new: StoredRest) -> None:
        """Keep a rest."""
        await self._connection.execute(
            _SQL["add_rest"],
            new.rest_id,
            new.person_id,
            new.starts_at,
            new.ends_at,
            new.recorded_by,
            new.recorded_at,
        )

    async def withdraw_rest(self, rest_id: str, by: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(_SQL["withdraw_rest"], rest_id, by, now) is not None


def _those(person_ids: Collection[str] | None) -> list[str] | None:
    return None if person_ids is None else list(person_ids)
