"""Legal holds on free texts of the log, and how long those are kept."""

from litestar import get, post
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import ApiRequest, exactly, scope_of
from fleet.api.parameters import TokenInPath
from fleet.api.services import Given
from protocols.api.log import HoldRelease, HoldView, NewHold, RetentionView


@get("/api/log/retention", opt={"permission": "see-holds"})
async def retention(services: Given) -> RetentionView:
    """For how long free texts are kept."""
    return await services.holds.retention()


@get("/api/log/holds", opt={"permission": "see-holds"})
async def list_holds(services: Given) -> list[HoldView]:
    """Holds that stand, then the latest released ones."""
    return await services.holds.every()


@post("/api/log/holds", opt={"permission": "manage-retention", "refuses": [409]})
async def place_hold(request: ApiRequest, services: Given, data: JSONBody[NewHold]) -> HoldView:
    """Let nothing of a scope be erased."""
    wanted = await exactly(request, type(data))
    return await services.holds.place(scope_of(wanted.scope), wanted.reason, caller_of(request).person.person_id)


@post(
    "/api/log/holds/{hold_id:str}/release",
    opt={"permission": "manage-retention", "refuses": [404, 409]},
    status_code=200,
)
async def release_hold(
    request: ApiRequest, services: Given, hold_id: TokenInPath, data: JSONBody[HoldRelease]
) -> HoldView:
    """End a hold."""
    return await services.holds.release(hold_id, data.reason, caller_of(request).person.person_id)


HANDLERS = [retention, list_holds, place_hold, release_hold]
