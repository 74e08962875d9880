"""Deployments: asking for them, planning them, going their steps; the board of all of them; critical incidents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import PersonAsked, exactly
from fleet.api.parameters import Offset, WordsAsked
from fleet.api.services import Given
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

ApiRequest = Request[object, object, State]
DeploymentInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^DEP-[0-9]{1,6}$(?!\n)")]
# The framework keeps the name `state` for itself.
StepInPath: TypeAlias = Annotated[Step, PathParameter()]
StatesAsked: TypeAlias = Annotated[tuple[DeploymentState, ...], QueryParameter(name="state", max_items=12)]
KindAsked: TypeAlias = Annotated[Literal["any", DeploymentKind], QueryParameter()]
OpenOnly: TypeAlias = Annotated[bool, QueryParameter()]
DeploymentsAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]

_WORK: Mapping[str, Any] = MappingProxyType({"permission": "work-deployment", "refuses": [404, 409]})
_STEP: Mapping[str, Any] = MappingProxyType({"permission": "see-deployments", "refuses": [404, 409]})
"""Who may go which step is the step's own: its desk refuses."""


@get("/api/deployments", opt={"permission": "see-deployments"})
async def list_deployments(
    services: Given,
    filter: WordsAsked = "",  # noqa: A002  the query parameter's own name
    stands: StatesAsked = (),
    kind: KindAsked = "any",
    open_only: OpenOnly = False,
    person: PersonAsked = "",
    offset: Offset = 0,
    limit: DeploymentsAtOnce = 100,
) -> DeploymentPage:
    """The board of every deployment against its deadlines, the nearest first."""
    return await services.deployments.page(
        words=filter,
        states=stands,
        kind="" if kind == "any" else kind,
        open_only=open_only,
        person_id=person,
        offset=offset,
        limit=limit,
    )


@get("/api/deployments/{deployment_id:str}", opt={"permission": "see-deployments", "refuses": [404]})
async def one_deployment(request: ApiRequest, services: Given, deployment_id: DeploymentInPath) -> DeploymentView:
    """One deployment, with what blocks each step that could be next."""
    return await services.deployments.one(deployment_id, caller_of(request).person)


@post("/api/deployments", opt=dict(_WORK))
async def request_deployment(request: ApiRequest, services: Given, data: JSONBody[NewDeployment]) -> DeploymentView:
    """Ask for a deployment."""
    new = await exactly(request, type(data))
    return await services.deployments.request(new, caller_of(request).person)


@put("/api/deployments/{deployment_id:str}", opt=dict(_WORK))
async def set_deployment(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[SetDeployment]
) -> DeploymentView:
    """Change what was asked for or planned."""
    asked = await exactly(request, type(data))
    return await services.deployments.change(deployment_id, asked, caller_of(request).person)


@put("/api/deployments/{deployment_id:str}/visits", opt=dict(_WORK))
async def set_visits(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[SetVisits]
) -> DeploymentView:
    """Plan the visits that have not begun."""
    asked = await exactly(request, type(data))
    return await services.deployment_plans.set_visits(deployment_id, asked, caller_of(request).person)


@put("/api/deployments/{deployment_id:str}/kit", opt=dict(_WORK))
async def set_kit(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[SetKit]
) -> DeploymentView:
    """Keep items for it, named or picked."""
    asked = await exactly(request, type(data))
    return await services.deployment_plans.set_kit(deployment_id, asked, caller_of(request).person)


@post("/api/deployments/{deployment_id:str}/authorities", opt=dict(_WORK), status_code=200)
async def name_authorities(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[NamedAuthorities]
) -> DeploymentView:
    """Name the recorded authorities that it rests on."""
    asked = await exactly(request, type(data))
    return await services.deployment_plans.name_authorities(deployment_id, asked, caller_of(request).person)


@post("/api/deployments/{deployment_id:str}/steps/{step:str}", opt=dict(_STEP), status_code=200)
async def go_step(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, step: StepInPath, data: JSONBody[StepAsked]
) -> DeploymentView:
    """Go a step on, or say that the paperwork of one that was gone past is there."""
    asked = await exactly(request, type(data))
    return await services.deployment_steps.go(deployment_id, step, asked, caller_of(request).person)


@post("/api/critical-incidents", opt=dict(_WORK))
async def report_incident(request: ApiRequest, services: Given, data: JSONBody[NewIncident]) -> DeploymentView:
    """The fast path: kit for a critical incident into the caller's hands, now."""
    asked = await exactly(request, type(data))
    return await services.incidents.report(asked, caller_of(request).person)


HANDLERS = [
    list_deployments,
    one_deployment,
    request_deployment,
    set_deployment,
    set_visits,
    set_kit,
    name_authorities,
    go_step,
    report_incident,
]
