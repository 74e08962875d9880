"""Welfare timers of people who are out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import PersonAsked, exactly
from fleet.api.services import Given
from protocols.api.welfare import EndingWelfare, NewWelfare, WelfareView

ApiRequest = Request[object, object, State]
WelfareInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^WF-[0-9a-f]{12}$(?!\n)")]
Ended: TypeAlias = Annotated[bool, QueryParameter()]
_OWN: Mapping[str, Any] = MappingProxyType({"permission": "serve-rota", "refuses": [404, 409]})


@get("/api/welfare", opt={"permission": "see-rota", "refuses": [403]})
async def list_welfare(
    request: ApiRequest, services: Given, person: PersonAsked = "", ended: Ended = False
) -> list[WelfareView]:
    """Welfare timers that run, due longest first."""
    return await services.welfare.timers(person, caller_of(request).person, ended=ended)


@post("/api/welfare", opt=dict(_OWN))
async def start_welfare(request: ApiRequest, services: Given, data: JSONBody[NewWelfare]) -> WelfareView:
    """Start the caller's timer."""
    new = await exactly(request, type(data))
    return await services.welfare.start(new, caller_of(request).person)


@post("/api/welfare/{welfare_id:str}/answer", opt=dict(_OWN), status_code=200)
async def answer_welfare(request: ApiRequest, services: Given, welfare_id: WelfareInPath) -> WelfareView:
    """All is well, says whose timer it is."""
    return await services.welfare.answer(welfare_id, caller_of(request).person)


@post("/api/welfare/{welfare_id:str}/end", opt=dict(_OWN), status_code=200)
async def end_welfare(
    request: ApiRequest, services: Given, welfare_id: WelfareInPath, data: JSONBody[EndingWelfare]
) -> WelfareView:
    """A timer is not needed any more."""
    return await services.welfare.end(welfare_id, data, caller_of(request).person)


HANDLERS = [list_welfare, start_welfare, answer_welfare, end_welfare]
