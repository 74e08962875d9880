"""What units fetch of releases over mutual TLS: metadata as it was signed, and files in pieces."""

from typing import Annotated, TypeAlias

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import PathParameter

from fleet.api.access import NOBODY_YET, address_of
from fleet.api.joining import answered
from fleet.api.peer import certificate_of
from fleet.api.services import Given
from fleet.api.throttle import throttle_releases
from fleet.releases.unit_desk import Part, Unsatisfiable
from protocols.joining import JoinRefusal

ApiRequest = Request[object, object, State]
NameInPath: TypeAlias = Annotated[str, PathParameter(max_length=80)]
PathInPath: TypeAlias = Annotated[str, PathParameter(max_length=400)]

_BYTES = "application/octet-stream"
_NOT_FOUND = 404


@get(
    "/unit/releases/metadata/{name:str}",
    opt={"permission": NOBODY_YET, "refuses": [404]},
    media_type=_BYTES,
    before_request=throttle_releases,
)
async def release_metadata(request: ApiRequest, services: Given, name: NameInPath) -> Response[bytes | JoinRefusal]:
    """A unit shows its certificate and gets a metadata file, by its name in TUF."""
    found = await services.unit_releases.metadata(certificate_of(request.scope), name, address_of(request))
    if isinstance(found, JoinRefusal):
        return answered(found)
    return _plain(b"", _NOT_FOUND) if found is None else _plain(found)


@get(
    "/unit/releases/targets/{path:path}",
    opt={"permission": NOBODY_YET, "refuses": [404, 416]},
    media_type=_BYTES,
    before_request=throttle_releases,
)
async def release_target(request: ApiRequest, services: Given, path: PathInPath) -> Response[bytes | JoinRefusal]:
    """A unit shows its certificate and gets what it asks for of a file (Range), at most 1 MiB at once."""
    shown, came_from = certificate_of(request.scope), address_of(request)
    asked = request.headers.get("range", "")[:64]
    found = await services.unit_releases.target(shown, path.removeprefix("/"), asked, came_from)
    if isinstance(found, JoinRefusal):
        return answered(found)
    if found is None:
        return _plain(b"", _NOT_FOUND)
    if isinstance(found, Unsatisfiable):
        return _plain(b"", 416, **{"content-range": f"bytes */{found.total}"})
    return _part(found)


def _part(found: Part) -> Response[bytes | JoinRefusal]:
    """Always 206: what was not asked for in pieces is answered so too, and is longer where the header says so."""
    last = found.offset + len(found.content) - 1
    return _plain(found.content, 206, **{"content-range": f"bytes {found.offset}-{last}/{found.total}"})


def _plain(content: bytes, status: int = 200, **headers: str) -> Response[bytes | JoinRefusal]:
    return Response(
        content, status_code=status, media_type=_BYTES, headers={"cache-control": "no-transform", **headers}
    )


HANDLERS = [release_metadata, release_target]
