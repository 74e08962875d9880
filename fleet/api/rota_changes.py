"""Overrides, take-overs, swaps and cover."""

from typing import Annotated, Literal, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import MomentAsked, exactly
from fleet.api.parameters import RotaInPath
from fleet.api.records_asked import FROM_THE_FIRST, TO_THE_LAST, period_asked
from fleet.api.services import Given
from protocols.api.rota_changes import ChangeState, ChangeView, Deciding, NewChange

ApiRequest = Request[object, object, State]

ChangeInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^S-[0-9a-f]{12}$(?!\n)")]
# The framework keeps the name `state` for itself.
ChangeStateAsked: TypeAlias = Annotated[Literal["any", ChangeState], QueryParameter(name="state")]
ChangesAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]


@get("/api/rotas/{rota_id:str}/changes", opt={"permission": "see-rota", "refuses": [404]})
async def list_changes(
    request: ApiRequest,
    services: Given,
    rota_id: RotaInPath,
    stands: ChangeStateAsked = "any",
    since: MomentAsked = FROM_THE_FIRST,
    until: MomentAsked = TO_THE_LAST,
    limit: ChangesAtOnce = 100,
) -> list[ChangeView]:
    """A rota's changes that have a part in a time, newest first."""
    state = None if stands == "any" else stands
    period = period_asked(since, until)
    return await services.rota_changes.newest(rota_id, state, *period, limit, caller_of(request).person)


@post("/api/rotas/{rota_id:str}/changes", opt={"permission": "serve-rota", "refuses": [404, 409]})
async def ask_change(
    request: ApiRequest, services: Given, rota_id: RotaInPath, data: JSONBody[NewChange]
) -> ChangeView:
    """Ask for a change; a supervisor's override, or take-over by others, is in force at once."""
    new = await exactly(request, type(data))
    return await services.rota_changes.ask(rota_id, new, caller_of(request).person)


@get("/api/rota-changes/{change_id:str}", opt={"permission": "see-rota", "refuses": [404]})
async def one_change(request: ApiRequest, services: Given, change_id: ChangeInPath) -> ChangeView:
    """One change, with what it would bring."""
    return await services.rota_changes.one(change_id, caller_of(request).person)


@post(
    "/api/rota-changes/{change_id:str}/agree", opt={"permission": "serve-rota", "refuses": [404, 409]}, status_code=200
)
async def agree_to_change(request: ApiRequest, services: Given, change_id: ChangeInPath) -> ChangeView:
    """The other person agrees, or a supervisor for them."""
    return await services.rota_changes.agree(change_id, caller_of(request).person)


@post(
    "/api/rota-changes/{change_id:str}/approve",
    opt={"permission": "manage-rota", "refuses": [404, 409]},
    status_code=200,
)
async def approve_change(
    request: ApiRequest, services: Given, change_id: ChangeInPath, data: JSONBody[Deciding]
) -> ChangeView:
    """A supervisor who is neither of the two lets it be in force."""
    return await services.rota_changes.approve(change_id, data.despite, data.reason, caller_of(request).person)


@post(
    "/api/rota-changes/{change_id:str}/refuse", opt={"permission": "serve-rota", "refuses": [404, 409]}, status_code=200
)
async def refuse_change(
    request: ApiRequest, services: Given, change_id: ChangeInPath, data: JSONBody[Deciding]
) -> ChangeView:
    """Either person, or a supervisor: it does not come."""
    return await services.rota_changes.refuse(change_id, data.reason, caller_of(request).person)


@post(
    "/api/rota-changes/{change_id:str}/undo", opt={"permission": "manage-rota", "refuses": [404, 409]}, status_code=200
)
async def undo_change(request: ApiRequest, services: Given, change_id: ChangeInPath) -> ChangeView:
    """What it changed is as before from now on."""
    return await services.rota_changes.undo(change_id, caller_of(request).person)


HANDLERS = [list_changes, ask_change, one_change, agree_to_change, approve_change, refuse_change, undo_change]
