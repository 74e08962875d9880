"""Call-outs, work, rests and hours at the controller."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.call_outs import (
    CallOutRecorded,
    CallOutView,
    HoursReport,
    NewCallOut,
    NewRest,
    NewWorkDone,
    RestView,
    Returned,
    Withdrawing,
    WorkDoneView,
)


class CallOutRequests:
    """What can be asked and done about call-outs; part of `FleetClient`. Times have a zone."""

    _session: Session

    async def call_outs(
        self,
        *,
        rota: str | None = None,
        person: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        open_only: bool = False,
        limit: int = 100,
    ) -> list[CallOutView]:
        """Call-outs, newest first, at most `limit` (500), withdrawn ones too; of a rota, of a person, not over, where
        that is asked for."""
        query = {
            "rota": rota,
            "person": person,
            "since": since,
            "until": until,
            "open_only": open_only or None,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/call-outs", list[CallOutView], query=query)

    async def record_call_out(self, new: NewCallOut) -> CallOutRecorded:
        """Record that somebody was called out; the same again is the same record."""
        return await self._session.request("POST", "/api/call-outs", CallOutRecorded, body=new)

    async def end_call_out(self, call_out_id: str, returned_at: datetime, break_min: int = 0) -> CallOutRecorded:
        """They are back at home."""
        body = Returned(returned_at=returned_at, break_min=break_min)
        return await self._session.request("POST", f"/api/call-outs/{call_out_id}/returned", CallOutRecorded, body=body)

    async def withdraw_call_out(self, call_out_id: str, reason: str) -> CallOutView:
        """It was recorded wrongly."""
        body = Withdrawing(reason=reason)
        return await self._session.request("POST", f"/api/call-outs/{call_out_id}/withdraw", CallOutView, body=body)

    async def work_done(
        self, person: str | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[WorkDoneView]:
        """Scheduled work beside the ordinary hours in a time, withdrawn too."""
        query = {"person": person, "since": since, "until": until}
        return await self._session.request("GET", "/api/work-done", list[WorkDoneView], query=query)

    async def add_work(self, new: NewWorkDone) -> WorkDoneView:
        """Record scheduled work beside the ordinary hours."""
        return await self._session.request("POST", "/api/work-done", WorkDoneView, body=new)

    async def withdraw_work(self, work_id: str) -> WorkDoneView:
        """It was recorded wrongly."""
        return await self._session.request("POST", f"/api/work-done/{work_id}/withdraw", WorkDoneView)

    async def rests(
        self, person: str | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[RestView]:
        """Compensatory rest in a time, withdrawn too."""
        query = {"person": person, "since": since, "until": until}
        return await self._session.request("GET", "/api/rests", list[RestView], query=query)

    async def add_rest(self, new: NewRest) -> RestView:
        """Give compensatory rest."""
        return await self._session.request("POST", "/api/rests", RestView, body=new)

    async def withdraw_rest(self, rest_id: str) -> RestView:
        """It is not given after all."""
        return await self._session.request("POST", f"/api/rests/{rest_id}/withdraw", RestView)

    async def rota_hours(self, rota: str, since: datetime, until: datetime) -> HoursReport:
        """Hours and allowances of a rota for payroll."""
        query = {"since": since, "until": until}
        return await self._session.request("GET", f"/api/rotas/{rota}/hours", HoursReport, query=query)
