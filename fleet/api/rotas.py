"""Rotas, the book of a period and what the rules say of it, and plans: made, solved, published."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import MomentAsked, exactly, moment_of
from fleet.api.parameters import PlanAsked, PlanInPath, RotaInPath
from fleet.api.services import Given
from protocols.api.rotas import NewPlan, NewSolve, PlanView, Publishing, RotaSummary, RotaView, SetRota
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment

ApiRequest = Request[object, object, State]
_CHANGES: Mapping[str, Any] = MappingProxyType({"permission": "manage-rota", "refuses": [404, 409]})


@get("/api/rotas", opt={"permission": "see-rota"})
async def list_rotas(services: Given) -> list[RotaSummary]:
    """All rotas, ended ones too."""
    return await services.rotas.every()


@get("/api/rotas/{rota_id:str}", opt={"permission": "see-rota", "refuses": [404]})
async def one_rota(services: Given, rota_id: RotaInPath) -> RotaView:
    """One rota."""
    return await services.rotas.one(rota_id)


@put("/api/rotas/{rota_id:str}", opt=dict(_CHANGES))
async def put_rota(request: ApiRequest, services: Given, rota_id: RotaInPath, data: JSONBody[SetRota]) -> RotaView:
    """Lay a rota down, or anew."""
    new = await exactly(request, type(data))
    return await services.rotas.put(rota_id, new, caller_of(request).person.person_id)


@post("/api/rotas/{rota_id:str}/end", opt=dict(_CHANGES), status_code=200)
async def end_rota(request: ApiRequest, services: Given, rota_id: RotaInPath) -> RotaView:
    """Let a rota ask for nobody any more."""
    return await services.rotas.end(rota_id, caller_of(request).person.person_id)


@get("/api/rotas/{rota_id:str}/book", opt={"permission": "see-rota", "refuses": [404, 409]})
async def rota_book(
    request: ApiRequest, services: Given, rota_id: RotaInPath, since: MomentAsked, until: MomentAsked
) -> RotaBook:
    """What the rules need for a period, as far as the caller may have it."""
    return await services.rotas.book(rota_id, moment_of(since), moment_of(until), caller_of(request).person)


@get("/api/rotas/{rota_id:str}/check", opt={"permission": "see-rota", "refuses": [404, 409]})
async def check_rota(
    request: ApiRequest,
    services: Given,
    rota_id: RotaInPath,
    since: MomentAsked,
    until: MomentAsked,
    plan: PlanAsked = "",
) -> Assessment:
    """What the rules say of a period as it is published, or as a plan would make it."""
    person = caller_of(request).person
    return await services.rotas.check(rota_id, moment_of(since), moment_of(until), plan or None, person)


@post("/api/rotas/{rota_id:str}/solves", opt=dict(_CHANGES))
async def solve_rota(request: ApiRequest, services: Given, rota_id: RotaInPath, data: JSONBody[NewSolve]) -> PlanView:
    """Begin to fill a period."""
    new = await exactly(request, type(data))
    return await services.rota_plans.solve(rota_id, new, caller_of(request).person)


@post("/api/rotas/{rota_id:str}/plans", opt=dict(_CHANGES))
async def draft_plan(request: ApiRequest, services: Given, rota_id: RotaInPath, data: JSONBody[NewPlan]) -> PlanView:
    """Plan turns by hand."""
    new = await exactly(request, type(data))
    return await services.rota_plans.draft(rota_id, new, caller_of(request).person)


@get("/api/rotas/{rota_id:str}/plans", opt={"permission": "see-rota", "refuses": [404]})
async def list_plans(request: ApiRequest, services: Given, rota_id: RotaInPath) -> list[PlanView]:
    """A rota's newest plans, without their turns."""
    return await services.rota_plans.newest(rota_id, caller_of(request).person)


@get("/api/rota-plans/{plan_id:str}", opt={"permission": "see-rota", "refuses": [404]})
async def one_plan(request: ApiRequest, services: Given, plan_id: PlanInPath) -> PlanView:
    """One plan."""
    return await services.rota_plans.one(plan_id, caller_of(request).person)


@post("/api/rota-plans/{plan_id:str}/stop", opt=dict(_CHANGES), status_code=200)
async def stop_plan(request: ApiRequest, services: Given, plan_id: PlanInPath) -> PlanView:
    """No more solving; the best so far stays."""
    return await services.rota_plans.stop(plan_id, caller_of(request).person)


@post("/api/rota-plans/{plan_id:str}/publish", opt=dict(_CHANGES), status_code=200)
async def publish_plan(
    request: ApiRequest, services: Given, plan_id: PlanInPath, data: JSONBody[Publishing]
) -> PlanView:
    """Let the plan's turns hold."""
    return await services.rota_plans.publish(plan_id, data.despite, caller_of(request).person)


@post("/api/rota-plans/{plan_id:str}/discard", opt=dict(_CHANGES), status_code=200)
async def discard_plan(request: ApiRequest, services: Given, plan_id: PlanInPath) -> PlanView:
    """Give up a plan."""
    return await services.rota_plans.discard(plan_id, caller_of(request).person)


HANDLERS = [
    list_rotas,
    one_rota,
    put_rota,
    end_rota,
    rota_book,
    check_rota,
    solve_rota,
    draft_plan,
    list_plans,
    one_plan,
    stop_plan,
    publish_plan,
    discard_plan,
]
