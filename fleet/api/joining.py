"""The door for units (no session: a voucher speaks for them), and the joining queue for people."""

from typing import TypeVar

from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import NOBODY_YET, address_of, caller_of
from fleet.api.parameters import TokenInPath
from fleet.api.services import Given
from fleet.api.throttle import throttle_joins
from protocols.api.joins import AcceptedUnit, Decision, Invite, JoinView, Refusal, VoucherMade, VoucherView
from protocols.joining import JoinRefusal, JoinReply, JoinRequest, RefusalCode

_STATUS: dict[RefusalCode, int] = {"joins-too-fast": 429, "joins-full": 429, "csr-invalid": 400}
_REFUSED_STATUS = 403

ApiRequest = Request[object, object, State]
Answer = TypeVar("Answer")


def answered(answer: Answer) -> Response[Answer]:
    """The response to a unit, with the status that a refusal goes with."""
    if isinstance(answer, JoinRefusal):
        return Response(answer, status_code=_STATUS.get(answer.code, _REFUSED_STATUS))
    return Response(answer)


@get("/join/ca", opt={"permission": NOBODY_YET}, media_type="application/x-pem-file")
async def root_certificates(services: Given) -> bytes:
    """All root certificates in force, PEM. A unit takes the one that its voucher names, and no other."""
    return services.authority.roots_pem


@post("/join", opt={"permission": NOBODY_YET}, status_code=200, before_request=throttle_joins)
async def join(request: ApiRequest, services: Given, data: JSONBody[JoinRequest]) -> Response[JoinReply | JoinRefusal]:
    """A unit presents its voucher and certificate request; it repeats the same request until accepted."""
    return answered(await services.door.knock(data, address_of(request)))


@post("/api/vouchers", opt={"permission": "invite-unit"})
async def make_voucher(request: ApiRequest, services: Given, data: JSONBody[Invite]) -> VoucherMade:
    """Make a voucher; its text is in this answer only."""
    return await services.vouchers.make(data.label, caller_of(request).person.person_id)


@get("/api/vouchers", opt={"permission": "see-fleet"})
async def list_vouchers(services: Given) -> list[VoucherView]:
    """The newest vouchers, without their secrets."""
    async with services.store.transaction() as transaction:
        return await transaction.joining.vouchers(services.clock())


@delete("/api/vouchers/{voucher_id:str}", opt={"permission": "invite-unit", "refuses": [409]})
async def withdraw_voucher(request: ApiRequest, services: Given, voucher_id: TokenInPath) -> None:
    """Withdraw a voucher that has not been used."""
    await services.vouchers.withdraw(voucher_id, caller_of(request).person.person_id)


@get("/api/joins", opt={"permission": "see-fleet"})
async def list_joins(services: Given) -> list[JoinView]:
    """Units that wait to be accepted, oldest first."""
    async with services.store.transaction() as transaction:
        return [join.view() for join in await transaction.joining.pending()]


@post("/api/joins/{join_id:str}/accept", opt={"permission": "decide-join", "refuses": [404, 409]}, status_code=200)
async def accept_join(
    request: ApiRequest, services: Given, join_id: TokenInPath, data: JSONBody[Decision]
) -> AcceptedUnit:
    """Accept a waiting unit whose fingerprint was compared."""
    unit_id = await services.decisions.accept(join_id, data.fingerprint, caller_of(request).person.person_id)
    return AcceptedUnit(unit_id)


@post("/api/joins/{join_id:str}/refuse", opt={"permission": "decide-join", "refuses": [404, 409]}, status_code=204)
async def refuse_join(request: ApiRequest, services: Given, join_id: TokenInPath, data: JSONBody[Refusal]) -> None:
    """Turn a waiting unit away."""
    await services.decisions.refuse(join_id, data.reason, caller_of(request).person.person_id)


HANDLERS = [
    root_certificates,
    join,
    make_voucher,
    list_vouchers,
    withdraw_voucher,
    list_joins,
    accept_join,
    refuse_join,
]
