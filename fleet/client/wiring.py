"""Harnesses at the controller."""

from fleet.client.session import Session
from protocols.api.wiring import (
    DeploymentWiring,
    GiveHarness,
    HarnessPage,
    HarnessView,
    NewHarness,
    NewHarnessRevision,
)
from protocols.wiring.fitted import NewFitting
from protocols.wiring.policy import WiringPolicy


class WiringRequests:
    """What can be asked and done about harnesses; part of `FleetClient`."""

    _session: Session

    async def wiring_policy(self) -> WiringPolicy:
        """The thresholds of this house."""
        return await self._session.request("GET", "/api/wiring-policy", WiringPolicy)

    async def harnesses(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        *,
        offset: int = 0,
        limit: int = 100,
    ) -> HarnessPage:
        """Harnesses by name; at most `limit` (200) rows from the `offset`-th."""
        query = {"filter": filter, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/wiring", HarnessPage, query=query)

    async def harness(self, harness_id: str, revision: int = 0) -> HarnessView:
        """A harness with the text of a revision, 0 the newest."""
        query = {"revision": revision}
        return await self._session.request("GET", f"/api/wiring/{harness_id}", HarnessView, query=query)

    async def keep_harness(self, text: str) -> HarnessView:
        """Keep the text of a plan's file as a new harness."""
        return await self._session.request("POST", "/api/wiring", HarnessView, body=NewHarness(text=text))

    async def revise_harness(self, harness_id: str, revision: int, text: str) -> HarnessView:
        """Keep a text as the revision after `revision`, the newest that was seen."""
        body = NewHarnessRevision(revision=revision, text=text)
        return await self._session.request("POST", f"/api/wiring/{harness_id}/revisions", HarnessView, body=body)

    async def deployment_wiring(self, deployment_id: str) -> list[DeploymentWiring]:
        """The harnesses of a deployment, as designed and as fitted."""
        path = f"/api/deployments/{deployment_id}/wiring"
        return await self._session.request("GET", path, list[DeploymentWiring])

    async def give_harness(
        self, deployment_id: str, harness_id: str, revision: int = 0, item: str | None = None
    ) -> DeploymentWiring:
        """Give a deployment a revision of a harness, 0 the newest, for an item that it has."""
        body = GiveHarness(harness=harness_id, revision=revision, item=item)
        path = f"/api/deployments/{deployment_id}/wiring"
        return await self._session.request("POST", path, DeploymentWiring, body=body)

    async def fit_harness(self, deployment_id: str, harness_id: str, new: NewFitting) -> DeploymentWiring:
        """Enter what was measured on a harness of a deployment."""
        path = f"/api/deployments/{deployment_id}/wiring/{harness_id}/fittings"
        return await self._session.request("POST", path, DeploymentWiring, body=new)

    async def withdraw_harness(self, deployment_id: str, harness_id: str) -> DeploymentWiring:
        """A harness is not this deployment's any more."""
        path = f"/api/deployments/{deployment_id}/wiring/{harness_id}/withdraw"
        return await self._session.request("POST", path, DeploymentWiring)
