"""Technical advice at the controller."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.advice import Advice
from protocols.deployments import DeploymentKind


class AdviceRequests:
    """What can be asked about what could be fielded; part of `FleetClient`. Times have a zone."""

    _session: Session

    async def advice(
        self,
        kind: DeploymentKind,
        *,
        at: datetime | None = None,
        until: datetime | None = None,
        site: str | None = None,
    ) -> Advice:
        """What could be fielded for a kind from `at` (now) until `until` (12 h later), and with whom."""
        query = {"kind": kind, "at": at, "until": until, "site": site}
        return await self._session.request("GET", "/api/advice", Advice, query=query)
