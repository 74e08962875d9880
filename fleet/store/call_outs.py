"""Call-outs, scheduled work beside the ordinary hours, and compensatory rest."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from fleet.store.queries import load
from fleet.store.records import MAX_ROWS, Records
from protocols.api.call_outs import CallOutSource, CallOutView, RestView, WorkDoneView


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


class CallOutStore(Records[StoredCallOut]):
    """Call-outs; newest first."""

    _kind, _queries = StoredCallOut, load("call_outs")

    async def within(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
        rota_id: str = "",
        open_only: bool = False,
    ) -> list[StoredCallOut]:
        """Those (None: anybody's; of one rota where it is named) that have a part in `since` … `until`, newest first;
        one without an end lasts. `withdrawn`: those too."""
        return await self._within(person_ids, since, until, withdrawn, limit, rota_id, open_only)

    async def end(self, call_out_id: str, returned_at: datetime, break_min: int) -> bool:
        """They are back; False where that was said already, or the call-out withdrawn."""
        return await self._connection.fetchval(self._queries["end"], call_out_id, returned_at, break_min) is not None


class WorkStore(Records[StoredWork]):
    """Scheduled work beside the ordinary hours."""

    _kind, _queries = StoredWork, load("work_done")


class RestStore(Records[StoredRest]):
    """Compensatory rest."""

    _kind, _queries = StoredRest, load("rests")
