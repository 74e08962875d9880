"""Welfare timers at the controller."""

from fleet.client.session import Session
from protocols.api.welfare import EndingWelfare, NewWelfare, WelfareView


class WelfareRequests:
    """What can be asked and done about welfare timers; part of `FleetClient`."""

    _session: Session

    async def welfare(self, person: str | None = None, *, ended: bool = False) -> list[WelfareView]:
        """Timers that run, due longest first: one's own, and others' where one may see them; `ended`: those of the
        last days too."""
        query = {"person": person, "ended": ended or None}
        return await self._session.request("GET", "/api/welfare", list[WelfareView], query=query)

    async def start_welfare(self, new: NewWelfare) -> WelfareView:
        """Start one's own timer."""
        return await self._session.request("POST", "/api/welfare", WelfareView, body=new)

    async def answer_welfare(self, welfare_id: str) -> WelfareView:
        """All is well."""
        return await self._session.request("POST", f"/api/welfare/{welfare_id}/answer", WelfareView)

    async def end_welfare(self, welfare_id: str, reason: str = "") -> WelfareView:
        """It is not needed any more; a supervisor says why."""
        body = EndingWelfare(reason=reason)
        return await self._session.request("POST", f"/api/welfare/{welfare_id}/end", WelfareView, body=body)
