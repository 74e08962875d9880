"""Mandates: drafting, signing, ending them; and what waits for somebody."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.parameters import MandateInPath, MandatesAtOnce, MandateStateAsked, Offset, UnitAsked
from fleet.api.services import Given
from fleet.mandates.duties import most_urgent
from protocols.api.duties import Duty
from protocols.api.mandates import (
    Cancelling,
    KitRecovered,
    MandatePage,
    MandateSignature,
    MandateView,
    NewMandate,
)
from protocols.people import may

ApiRequest = Request[object, object, State]


@get("/api/duties", opt={"permission": "see-rota"})
async def list_duties(request: ApiRequest, services: Given) -> list[Duty]:
    """What waits for the caller of rotas and deployments; and for them, or for anybody, of authorities and mandates, if
    they may see those."""
    person = caller_of(request).person
    of_rotas = await services.rota_duties.of(person)
    of_mandates = await services.duties.of(person) if may(person.role, "see-mandates") else []
    of_handovers = await services.handover_duties.of(person)
    return most_urgent([*of_rotas, *of_handovers, *await services.deployment_duties.of(person, of_mandates)])


@get("/api/mandates", opt={"permission": "see-mandates"})
async def list_mandates(
    request: ApiRequest,
    services: Given,
    unit: UnitAsked = "",
    stands: MandateStateAsked = "any",
    mine: FromQuery[bool] = False,
    offset: Offset = 0,
    limit: MandatesAtOnce = 100,
) -> MandatePage:
    """Mandates, newest first; with `mine` those that wait for the caller's signature."""
    return await services.mandates.page(
        unit_id=unit,
        state=None if stands == "any" else stands,
        waits_for=caller_of(request).person.person_id if mine else "",
        offset=offset,
        limit=limit,
    )


@get("/api/mandates/{mandate_id:str}", opt={"permission": "see-mandates", "refuses": [404]})
async def one_mandate(services: Given, mandate_id: MandateInPath) -> MandateView:
    """One mandate."""
    return await services.mandates.one(mandate_id)


@post("/api/mandates", opt={"permission": "draft-mandate", "refuses": [404, 409]})
async def draft_mandate(request: ApiRequest, services: Given, data: JSONBody[NewMandate]) -> MandateView:
    """Draft a mandate; the caller asks for it."""
    new = await exactly(request, type(data))
    return await services.mandates.draft(new, caller_of(request).person)


@post("/api/mandates/{mandate_id:str}/sign", opt={"permission": "see-mandates", "refuses": [404, 409]}, status_code=200)
async def sign_mandate(
    request: ApiRequest, services: Given, mandate_id: MandateInPath, data: JSONBody[MandateSignature]
) -> MandateView:
    """Hand in the signature of one of the two; the second puts the mandate in force."""
    return await services.mandates.sign(mandate_id, data.signature, caller_of(request).person.person_id)


@post(
    "/api/mandates/{mandate_id:str}/discard", opt={"permission": "see-mandates", "refuses": [404, 409]}, status_code=200
)
async def discard_mandate(request: ApiRequest, services: Given, mandate_id: MandateInPath) -> MandateView:
    """Give up a draft: its requester, its approver, or a supervisor."""
    return await services.mandates.discard(mandate_id, caller_of(request).person)


@post(
    "/api/mandates/{mandate_id:str}/cancel",
    opt={"permission": "cancel-mandate", "refuses": [404, 409]},
    status_code=200,
)
async def cancel_mandate(
    request: ApiRequest, services: Given, mandate_id: MandateInPath, data: JSONBody[Cancelling]
) -> MandateView:
    """End a mandate before its time: the unit closes."""
    return await services.mandates.cancel(mandate_id, data.reason, caller_of(request).person.person_id)


@post(
    "/api/mandates/{mandate_id:str}/recovered",
    opt={"permission": "cancel-mandate", "refuses": [404, 409]},
    status_code=200,
)
async def kit_recovered(
    request: ApiRequest, services: Given, mandate_id: MandateInPath, data: JSONBody[KitRecovered]
) -> MandateView:
    """The unit of a cancelled mandate is back."""
    return await services.mandates.recovered(mandate_id, data.note, caller_of(request).person.person_id)


HANDLERS = [
    list_duties,
    list_mandates,
    one_mandate,
    draft_mandate,
    sign_mandate,
    discard_mandate,
    cancel_mandate,
    kit_recovered,
]
