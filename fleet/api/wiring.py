"""Harnesses: plans that are kept by revision, given to deployments, and compared with what was fitted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.deployments import DeploymentInPath
from fleet.api.log_asked import exactly
from fleet.api.parameters import Offset, WordsAsked
from fleet.api.services import Given
from protocols.api.wiring import (
    DeploymentWiring,
    GiveHarness,
    HarnessPage,
    HarnessView,
    NewHarness,
    NewHarnessRevision,
)
from protocols.people import MAX_VERSION
from protocols.wiring.fitted import NewFitting
from protocols.wiring.plan import MAX_TEXT_CHARS
from protocols.wiring.policy import WiringPolicy

ApiRequest = Request[object, object, State]
HarnessInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^H-[0-9a-f]{12}$(?!\n)")]
RevisionAsked: TypeAlias = Annotated[int, QueryParameter(ge=0, le=MAX_VERSION)]
HarnessesAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]

_SEE: Mapping[str, Any] = MappingProxyType({"permission": "see-deployments"})
_SEE_ONE: Mapping[str, Any] = MappingProxyType({"permission": "see-deployments", "refuses": [404]})
_WORK: Mapping[str, Any] = MappingProxyType({"permission": "work-deployment", "refuses": [404, 409]})
_MAX_PLAN_BYTES = 4 * MAX_TEXT_CHARS + 4096
"""A text of the longest in UTF-8, and what is around it."""


@get("/api/wiring-policy", opt=dict(_SEE))
async def wiring_policy(services: Given) -> WiringPolicy:
    """The thresholds of this house."""
    return services.wiring.policy


@get("/api/wiring", opt=dict(_SEE))
async def list_harnesses(
    services: Given,
    filter: WordsAsked = "",  # noqa: A002  the query parameter's own name
    offset: Offset = 0,
    limit: HarnessesAtOnce = 100,
) -> HarnessPage:
    """Harnesses by name, as their newest revisions are."""
    return await services.wiring.page(filter, offset, limit)


@get("/api/wiring/{harness_id:str}", opt=dict(_SEE_ONE))
async def one_harness(services: Given, harness_id: HarnessInPath, revision: RevisionAsked = 0) -> HarnessView:
    """A harness, with the exact text of a revision (0: the newest)."""
    return await services.wiring.one(harness_id, revision)


@post("/api/wiring", opt={"permission": "work-deployment", "refuses": [409]}, request_max_body_size=_MAX_PLAN_BYTES)
async def keep_harness(request: ApiRequest, services: Given, data: JSONBody[NewHarness]) -> HarnessView:
    """Keep a plan as a new harness; a text with faults is refused with line and column of the first."""
    new = await exactly(request, type(data))
    return await services.wiring.keep(new, caller_of(request).person)


@post("/api/wiring/{harness_id:str}/revisions", opt=dict(_WORK), request_max_body_size=_MAX_PLAN_BYTES)
async def revise_harness(
    request: ApiRequest, services: Given, harness_id: HarnessInPath, data: JSONBody[NewHarnessRevision]
) -> HarnessView:
    """Keep a plan as the next revision of a harness."""
    new = await exactly(request, type(data))
    return await services.wiring.revise(harness_id, new, caller_of(request).person)


@get("/api/deployments/{deployment_id:str}/wiring", opt=dict(_SEE_ONE))
async def deployment_wiring(services: Given, deployment_id: DeploymentInPath) -> list[DeploymentWiring]:
    """The harnesses of a deployment, as designed and as fitted."""
    return await services.deployment_wiring.of(deployment_id)


@post("/api/deployments/{deployment_id:str}/wiring", opt=dict(_WORK))
async def give_harness(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, data: JSONBody[GiveHarness]
) -> DeploymentWiring:
    """Give a deployment a revision of a harness, which has to be safe."""
    asked = await exactly(request, type(data))
    return await services.deployment_wiring.give(deployment_id, asked, caller_of(request).person)


@post("/api/deployments/{deployment_id:str}/wiring/{harness_id:str}/fittings", opt=dict(_WORK))
async def fit_harness(
    request: ApiRequest,
    services: Given,
    deployment_id: DeploymentInPath,
    harness_id: HarnessInPath,
    data: JSONBody[NewFitting],
) -> DeploymentWiring:
    """Enter what was measured on a harness once it is fitted."""
    new = await exactly(request, type(data))
    return await services.deployment_wiring.fit(deployment_id, harness_id, new, caller_of(request).person)


@post("/api/deployments/{deployment_id:str}/wiring/{harness_id:str}/withdraw", opt=dict(_WORK), status_code=200)
async def withdraw_harness(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath, harness_id: HarnessInPath
) -> DeploymentWiring:
    """The harness is not this deployment's any more."""
    return await services.deployment_wiring.withdraw(deployment_id, harness_id, caller_of(request).person)


HANDLERS = [
    wiring_policy,
    list_harnesses,
    one_harness,
    keep_harness,
    revise_harness,
    deployment_wiring,
    give_harness,
    fit_harness,
    withdraw_harness,
]
