"""Handover sheets at the controller."""

from hashlib import sha256

import msgspec

from fleet.client.session import Session
from protocols.api.handovers import AcknowledgingHandover, HandoverRow, HandoverSheet, HandoverView, NewHandover


class HandoverRequests:
    """What can be asked and done about handovers; part of `FleetClient`."""

    _session: Session

    async def handovers(self, rota: str | None = None, limit: int = 20) -> list[HandoverRow]:
        """Handovers of a rota, or of any, newest change first; at most 100."""
        query = {"rota": rota, "limit": limit}
        return await self._session.request("GET", "/api/handovers", list[HandoverRow], query=query)

    async def handover(self, handover_id: str) -> HandoverView:
        """A handover with its sheet."""
        return await self._session.request("GET", f"/api/handovers/{handover_id}", HandoverView)

    async def make_handover(self, rota: str) -> HandoverView:
        """Make the sheet of now for the rota's nearest change."""
        return await self._session.request("POST", "/api/handovers", HandoverView, body=NewHandover(rota=rota))

    async def acknowledge_handover(self, handover_id: str, digest: str) -> HandoverView:
        """One has read the sheet with this SHA-256, which `sheet_sha256` works out of what was read."""
        body = AcknowledgingHandover(sha256=digest)
        path = f"/api/handovers/{handover_id}/acknowledge"
        return await self._session.request("POST", path, HandoverView, body=body)


def sheet_sha256(sheet: HandoverSheet) -> str:
    """The SHA-256 of a sheet's exact text, hexadecimal."""
    return sha256(msgspec.json.encode(sheet)).hexdigest()
