"""The controller's door for units that have joined: renewal, rejoining, people lists, releases."""

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import msgspec

from edge_agent.errors import AcceptanceInvalid, CertificateEnded, ControllerAway, RefusedByController
from edge_agent.identity import Identity
from edge_agent.tls import OwnTls, trusting
from protocols.joining import RejoinReply, Renewed
from protocols.people import SignedPeopleList

if TYPE_CHECKING:
    from edge_agent.asking import Answer

MAX_PAGE = 16
MAX_METADATA_BYTES = 1024 * 1024
PIECE_LIMIT_S = 120.0
"""For one piece of a file: who gives bytes more slowly than a piece of the smallest size in this time gives none."""

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})")

_MAY_BE_MISSING = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND})
_A_PART = frozenset({HTTPStatus.PARTIAL_CONTENT, HTTPStatus.OK, HTTPStatus.NOT_FOUND})

_Body = TypeVar("_Body")

_renewed_decoder: msgspec.json.Decoder[Renewed] = msgspec.json.Decoder(Renewed)
_rejoin_decoder: msgspec.json.Decoder[RejoinReply] = msgspec.json.Decoder(RejoinReply)
_people_decoder: msgspec.json.Decoder[list[SignedPeopleList]] = msgspec.json.Decoder(list[SignedPeopleList])


class UnitDoor(Protocol):
    """What a joined unit asks the controller. Every method raises ControllerAway, ControllerUntrusted,
    RefusedByController, AcceptanceInvalid (an answer that is none) and StateUnusable (the own key); those that show
    the unit's certificate raise CertificateEnded when the controller finds that it has ended."""

    async def renew(self, identity: Identity, request: bytes) -> Renewed:
        """Ask, showing the certificate, for its successor; `request` is the JSON of a RenewRequest."""
        ...

    async def rejoin(self, identity: Identity, request: bytes) -> RejoinReply:
        """Ask, showing no certificate, for another one for the same key; `request` is the JSON of a RejoinRequest."""
        ...

    async def time_ms(self, identity: Identity) -> int | None:
        """The controller's clock, Unix milliseconds, shown no certificate; None when it does not say."""
        ...

    async def people_after(self, identity: Identity, version: int) -> list[SignedPeopleList]:
        """The people lists that follow `version`, at most 16, the oldest first."""
        ...


class Piece(NamedTuple):
    """Bytes of a file that has `total` of them, as the controller says."""

    content: bytes
    total: int


class ReleaseDoor(Protocol):
    """What a unit fetches of releases. Both methods raise as those of UnitDoor that show the certificate."""

    async def release_metadata(self, identity: Identity, name: str) -> bytes | None:
        """The metadata file `name`, at most MAX_METADATA_BYTES; None when the controller has none."""
        ...

    async def release_piece(self, identity: Identity, path: str, sha256: str, offset: int, length: int) -> Piece | None:
        """1 to `length` bytes from `offset` of the file of target `path`; None when the controller has none. Raises
        AcceptanceInvalid for an answer that is not what was asked for."""
        ...


class HttpsDoor:
    """The door at the identity's own address."""

    def __init__(self, tls: OwnTls, url: str | None = None) -> None:
        """`url` goes before the identity's own `controller_url`."""
        self._tls = tls
        self._url = url

    async def renew(self, identity: Identity, request: bytes) -> Renewed:
        """See UnitDoor."""
        return _decoded(_renewed_decoder, await self._ask(identity, "POST", "/unit/renew", request))

    async def rejoin(self, identity: Identity, request: bytes) -> RejoinReply:
        """See UnitDoor."""
        answer = await self._ask(identity, "POST", "/unit/rejoin", request, shows_certificate=False)
        return _decoded(_rejoin_decoder, answer)

    async def time_ms(self, identity: Identity) -> int | None:
        """See UnitDoor. By HTTP's Date, under the same TLS as everything else."""
        return (await self._ask(identity, "GET", "/join/ca", None, shows_certificate=False)).at_ms

    async def people_after(self, identity: Identity, version: int) -> list[SignedPeopleList]:
        """See UnitDoor."""
        page = _decoded(_people_decoder, await self._ask(identity, "GET", f"/unit/people?after={version}", None))
        if len(page) > MAX_PAGE:
            raise AcceptanceInvalid(f"{len(page)} people lists at once")
        return page

    async def release_metadata(self, identity: Identity, name: str) -> bytes | None:
        """See ReleaseDoor."""
        answer = await self._ask(
            identity, "GET", f"/unit/releases/metadata/{name}", None, wanted=_MAY_BE_MISSING, largest=MAX_METADATA_BYTES
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.body

    async def release_piece(self, identity: Identity, path: str, sha256: str, offset: int, length: int) -> Piece | None:
        """See ReleaseDoor."""
        folder, slash, name = path.rpartition("/")
        answer = await self._ask(
            identity,
            "GET",
            f"/unit/releases/targets/{folder}{slash}{sha256}.{name}",
            None,
            wanted=_A_PART,
            byte_range=(offset, offset + length - 1),
            largest=length + 4096,
            whole_limit_s=PIECE_LIMIT_S,
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        found = _CONTENT_RANGE.fullmatch(answer.content_range)
        first, last, total = map(int, found.groups()) if found else (-1, -1, 0)
        if answer.status != HTTPStatus.PARTIAL_CONTENT or first != offset or last - first + 1 != len(answer.body):
            raise AcceptanceInvalid(f"HTTP {answer.status}, {answer.content_range!a} for a piece from byte {offset}")
        if not 1 <= len(answer.body) <= length:
            raise AcceptanceInvalid(f"{len(answer.body)} bytes for a piece of {length}")
        return Piece(answer.body, total)

    async def _ask(
        self,
        identity: Identity,
        method: str,
        path: str,
        content: bytes | None,
        *,
        shows_certificate: bool = True,
        wanted: frozenset[int] = frozenset({HTTPStatus.OK}),
        **bounds: Any,
    ) -> "Answer":
        """The answer, of a status that is `wanted`; `bounds` are those of `asking.ask`."""
        # An HTTP client is large for a small machine, and asked for once a month.
        from edge_agent.asking import ask, refusal_of  # noqa: PLC0415 - not before it is needed

        url = self._url or identity.controller_url
        if not url:
            raise ControllerAway(
                "an unknown address", "this unit joined before it was told: set controller_url in the agent's settings"
            )
        make = self._tls.context if shows_certificate else lambda known: trusting(known.roots_pem)
        context = await asyncio.to_thread(make, identity)
        answer = await ask(url, context, method, path, content, **bounds)
        if answer.status not in wanted:
            refusal = refusal_of(url, answer)
            if isinstance(refusal, RefusedByController) and refusal.code == "certificate-ended":
                raise CertificateEnded(url)
            raise refusal
        return answer


def _decoded(decoder: msgspec.json.Decoder[_Body], answer: "Answer") -> _Body:
    try:
        return decoder.decode(answer.body)
    except msgspec.DecodeError as error:
        raise AcceptanceInvalid(f"the answer can not be read ({error})"[:300]) from error
