"""Handover sheets at the change of a rota's primary."""

from typing import Annotated, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.records_asked import RotaAsked
from fleet.api.services import Given
from protocols.api.handovers import AcknowledgingHandover, HandoverRow, HandoverView, NewHandover

ApiRequest = Request[object, object, State]
HandoverInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^HO-[0-9a-f]{12}$(?!\n)")]
HandoversAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=100)]


@get("/api/handovers", opt={"permission": "see-deployments"})
async def list_handovers(services: Given, rota: RotaAsked = "", limit: HandoversAtOnce = 20) -> list[HandoverRow]:
    """Handovers, newest change first."""
    return await services.handovers.newest(rota, limit)


@get("/api/handovers/{handover_id:str}", opt={"permission": "see-deployments", "refuses": [404]})
async def show_handover(services: Given, handover_id: HandoverInPath) -> HandoverView:
    """A handover with its sheet."""
    return await services.handovers.one(handover_id)


@post("/api/handovers", opt={"permission": "serve-rota", "refuses": [404, 409]})
async def make_handover(request: ApiRequest, services: Given, data: JSONBody[NewHandover]) -> HandoverView:
    """Make the sheet for a rota's nearest change."""
    return await services.handovers.make(data.rota, caller_of(request).person)


@post(
    "/api/handovers/{handover_id:str}/acknowledge",
    opt={"permission": "serve-rota", "refuses": [404, 409]},
    status_code=200,
)
async def acknowledge_handover(
    request: ApiRequest, services: Given, handover_id: HandoverInPath, data: JSONBody[AcknowledgingHandover]
) -> HandoverView:
    """One of the two has read a sheet."""
    return await services.handovers.acknowledge(handover_id, data.sha256, caller_of(request).person)


HANDLERS = [list_handovers, show_handover, make_handover, acknowledge_handover]
