"""Who is on call, at the controller."""

from fleet.client.session import Session
from protocols.api.rotas import OnCallNow


class OnCallRequests:
    """What can be asked about who is on call; part of `FleetClient`."""

    _session: Session

    async def on_call(self) -> list[OnCallNow]:
        """Who is on call now, rota by rota."""
        return await self._session.request("GET", "/api/oncall", list[OnCallNow])
