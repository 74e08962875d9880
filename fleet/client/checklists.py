"""Checklists and readiness certificates at the controller."""

from fleet.client.session import Session
from protocols.api.checklists import ChecklistView, NewEvidence, SetTemplate, TemplateView
from protocols.api.deployments import ReadinessView
from protocols.deployments import DeploymentKind, Step


class ChecklistRequests:
    """What can be asked and done about checklists; part of `FleetClient`."""

    _session: Session

    async def checklists(self, deployment_id: str) -> list[ChecklistView]:
        """The checklists of all steps of a deployment that have one, in the order of the steps."""
        return await self._session.request("GET", f"/api/deployments/{deployment_id}/checklists", list[ChecklistView])

    async def give_evidence(self, deployment_id: str, new: NewEvidence) -> ChecklistView:
        """Give evidence for one item; what was given before stays, and the latest counts."""
        path = f"/api/deployments/{deployment_id}/evidence"
        return await self._session.request("POST", path, ChecklistView, body=new)

    async def checklist_templates(self) -> list[TemplateView]:
        """The checklists in force, of every kind and step that has one."""
        return await self._session.request("GET", "/api/checklist-templates", list[TemplateView])

    async def set_checklist_template(self, kind: DeploymentKind, step: Step, wanted: SetTemplate) -> TemplateView:
        """Lay a checklist down for steps that are begun from now on."""
        path = f"/api/checklist-templates/{kind}/{step}"
        return await self._session.request("PUT", path, TemplateView, body=wanted)

    async def judge_readiness(self, deployment_id: str) -> list[ReadinessView]:
        """Judge the units of a deployment now, by their latest reports; each certificate is kept."""
        path = f"/api/deployments/{deployment_id}/readiness"
        return await self._session.request("POST", path, list[ReadinessView])
