"""Checks: what can be opened, beginning, closing, links for browsers, and leases that a laptop carries."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.parameters import ChecksAtOnce, OpeningInPath, UnitInPath
from fleet.api.services import Given
from protocols.api.checks import (
    CarriedLease,
    CarriedRequest,
    CheckView,
    NewCheck,
    UnitAccess,
    Verdict,
    WatchLink,
)

ApiRequest = Request[object, object, State]


@get("/api/units/{unit_id:str}/access", opt={"permission": "see-mandates", "refuses": [404]})
async def unit_access(request: ApiRequest, services: Given, unit_id: UnitInPath) -> UnitAccess:
    """What can be opened of a unit now, or why nothing can, and what is open."""
    return await services.checks.access(unit_id, caller_of(request).person.person_id)


@post("/api/units/{unit_id:str}/checks", opt={"permission": "check-unit", "refuses": [404, 409]})
async def begin_check(request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[NewCheck]) -> CheckView:
    """Have the unit asked to open; whoever asks for what is open already joins it. A refusal is an entry of the log."""
    return await services.checks.begin(unit_id, data, caller_of(request).person.person_id)


@get("/api/units/{unit_id:str}/checks", opt={"permission": "see-mandates", "refuses": [404]})
async def list_checks(services: Given, unit_id: UnitInPath, limit: ChecksAtOnce = 20) -> list[CheckView]:
    """A unit's checks, newest first, with what they found."""
    return await services.checks.of_unit(unit_id, limit)


@get("/api/checks/{opening:str}", opt={"permission": "see-mandates", "refuses": [404]})
async def one_check(services: Given, opening: OpeningInPath) -> CheckView:
    """How a check stands."""
    return await services.checks.view(opening)


@post("/api/checks/{opening:str}/close", opt={"permission": "check-unit", "refuses": [404, 409]}, status_code=200)
async def close_check(
    request: ApiRequest, services: Given, opening: OpeningInPath, data: JSONBody[Verdict]
) -> CheckView:
    """Close a check with what the caller makes of it, or judge one that closed by itself."""
    return await services.checks.close(opening, data, caller_of(request).person.person_id)


@post("/api/checks/{opening:str}/link", opt={"permission": "check-unit", "refuses": [404, 409]})
async def make_link(request: ApiRequest, services: Given, opening: OpeningInPath) -> WatchLink:
    """A link for one browser, good once and for a minute, in the caller's name."""
    return await services.browsers.link(opening, caller_of(request).person.person_id)


@post("/api/carried-leases", opt={"permission": "check-unit", "refuses": [409]})
async def carried_lease(request: ApiRequest, services: Given, data: JSONBody[CarriedRequest]) -> CarriedLease:
    """A lease for a unit without coverage, to be carried to it. A refusal is an entry of the log."""
    return await services.carrying.grant(data, caller_of(request).person.person_id)


HANDLERS = [unit_access, begin_check, list_checks, one_check, close_check, make_link, carried_lease]
