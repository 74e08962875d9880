"""Units: lists, one unit, its history, and what people ask of it."""

from typing import Annotated

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody, QueryParameter

from fleet.api.access import caller_of
from fleet.api.parameters import UnitInPath
from fleet.api.services import Given
from fleet.errors import NotFound, RequestRefused
from protocols.api.units import (
    CommandView,
    History,
    LabelChange,
    SettingsChange,
    Summary,
    UnitDetail,
    UnitPage,
    UnitSort,
)
from protocols.health import FIGURES
from protocols.settings import UnitSettings

ApiRequest = Request[object, object, State]


@get("/api/units", opt={"permission": "see-fleet"})
async def list_units(
    services: Given,
    words: Annotated[str, QueryParameter(name="filter", max_length=200)] = "",
    sort: FromQuery[UnitSort] = "label",
    descending: FromQuery[bool] = False,
    offset: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> UnitPage:
    """One window on the list of units."""
    async with services.store.transaction() as transaction:
        return await transaction.units.page(words=words, sort=sort, descending=descending, offset=offset, limit=limit)


@get("/api/summary", opt={"permission": "see-fleet"})
async def summary(services: Given) -> Summary:
    """The fleet in numbers."""
    async with services.store.transaction() as transaction:
        return await transaction.units.summary()


@get("/api/units/{unit_id:str}", opt={"permission": "see-fleet", "refuses": [404]})
async def one_unit(services: Given, unit_id: UnitInPath) -> UnitDetail:
    """All of one unit."""
    async with services.store.transaction() as transaction:
        detail = await transaction.units.detail(unit_id)
    if detail is None:
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
    return detail


@get("/api/units/{unit_id:str}/history", opt={"permission": "see-fleet"})
async def history(
    services: Given,
    unit_id: UnitInPath,
    figure: Annotated[str, QueryParameter(max_length=40, schema_extra={"enum": list(FIGURES)})],
    hours: Annotated[int, QueryParameter(ge=1, le=24 * 366)] = 24,
) -> History:
    """One figure of a unit over the last hours."""
    if figure not in FIGURES:
        raise RequestRefused("figure-unknown", f"there is no figure {figure!r}", f"one of {', '.join(FIGURES)}")
    async with services.store.transaction() as transaction:
        return await transaction.history.of_figure(unit_id, figure, hours, services.clock())


@get("/api/units/{unit_id:str}/commands", opt={"permission": "see-fleet"})
async def list_commands(services: Given, unit_id: UnitInPath) -> list[CommandView]:
    """The unit's newest commands."""
    async with services.store.transaction() as transaction:
        return await transaction.commands.of_unit(unit_id)


@post("/api/units/{unit_id:str}/report", opt={"permission": "command-unit", "refuses": [404, 409]}, status_code=202)
async def report_now(request: ApiRequest, services: Given, unit_id: UnitInPath) -> CommandView:
    """Ask the unit for a report now."""
    return await services.desk.report_now(unit_id, caller_of(request).person.person_id)


@put("/api/units/{unit_id:str}/settings", opt={"permission": "change-settings", "refuses": [404, 409]})
async def change_settings(
    request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[SettingsChange]
) -> UnitSettings:
    """Want other settings for the unit."""
    return await services.desk.change_settings(unit_id, data, caller_of(request).person.person_id)


@put("/api/units/{unit_id:str}/label", opt={"permission": "change-settings", "refuses": [404]}, status_code=204)
async def change_label(request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[LabelChange]) -> None:
    """Give the unit another short name."""
    await services.desk.change_label(unit_id, data.label, caller_of(request).person.person_id)


HANDLERS = [
    list_units,
    summary,
    one_unit,
    history,
    list_commands,
    report_now,
    change_settings,
    change_label,
]
