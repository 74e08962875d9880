"""A unit's standing and certificates: look, revoke, quarantine, release."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.parameters import UnitInPath
from fleet.api.services import Given
from fleet.errors import NotFound
from protocols.api.units import CertificateView, Standing, StandingChange

ApiRequest = Request[object, object, State]


@get("/api/units/{unit_id:str}/certificates", opt={"permission": "see-fleet", "refuses": [404]})
async def list_certificates(services: Given, unit_id: UnitInPath) -> list[CertificateView]:
    """The unit's newest certificates, newest first."""
    async with services.store.transaction() as transaction:
        if await transaction.revocation.standing(unit_id) is None:
            raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
        return await transaction.revocation.certificates(unit_id)


@post("/api/units/{unit_id:str}/revoke", opt={"permission": "revoke-unit", "refuses": [404, 409]}, status_code=200)
async def revoke_unit(
    request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[StandingChange]
) -> Standing:
    """End the unit's life in the fleet; its session is closed within seconds, see `cut_off_at`."""
    return await services.standing.revoke(unit_id, data.reason, caller_of(request).person.person_id)


@post("/api/units/{unit_id:str}/quarantine", opt={"permission": "revoke-unit", "refuses": [404, 409]}, status_code=200)
async def quarantine_unit(
    request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[StandingChange]
) -> Standing:
    """Let the unit report, and open nothing."""
    return await services.standing.quarantine(unit_id, data.reason, caller_of(request).person.person_id)


@post("/api/units/{unit_id:str}/release", opt={"permission": "release-unit", "refuses": [404, 409]}, status_code=200)
async def release_unit(
    request: ApiRequest, services: Given, unit_id: UnitInPath, data: JSONBody[StandingChange]
) -> Standing:
    """End the unit's quarantine."""
    return await services.standing.release(unit_id, data.reason, caller_of(request).person.person_id)


HANDLERS = [list_certificates, revoke_unit, quarantine_unit, release_unit]
