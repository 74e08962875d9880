"""Who opened what, when, under which authority, and was it inside the mandate."""

from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromQuery
from litestar.response import Response

from fleet.api.access import caller_of
from fleet.api.log_asked import ASKED, AskedEntries, scope_of
from fleet.api.services import Given
from fleet.openings.report import FileForm
from protocols.api.log import OpeningsPage

ApiRequest = Request[object, object, State]


@get("/api/log/openings", opt={"permission": "read-log"}, dependencies=ASKED)
async def list_openings(request: ApiRequest, services: Given, asked: AskedEntries) -> OpeningsPage:
    """Openings, newest first, each with its verdict. This reading becomes an entry itself."""
    return await services.opening_reports.page(scope_of(asked), caller_of(request).person)


@get(
    "/api/log/openings/report",
    opt={"permission": "read-log"},
    dependencies=ASKED,
    media_type="application/octet-stream",
)
async def report(
    request: ApiRequest, services: Given, asked: AskedEntries, form: FromQuery[FileForm] = "csv"
) -> Response[bytes]:
    """The same as a CSV or PDF file. An entry says who made it, and the SHA-256 of exactly this file."""
    made = await services.opening_reports.file(scope_of(asked), form, caller_of(request).person)
    return Response(
        made.content,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{made.name}"'},
    )


HANDLERS = [list_openings, report]
