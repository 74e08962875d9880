"""Overrides, take-overs and swaps at the controller."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.rota_changes import ChangeState, ChangeView, Deciding, NewChange


class RotaChangeRequests:
    """What can be asked and done about changes by hand; part of `FleetClient`. Times have a zone."""

    _session: Session

    async def rota_changes(
        self,
        rota_id: str,
        state: ChangeState | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[ChangeView]:
        """A rota's changes that have a part in the time, those asked for last first; at most `limit` (200)."""
        query = {
            "state": state,
            "since": since,
            "until": until,
            "limit": limit,
        }
        return await self._session.request("GET", f"/api/rotas/{rota_id}/changes", list[ChangeView], query=query)

    async def rota_change(self, change_id: str) -> ChangeView:
        """One change, with what it would bring."""
        return await self._session.request("GET", f"/api/rota-changes/{change_id}", ChangeView)

    async def ask_rota_change(self, rota_id: str, new: NewChange) -> ChangeView:
        """Ask for a change; `state` tells whether it waits, and `waits_for` for whom."""
        return await self._session.request("POST", f"/api/rotas/{rota_id}/changes", ChangeView, body=new)

    async def agree_rota_change(self, change_id: str) -> ChangeView:
        """Agree as the other of the two, or as a supervisor for them."""
        return await self._session.request("POST", f"/api/rota-changes/{change_id}/agree", ChangeView)

    async def approve_rota_change(self, change_id: str, *, despite: str = "", reason: str = "") -> ChangeView:
        """Let a change be in force; `despite` is why, where it brings breaches or faults that were not there."""
        body = Deciding(reason=reason, despite=despite)
        return await self._session.request("POST", f"/api/rota-changes/{change_id}/approve", ChangeView, body=body)

    async def refuse_rota_change(self, change_id: str, reason: str = "") -> ChangeView:
        """Say that a change does not come; who asked takes it back so."""
        body = Deciding(reason=reason)
        return await self._session.request("POST", f"/api/rota-changes/{change_id}/refuse", ChangeView, body=body)

    async def undo_rota_change(self, change_id: str) -> ChangeView:
        """Let everything be as before from now on."""
        return await self._session.request("POST", f"/api/rota-changes/{change_id}/undo", ChangeView)
