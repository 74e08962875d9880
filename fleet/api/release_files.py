"""Files for units, sent in pieces of 1 MiB and kept once they are whole."""

from typing import Annotated, TypeAlias

from litestar import Request, post, put
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.services import Given
from protocols.api.releases import MAX_PIECE_BYTES, FileView, NewFile
from protocols.releases.manifest import MAX_TARGET_BYTES

ApiRequest = Request[object, object, State]
DigestInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$(?!\n)")]
OffsetInPath: TypeAlias = Annotated[int, PathParameter(ge=0, le=MAX_TARGET_BYTES)]


@post("/api/release-files", opt={"permission": "manage-releases", "refuses": [409]})
async def begin_file(request: ApiRequest, services: Given, data: JSONBody[NewFile]) -> FileView:
    """Announce a file; it is told how much of it is there."""
    new = await exactly(request, type(data))
    return await services.release_files.begin(new, caller_of(request).person)


@put(
    "/api/release-files/{sha256:str}/{offset:int}",
    opt={"permission": "manage-releases", "refuses": [404, 409], "takes_bytes": MAX_PIECE_BYTES},
    request_max_body_size=MAX_PIECE_BYTES,
)
async def take_piece(request: ApiRequest, services: Given, sha256: DigestInPath, offset: OffsetInPath) -> FileView:
    """Take the bytes of the piece at `offset`; every piece but the last has 1 MiB."""
    return await services.release_files.take(sha256, offset, await request.body(), caller_of(request).person)


HANDLERS = [begin_file, take_piece]
