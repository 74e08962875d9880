"""The one last position of a unit."""

from litestar import Request, get
from litestar.datastructures import State

from fleet.api.access import caller_of
from fleet.api.parameters import MandateAsked, OpeningAsked, UnitInPath
from fleet.api.services import Given
from protocols.api.checks import PositionView

ApiRequest = Request[object, object, State]


@get("/api/units/{unit_id:str}/position", opt={"permission": "check-unit", "refuses": [404, 409]})
async def look(
    request: ApiRequest,
    services: Given,
    unit_id: UnitInPath,
    mandate: MandateAsked = "",
    opening: OpeningAsked = "",
) -> PositionView:
    """Where the unit was last found, under a mandate that lives; by this check, where one is named. Every look is
    counted, and an entry of the log."""
    person_id = caller_of(request).person.person_id
    return await services.positions.look(unit_id, mandate or None, person_id, opening or None)


HANDLERS = [look]
