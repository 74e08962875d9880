"""Authorities: reading and recording them, and what becomes of them."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.parameters import AuthorityInPath, AuthorityStateAsked, MandatesAtOnce, Offset, WordsAsked
from fleet.api.services import Given
from protocols.api.authorities import (
    AuthorityPage,
    AuthorityView,
    Cancelling,
    NewAuthority,
    ReviewDone,
    StatementRecorded,
)

ApiRequest = Request[object, object, State]
_CHANGES = {"permission": "record-authority", "refuses": [404, 409]}


@get("/api/authorities", opt={"permission": "see-mandates"})
async def list_authorities(
    services: Given,
    filter: WordsAsked = "",  # noqa: A002  the query parameter's own name
    stands: AuthorityStateAsked = "any",
    offset: Offset = 0,
    limit: MandatesAtOnce = 100,
) -> AuthorityPage:
    """Authorities, newest first."""
    wanted = None if stands == "any" else stands
    return await services.authorities.page(words=filter, state=wanted, offset=offset, limit=limit)


@get("/api/authorities/{authority_id:str}", opt={"permission": "see-mandates", "refuses": [404]})
async def one_authority(services: Given, authority_id: AuthorityInPath) -> AuthorityView:
    """One authority."""
    return await services.authorities.one(authority_id)


@post("/api/authorities", opt=_CHANGES)
async def record_authority(request: ApiRequest, services: Given, data: JSONBody[NewAuthority]) -> AuthorityView:
    """Record an authority that was given elsewhere."""
    new = await exactly(request, type(data))
    return await services.authorities.record(new, caller_of(request).person.person_id)


@post("/api/authorities/{authority_id:str}/review", opt=_CHANGES, status_code=200)
async def review_authority(
    request: ApiRequest, services: Given, authority_id: AuthorityInPath, data: JSONBody[ReviewDone]
) -> AuthorityView:
    """Record that the review that was due has been held."""
    done = await exactly(request, type(data))
    return await services.authorities.review(authority_id, done, caller_of(request).person.person_id)


@post("/api/authorities/{authority_id:str}/statement", opt=_CHANGES, status_code=200)
async def record_statement(
    request: ApiRequest, services: Given, authority_id: AuthorityInPath, data: JSONBody[StatementRecorded]
) -> AuthorityView:
    """Record the written statement of an urgent oral authority."""
    return await services.authorities.statement(authority_id, data.document, caller_of(request).person.person_id)


@post("/api/authorities/{authority_id:str}/cancel", opt=_CHANGES, status_code=200)
async def cancel_authority(
    request: ApiRequest, services: Given, authority_id: AuthorityInPath, data: JSONBody[Cancelling]
) -> AuthorityView:
    """End an authority, and all mandates that rest on it, before its time."""
    return await services.authorities.cancel(authority_id, data.reason, caller_of(request).person.person_id)


HANDLERS = [
    list_authorities,
    one_authority,
    record_authority,
    review_authority,
    record_statement,
    cancel_authority,
]
