"""Call-outs, work beside the ordinary hours, compensatory rest, and hours for payroll."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import MomentAsked, PersonAsked, exactly, moment_of
from fleet.api.parameters import RotaInPath
from fleet.api.records_asked import (
    FROM_THE_FIRST,
    TO_THE_LAST,
    CallOutInPath,
    CallOutsAtOnce,
    OpenOnly,
    RestInPath,
    RotaAsked,
    WorkInPath,
    period_asked,
)
from fleet.api.services import Given
from protocols.api.call_outs import (
    CallOutRecorded,
    CallOutView,
    HoursReport,
    NewCallOut,
    NewRest,
    NewWorkDone,
    RestView,
    Returned,
    Withdrawing,
    WorkDoneView,
)

ApiRequest = Request[object, object, State]
_SEE: Mapping[str, Any] = MappingProxyType({"permission": "see-rota", "refuses": [403]})
"""One's own; the desks show others' to those who may see working time."""
_OWN: Mapping[str, Any] = MappingProxyType({"permission": "serve-rota", "refuses": [404, 409]})
_MANAGE: Mapping[str, Any] = MappingProxyType({"permission": "manage-rota", "refuses": [404, 409]})


@get("/api/call-outs", opt=dict(_SEE))
async def list_call_outs(
    request: ApiRequest,
    services: Given,
    rota: RotaAsked = "",
    person: PersonAsked = "",
    since: MomentAsked = FROM_THE_FIRST,
    until: MomentAsked = TO_THE_LAST,
    open_only: OpenOnly = False,
    limit: CallOutsAtOnce = 100,
) -> list[CallOutView]:
    """Call-outs, newest first."""
    first, last = period_asked(since, until)
    return await services.call_outs.call_outs(
        caller_of(request).person,
        rota_id=rota,
        person_id=person,
        since=first,
        until=last,
        open_only=open_only,
        limit=limit,
    )


@post("/api/call-outs", opt=dict(_OWN))
async def record_call_out(request: ApiRequest, services: Given, data: JSONBody[NewCallOut]) -> CallOutRecorded:
    """Record that somebody on call was called out."""
    new = await exactly(request, type(data))
    return await services.call_outs.record(new, caller_of(request).person)


@post("/api/call-outs/{call_out_id:str}/returned", opt=dict(_OWN), status_code=200)
async def end_call_out(
    request: ApiRequest, services: Given, call_out_id: CallOutInPath, data: JSONBody[Returned]
) -> CallOutRecorded:
    """They are back at home."""
    said = await exactly(request, type(data))
    return await services.call_outs.returned(call_out_id, said, caller_of(request).person)


@post("/api/call-outs/{call_out_id:str}/withdraw", opt=dict(_OWN), status_code=200)
async def withdraw_call_out(
    request: ApiRequest, services: Given, call_out_id: CallOutInPath, data: JSONBody[Withdrawing]
) -> CallOutView:
    """A call-out was recorded wrongly."""
    return await services.call_outs.withdraw(call_out_id, data.reason, caller_of(request).person)


@get("/api/work-done", opt=dict(_SEE))
async def list_work(
    request: ApiRequest,
    services: Given,
    person: PersonAsked = "",
    since: MomentAsked = FROM_THE_FIRST,
    until: MomentAsked = TO_THE_LAST,
) -> list[WorkDoneView]:
    """Scheduled work beside the ordinary hours, in a time."""
    return await services.work.works(person, *period_asked(since, until), caller_of(request).person)


@post("/api/work-done", opt=dict(_OWN))
async def add_work(request: ApiRequest, services: Given, data: JSONBody[NewWorkDone]) -> WorkDoneView:
    """Record scheduled work beside the ordinary hours."""
    new = await exactly(request, type(data))
    return await services.work.add_work(new, caller_of(request).person)


@post("/api/work-done/{work_id:str}/withdraw", opt=dict(_OWN), status_code=200)
async def withdraw_work(request: ApiRequest, services: Given, work_id: WorkInPath) -> WorkDoneView:
    """Work was recorded wrongly."""
    return await services.work.withdraw_work(work_id, caller_of(request).person)


@get("/api/rests", opt=dict(_SEE))
async def list_rests(
    request: ApiRequest,
    services: Given,
    person: PersonAsked = "",
    since: MomentAsked = FROM_THE_FIRST,
    until: MomentAsked = TO_THE_LAST,
) -> list[RestView]:
    """Compensatory rest in a time."""
    return await services.work.rests(person, *period_asked(since, until), caller_of(request).person)


@post("/api/rests", opt=dict(_MANAGE))
async def add_rest(request: ApiRequest, services: Given, data: JSONBody[NewRest]) -> RestView:
    """Give compensatory rest."""
    new = await exactly(request, type(data))
    return await services.work.add_rest(new, caller_of(request).person)


@post("/api/rests/{rest_id:str}/withdraw", opt=dict(_MANAGE), status_code=200)
async def withdraw_rest(request: ApiRequest, services: Given, rest_id: RestInPath) -> RestView:
    """Compensatory rest is not given after all."""
    return await services.work.withdraw_rest(rest_id, caller_of(request).person)


@get("/api/rotas/{rota_id:str}/hours", opt={"permission": "see-rota", "refuses": [404, 409]})
async def rota_hours(
    request: ApiRequest, services: Given, rota_id: RotaInPath, since: MomentAsked, until: MomentAsked
) -> HoursReport:
    """Hours and allowances for payroll: those of all for who may see working time, else one's own."""
    return await services.call_outs.hours(rota_id, moment_of(since), moment_of(until), caller_of(request).person)


HANDLERS = [
    list_call_outs,
    record_call_out,
    end_call_out,
    withdraw_call_out,
    list_work,
    add_work,
    withdraw_work,
    list_rests,
    add_rest,
    withdraw_rest,
    rota_hours,
]
