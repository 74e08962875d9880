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
from fleet.errors import NotFound
from protocols.joining import JoinRefusal

ApiRequest = Request[object, object, State]
NameInPath: TypeAlias = Annotated[str, PathParameter()]
PathInPath: TypeAlias = Annotated[str, PathParameter()]

_BYTES = "application/octet-stream"


@get(
    "/unit/releases/metadata/{name:str}",
    opt={"permission": NOBODY_YET, "refuses": [403, 404]},
    before_request=throttle_releases,
)
async def release_metadata(request: ApiRequest, services: Given, name: NameInPath) -> Response[bytes | JoinRefusal]:
    """A unit shows its certificate and gets a metadata file, by its name in TUF."""
    found = await services.unit_releases.metadata(certificate_of(request.scope), name, address_of(request))
    if isinstance(found, JoinRefusal):
        return answered(found)
    if found is None:
        raise NotFound("metadata-unknown", "there is no such metadata")
    return Response(found, media_type=_BYTES)


@get(
    "/unit/releases/targets/{path:path}",
    opt={"permission": NOBODY_YET, "refuses": [403, 404]},
    status_code=206,
    before_request=throttle_releases,
)
async def release_target(request: ApiRequest, services: Given, path: PathInPath) -> Response[bytes | JoinRefusal]:
    """A unit shows its certificate and gets what it asks for of a file (Range), at most 1 MiB at once.

    It is always told which part it got: what was asked for without a range begins at the beginning.
    """
    shown, came_from = certificate_of(request.scope), address_of(request)
    asked = request.headers.get("range", "")[:64]
    found = await services.unit_releases.target(shown, str(path).removeprefix("/"), asked, came_from)
    if isinstance(found, JoinRefusal):
        return answered(found)
    if found is None:
        raise NotFound("file-unknown", "there is no such file, or not so much of it")
    last = found.offset + len(found.content) - 1
    headers = {"content-range": f"bytes {found.offset}-{last}/{found.total}", "cache-control": "no-transform"}
    return Response(found.content, status_code=206, media_type=_BYTES, headers=headers)


HANDLERS = [release_metadata, release_target]
