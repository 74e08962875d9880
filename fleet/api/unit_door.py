"""What units ask of the API once they have joined: renewal and people lists over mutual TLS, and the way back in."""

from typing import Annotated

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, QueryParameter

from fleet.api.access import NOBODY_YET, address_of
from fleet.api.joining import answered
from fleet.api.peer import certificate_of
from fleet.api.services import Given
from fleet.api.throttle import throttle_joins
from protocols.joining import JoinRefusal, RejoinReply, RejoinRequest, Renewed, RenewRequest
from protocols.people import SignedPeopleList

_MAX_VERSION = (1 << 31) - 1

ApiRequest = Request[object, object, State]


@post("/unit/renew", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_joins)
async def renew(request: ApiRequest, services: Given, data: JSONBody[RenewRequest]) -> Response[Renewed | JoinRefusal]:
    """A unit shows its certificate and gets the next one, for a new key. It may ask again until it has the answer."""
    return answered(await services.renewals.renew(certificate_of(request.scope), data, address_of(request)))


@post("/unit/rejoin", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_joins)
async def rejoin(
    request: ApiRequest, services: Given, data: JSONBody[RejoinRequest]
) -> Response[RejoinReply | JoinRefusal]:
    """A unit whose certificate has ended asks for another one for its old key, until a person has decided."""
    return answered(await services.rejoining.ask(data, address_of(request)))


@get("/unit/people", opt={"permission": NOBODY_YET}, before_request=throttle_joins)
async def people_after(
    request: ApiRequest, services: Given, after: Annotated[int, QueryParameter(ge=0, le=_MAX_VERSION)]
) -> Response[list[SignedPeopleList] | JoinRefusal]:
    """A unit shows its certificate and gets the people lists after the one it has, oldest first, at most 16."""
    return answered(await services.renewals.people_after(certificate_of(request.scope), after, address_of(request)))


HANDLERS = [renew, rejoin, people_after]
