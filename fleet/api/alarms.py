"""Alarms, their rules, maintenance windows, and how people are reached."""

from typing import Annotated, TypeAlias

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.parameters import UnitAsked
from fleet.api.services import Given
from protocols.api.alarms import (
    Acknowledging,
    AlarmAcknowledged,
    AlarmDetail,
    AlarmingStanding,
    AlarmPage,
    AlarmRulesView,
    ContactTested,
    ContactView,
    NewContact,
    NewWindow,
    SetAlarmRules,
    WindowView,
)

ApiRequest = Request[object, object, State]
_ALARM = r"^AL-[0-9a-f]{12}$(?!\n)"
AlarmInPath: TypeAlias = Annotated[str, PathParameter(pattern=_ALARM)]
WindowInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^MW-[0-9a-f]{12}$(?!\n)")]
ContactInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^CT-[0-9a-f]{12}$(?!\n)")]
AlarmAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(AL-[0-9a-f]{12})?$(?!\n)")]
DeploymentAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(DEP-[0-9]{1,6})?$(?!\n)")]
OpenOnly: TypeAlias = Annotated[bool, QueryParameter()]
AlarmsNamed: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(pattern=_ALARM)], ...],
    Meta(min_length=1, max_length=20),
    QueryParameter(min_items=1, max_items=20, schema_extra={"items": {"type": "string", "pattern": _ALARM}}),
]
AlarmsAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]


@get("/api/alarms", opt={"permission": "see-fleet"})
async def list_alarms(
    request: ApiRequest,
    services: Given,
    open_only: OpenOnly = True,
    unit: UnitAsked = "",
    deployment: DeploymentAsked = "",
    before_alarm: AlarmAsked = "",
    limit: AlarmsAtOnce = 100,
) -> AlarmPage:
    """Alarms newest first."""
    return await services.alarms.alarms(
        caller_of(request).person,
        open_only=open_only,
        unit_id=unit,
        deployment_id=deployment,
        before=before_alarm,
        limit=limit,
    )


@get("/api/alarms/{alarm_id:str}", opt={"permission": "see-fleet", "refuses": [404]})
async def get_alarm(request: ApiRequest, services: Given, alarm_id: AlarmInPath) -> AlarmDetail:
    """An alarm with whom it paged, and its events."""
    return await services.alarms.alarm(alarm_id, caller_of(request).person)


@get("/api/alarm-details", opt={"permission": "see-fleet"})
async def get_alarm_details(request: ApiRequest, services: Given, alarm: FromQuery[AlarmsNamed]) -> list[AlarmDetail]:
    """Several alarms with whom they paged, and their events."""
    return await services.alarms.details(alarm, caller_of(request).person)


@post(
    "/api/alarms/{alarm_id:str}/acknowledge",
    opt={"permission": "acknowledge-event", "refuses": [404, 409]},
    status_code=200,
)
async def acknowledge_alarm(
    request: ApiRequest, services: Given, alarm_id: AlarmInPath, data: JSONBody[Acknowledging]
) -> AlarmAcknowledged:
    """Take an alarm, and perhaps leave for it."""
    asked = await exactly(request, type(data))
    return await services.alarms.acknowledge(alarm_id, asked, caller_of(request).person)


@get("/api/alarm-rules", opt={"permission": "see-fleet"})
async def get_alarm_rules(services: Given) -> AlarmRulesView:
    """The rules in force."""
    return await services.alarm_rules.rules()


@put("/api/alarm-rules", opt={"permission": "manage-alarms", "refuses": [409]})
async def set_alarm_rules(request: ApiRequest, services: Given, data: JSONBody[SetAlarmRules]) -> AlarmRulesView:
    """Lay rules down."""
    asked = await exactly(request, type(data))
    return await services.alarm_rules.set_rules(asked, caller_of(request).person)


@get("/api/alarm-windows", opt={"permission": "see-fleet"})
async def list_alarm_windows(
    request: ApiRequest, services: Given, unit: UnitAsked = "", deployment: DeploymentAsked = ""
) -> list[WindowView]:
    """Maintenance windows that are not over."""
    return await services.alarm_rules.windows(caller_of(request).person, unit, deployment)


@post("/api/alarm-windows", opt={"permission": "work-deployment", "refuses": [404, 409]})
async def make_alarm_window(request: ApiRequest, services: Given, data: JSONBody[NewWindow]) -> WindowView:
    """Say that somebody will work on a unit, or on those of a deployment."""
    asked = await exactly(request, type(data))
    return await services.alarm_rules.make_window(asked, caller_of(request).person)


@post(
    "/api/alarm-windows/{window_id:str}/end",
    opt={"permission": "work-deployment", "refuses": [404, 409]},
    status_code=200,
)
async def end_alarm_window(request: ApiRequest, services: Given, window_id: WindowInPath) -> WindowView:
    """The work is over."""
    return await services.alarm_rules.end_window(window_id, caller_of(request).person)


@get("/api/contacts", opt={"permission": "serve-rota"})
async def list_contacts(request: ApiRequest, services: Given) -> list[ContactView]:
    """The caller's contacts, and to those who manage alarms everybody's, masked."""
    return await services.contacts.contacts(caller_of(request).person)


@post("/api/contacts", opt={"permission": "serve-rota", "refuses": [409]})
async def add_contact(request: ApiRequest, services: Given, data: JSONBody[NewContact]) -> ContactView:
    """Say how one is to be reached."""
    asked = await exactly(request, type(data))
    return await services.contacts.add(asked, caller_of(request).person)


@post("/api/contacts/{contact_id:str}/test", opt={"permission": "serve-rota", "refuses": [404, 409]}, status_code=200)
async def test_contact(request: ApiRequest, services: Given, contact_id: ContactInPath) -> ContactTested:
    """Send a page there now."""
    return await services.contacts.test(contact_id, caller_of(request).person)


@post("/api/contacts/{contact_id:str}/withdraw", opt={"permission": "serve-rota", "refuses": [404]}, status_code=200)
async def withdraw_contact(request: ApiRequest, services: Given, contact_id: ContactInPath) -> ContactView:
    """Send nothing there any more."""
    return await services.contacts.withdraw(contact_id, caller_of(request).person)


@get("/api/alarming", opt={"permission": "see-fleet"})
async def get_alarming(services: Given) -> AlarmingStanding:
    """Whether alarming itself works."""
    return await services.alarms.standing()


HANDLERS = [
    list_alarms,
    get_alarm,
    get_alarm_details,
    acknowledge_alarm,
    get_alarm_rules,
    set_alarm_rules,
    list_alarm_windows,
    make_alarm_window,
    end_alarm_window,
    list_contacts,
    add_contact,
    test_contact,
    withdraw_contact,
    get_alarming,
]
