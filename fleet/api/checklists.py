"""Checklists of deployments, what is found by them, and readiness certificates of their units."""

from typing import Annotated, TypeAlias

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter

from fleet.api.access import caller_of
from fleet.api.deployments import DeploymentInPath
from fleet.api.log_asked import exactly
from fleet.api.services import Given
from protocols.api.checklists import ChecklistView, NewEvidence, SetTemplate, TemplateView
from protocols.api.deployments import ReadinessView
from protocols.deployments import DeploymentKind, Step

ApiRequest = Request[object, object, State]
KindInPath: TypeAlias = Annotated[DeploymentKind, PathParameter()]
StepInPath: TypeAlias = Annotated[Step, PathParameter()]


@get("/api/deployments/{deployment_id:str}/checklists", opt={"permission": "see-deployments", "refuses": [404]})
async def list_checklists(services: Given, deployment_id: DeploymentInPath) -> list[ChecklistView]:
    """The checklists of a deployment's steps, with what was found."""
    return await services.checklists.checklists(deployment_id)


@post(
    "/api/deployments/{deployment_id:str}/evidence",
    opt={"permission": "work-deployment", "refuses": [404, 409]},
)
async def give_evidence(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[NewEvidence]
) -> ChecklistView:
    """Say what was found at one item of a checklist."""
    new = await exactly(request, type(data))
    return await services.checklists.give(deployment_id, new, caller_of(request).person)


@post(
    "/api/deployments/{deployment_id:str}/readiness",
    opt={"permission": "work-deployment", "refuses": [404, 409]},
)
async def judge_readiness(request: ApiRequest, services: Given, deployment_id: DeploymentInPath) -> list[ReadinessView]:
    """Judge the units of a deployment by their latest reports, and keep the certificates."""
    return await services.readiness.judge(deployment_id, caller_of(request).person)


@get("/api/checklist-templates", opt={"permission": "see-deployments"})
async def list_templates(services: Given) -> list[TemplateView]:
    """The checklists in force of every kind and step."""
    return await services.checklists.templates()


@put("/api/checklist-templates/{kind:str}/{step:str}", opt={"permission": "manage-deployments", "refuses": [409]})
async def set_template(
    request: ApiRequest, services: Given, kind: KindInPath, step: StepInPath, data: JSONBody[SetTemplate]
) -> TemplateView:
    """Lay a checklist down, for steps that are begun from now on."""
    wanted = await exactly(request, type(data))
    return await services.checklists.set_template(kind, step, wanted, caller_of(request).person)


HANDLERS = [list_checklists, give_evidence, judge_readiness, list_templates, set_template]
