"""Rotas at the controller: what they are, what the rules say of them, and plans of their turns."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.rotas import NewPlan, NewSolve, PlanView, Publishing, RotaSummary, RotaView, SetRota
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.model import Rota


class RotaRequests:
    """What can be asked and done about rotas; part of `FleetClient`. Times have a zone."""

    _session: Session

    async def rotas(self) -> list[RotaSummary]:
        """All rotas, ended ones too."""
        return await self._session.request("GET", "/api/rotas", list[RotaSummary])

    async def rota(self, rota_id: str) -> RotaView:
        """One rota."""
        return await self._session.request("GET", f"/api/rotas/{rota_id}", RotaView)

    async def put_rota(self, rota: Rota, version: int) -> RotaView:
        """Lay a rota down in the place of version `version`, 0 for a new one."""
        body = SetRota(rota=rota, version=version)
        return await self._session.request("PUT", f"/api/rotas/{rota.rota}", RotaView, body=body)

    async def end_rota(self, rota_id: str) -> RotaView:
        """Let a rota ask for nobody any more."""
        return await self._session.request("POST", f"/api/rotas/{rota_id}/end", RotaView)

    async def rota_book(self, rota_id: str, since: datetime, until: datetime) -> RotaBook:
        """What the rules need for a period, as far as this person may have it."""
        query = {"since": since, "until": until}
        return await self._session.request("GET", f"/api/rotas/{rota_id}/book", RotaBook, query=query)

    async def check_rota(
        self, rota_id: str, since: datetime, until: datetime, plan_id: str | None = None
    ) -> Assessment:
        """What the rules say of a period as it is published, or as a plan would make it."""
        query = {"since": since, "until": until, "plan": plan_id}
        return await self._session.request("GET", f"/api/rotas/{rota_id}/check", Assessment, query=query)

    async def solve_rota(self, rota_id: str, new: NewSolve) -> PlanView:
        """Begin to fill a period; how far it is, `rota_plan` tells."""
        return await self._session.request("POST", f"/api/rotas/{rota_id}/solves", PlanView, body=new)

    async def draft_rota_plan(self, rota_id: str, new: NewPlan) -> PlanView:
        """Plan turns by hand."""
        return await self._session.request("POST", f"/api/rotas/{rota_id}/plans", PlanView, body=new)

    async def rota_plans(self, rota_id: str) -> list[PlanView]:
        """A rota's newest plans, without their turns and loads."""
        return await self._session.request("GET", f"/api/rotas/{rota_id}/plans", list[PlanView])

    async def rota_plan(self, plan_id: str) -> PlanView:
        """One plan."""
        return await self._session.request("GET", f"/api/rota-plans/{plan_id}", PlanView)

    async def stop_solving(self, plan_id: str) -> PlanView:
        """No more solving; the best so far stays."""
        return await self._session.request("POST", f"/api/rota-plans/{plan_id}/stop", PlanView)

    async def publish_rota_plan(self, plan_id: str, despite: str = "") -> PlanView:
        """Let a plan's turns hold; `despite` is why, where it brings breaches or faults that were not there."""
        body = Publishing(despite=despite)
        return await self._session.request("POST", f"/api/rota-plans/{plan_id}/publish", PlanView, body=body)

    async def discard_rota_plan(self, plan_id: str) -> PlanView:
        """Give up a plan."""
        return await self._session.request("POST", f"/api/rota-plans/{plan_id}/discard", PlanView)
