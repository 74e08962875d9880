"""Terms, absences and wishes of people on rotas."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import MomentAsked, PersonAsked, exactly
from fleet.api.parameters import PersonInPath
from fleet.api.records_asked import FROM_THE_FIRST, TO_THE_LAST, AbsenceInPath, WishInPath, period_asked
from fleet.api.services import Given
from protocols.api.rota_people import AbsenceView, NewAbsence, NewWish, PersonTerms, SetTerms, WishView

ApiRequest = Request[object, object, State]
_OWN: Mapping[str, Any] = MappingProxyType({"permission": "serve-rota", "refuses": [404, 409]})
"""One's own; the desks let those who manage rotas keep others' too."""


@get("/api/rota-people", opt={"permission": "see-rota"})
async def list_terms(request: ApiRequest, services: Given) -> list[PersonTerms]:
    """The terms of those whose working time the caller may see, and the caller's."""
    return await services.rota_people.terms(caller_of(request).person)


@put("/api/rota-people/{person_id:str}", opt={"permission": "manage-rota", "refuses": [404, 409]})
async def put_terms(
    request: ApiRequest, services: Given, person_id: PersonInPath, data: JSONBody[SetTerms]
) -> PersonTerms:
    """Set somebody's working hours, competences and agreements."""
    new = await exactly(request, type(data))
    return await services.rota_people.set_terms(person_id, new, caller_of(request).person)


@get("/api/absences", opt={"permission": "see-rota"})
async def list_absences(
    request: ApiRequest,
    services: Given,
    person: PersonAsked = "",
    since: MomentAsked = FROM_THE_FIRST,
    until: MomentAsked = TO_THE_LAST,
) -> list[AbsenceView]:
    """Leave and deployments away in a time, without the kind of leave where the caller may not know it."""
    period = period_asked(since, until)
    return await services.rota_people.absences(person, *period, caller_of(request).person)


@post("/api/absences", opt=dict(_OWN))
async def add_absence(request: ApiRequest, services: Given, data: JSONBody[NewAbsence]) -> AbsenceView:
    """Record leave or a deployment away."""
    new = await exactly(request, type(data))
    return await services.rota_people.add_absence(new, caller_of(request).person)


@post("/api/absences/{absence_id:str}/withdraw", opt=dict(_OWN), status_code=200)
async def withdraw_absence(request: ApiRequest, services: Given, absence_id: AbsenceInPath) -> AbsenceView:
    """An absence does not count."""
    return await services.rota_people.withdraw_absence(absence_id, caller_of(request).person)


@get("/api/wishes", opt={"permission": "see-rota", "refuses": [403]})
async def list_wishes(request: ApiRequest, services: Given, person: PersonAsked = "") -> list[WishView]:
    """Wishes that are not over."""
    return await services.rota_people.wishes(person, caller_of(request).person)


@post("/api/wishes", opt=dict(_OWN))
async def add_wish(request: ApiRequest, services: Given, data: JSONBody[NewWish]) -> WishView:
    """Wish to be on call in a time, or not to be."""
    new = await exactly(request, type(data))
    return await services.rota_people.add_wish(new, caller_of(request).person)


@post("/api/wishes/{wish_id:str}/withdraw", opt=dict(_OWN), status_code=200)
async def withdraw_wish(request: ApiRequest, services: Given, wish_id: WishInPath) -> WishView:
    """One's own wish does not count any more."""
    return await services.rota_people.withdraw_wish(wish_id, caller_of(request).person)


HANDLERS = [
    list_terms,
    put_terms,
    list_absences,
    add_absence,
    withdraw_absence,
    list_wishes,
    add_wish,
    withdraw_wish,
]
