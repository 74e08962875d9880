"""The one last position of a unit."""

from litestar import Request, get
from litestar.datastructures import State

from fleet.api.access import caller_of
from fleet.api.parameters import MandateAsked, UnitInPath
from fleet.api.services import Given
from protocols.api.checks import PositionView

ApiRequest = Request[object, object, State]


@get("/api/units/{unit_id:str}/position", opt={"permission": "check-unit", "refuses": [404, 409]})
async def look(request: ApiRequest, services: Given, unit_id: UnitInPath, mandate: MandateAsked = "") -> PositionView:
    """Where the unit was last found, under a mandate that lives. Every look is counted, and an entry of the log."""
    return await services.positions.look(unit_id, mandate or None, caller_of(request).person.person_id)


HANDLERS = [look]
