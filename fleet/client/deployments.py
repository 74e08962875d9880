"""Deployments at the controller."""

from collections.abc import Sequence

from fleet.client.session import Session
from protocols.api.deployments import (
    DeploymentPage,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewIncident,
    SetDeployment,
    SetKit,
    SetVisits,
    StepAsked,
)
from protocols.deployments import DeploymentKind, DeploymentState, Step


class DeploymentRequests:
    """What can be asked and done about deployments; part of `FleetClient`. `based_on` is the version that was seen:
    where it is not in force any more, nothing is done (409 `deployment-changed`)."""

    _session: Session

    async def deployments(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        *,
        states: Sequence[DeploymentState] = (),
        kind: DeploymentKind | None = None,
        open_only: bool = False,
        person: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> DeploymentPage:
        """The board, nearest deadline first; at most `limit` (200) rows from the `offset`-th."""
        query = {
            "filter": filter,
            "state": list(states),
            "kind": kind,
            "open_only": open_only or None,
            "person": person,
            "offset": offset,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/deployments", DeploymentPage, query=query)

    async def deployment(self, deployment_id: str) -> DeploymentView:
        """One deployment, with what blocks each step that could be next."""
        return await self._session.request("GET", f"/api/deployments/{deployment_id}", DeploymentView)

    async def request_deployment(self, new: NewDeployment) -> DeploymentView:
        """Ask for a deployment."""
        return await self._session.request("POST", "/api/deployments", DeploymentView, body=new)

    async def set_deployment(self, deployment_id: str, wanted: SetDeployment) -> DeploymentView:
        """Change what was asked for or planned; what is kept moves with the times."""
        return await self._session.request("PUT", f"/api/deployments/{deployment_id}", DeploymentView, body=wanted)

    async def set_visits(self, deployment_id: str, wanted: SetVisits) -> DeploymentView:
        """Plan the visits that have not begun, in place of those there were."""
        path = f"/api/deployments/{deployment_id}/visits"
        return await self._session.request("PUT", path, DeploymentView, body=wanted)

    async def set_kit(self, deployment_id: str, wanted: SetKit) -> DeploymentView:
        """Keep items for it, named or picked."""
        return await self._session.request("PUT", f"/api/deployments/{deployment_id}/kit", DeploymentView, body=wanted)

    async def name_authorities(self, deployment_id: str, named: NamedAuthorities) -> DeploymentView:
        """Name the recorded authorities that it rests on, in place of those there were."""
        path = f"/api/deployments/{deployment_id}/authorities"
        return await self._session.request("POST", path, DeploymentView, body=named)

    async def go_step(self, deployment_id: str, step: Step, asked: StepAsked) -> DeploymentView:
        """Go a step on; 409 `blocked` names all that stops it. Of a step that the fast path went past: say that its
        paperwork is there."""
        path = f"/api/deployments/{deployment_id}/steps/{step}"
        return await self._session.request("POST", path, DeploymentView, body=asked)

    async def begin_incident(self, new: NewIncident) -> DeploymentView:
        """A critical incident: kit into one's own hands, now; what is skipped is owed."""
        return await self._session.request("POST", "/api/critical-incidents", DeploymentView, body=new)
