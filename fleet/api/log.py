"""The deployment log: how it stands, reading it, and taking it away."""

from typing import Annotated, TypeAlias

from litestar import get, post
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import ASKED, ApiRequest, AskedEntries, exactly, scope_of
from fleet.api.parameters import TokenInPath
from fleet.api.services import Given
from fleet.errors import NotFound
from protocols.api.log import (
    MAX_ENTRIES,
    CheckpointView,
    EntryPage,
    EntryProof,
    ExportRequest,
    ExportView,
    LogStatus,
    SelectionPage,
    TextPage,
)

_LAST = 2**53 - 1
"""What any reader of JSON keeps exact."""

IndexInPath: TypeAlias = Annotated[int, PathParameter(ge=0, le=_LAST)]
IndexAsked: TypeAlias = Annotated[int, QueryParameter(ge=0, le=_LAST)]
AfterAsked: TypeAlias = Annotated[int, QueryParameter(ge=-1, le=_LAST)]
LimitAsked: TypeAlias = Annotated[int, QueryParameter(ge=1, le=MAX_ENTRIES)]


@get("/api/log/status", opt={"permission": "see-fleet"})
async def log_status(services: Given) -> LogStatus:
    """How the log stands."""
    return await services.log.status()


@get("/api/log/checkpoint", opt={"permission": "see-fleet", "refuses": [404]})
async def newest_checkpoint(services: Given) -> CheckpointView:
    """The newest cosigned checkpoint; without one, the newest."""
    async with services.store.transaction() as transaction:
        found = await transaction.log_tree.newest_cosigned() or await transaction.log_tree.newest_checkpoint()
    if found is None:
        raise NotFound("checkpoint-missing", "the log has no checkpoint yet", "see fleet log status")
    return CheckpointView(size=found.size, note=found.note, made_at=found.made_at, cosigned=found.cosigned)


@get("/api/log/entries", opt={"permission": "read-log"}, dependencies=ASKED)
async def list_entries(
    request: ApiRequest, services: Given, asked: AskedEntries, before: IndexAsked = _LAST, limit: LimitAsked = 100
) -> EntryPage:
    """Entries, newest first. This reading becomes an entry itself."""
    return await services.log_reading.page(scope_of(asked), before, limit, caller_of(request).person.person_id)


@get("/api/log/entries/{index:int}", opt={"permission": "read-log", "refuses": [404]})
async def one_entry(request: ApiRequest, services: Given, index: IndexInPath) -> EntryProof:
    """One entry with its receipt. This reading becomes an entry itself."""
    return await services.log_reading.one(index, caller_of(request).person.person_id)


@post("/api/log/exports", opt={"permission": "read-log", "refuses": [409]})
async def start_export(request: ApiRequest, services: Given, data: JSONBody[ExportRequest]) -> ExportView:
    """Take entries away: the entry that says so is written first; what follows may be fetched for an hour."""
    wanted = await exactly(request, type(data))
    scope = None if wanted.scope is None else scope_of(wanted.scope)
    return await services.log_exports.start(scope, wanted.reason, caller_of(request).person.person_id)


@get(
    "/api/log/exports/{export_id:str}/tile/{tile:path}",
    opt={"permission": "read-log", "refuses": [404, 409]},
    media_type="application/octet-stream",
)
async def export_tile(request: ApiRequest, services: Given, export_id: TokenInPath, tile: FromPath[str]) -> bytes:
    """A tile or entry bundle (C2SP tlog-tiles) of a whole export: `0/x001/234`, `entries/000.p/17`."""
    path = "tile/" + tile.removeprefix("/")
    return await services.log_exports.tile(export_id, path, caller_of(request).person.person_id)


@get("/api/log/exports/{export_id:str}/texts", opt={"permission": "read-log", "refuses": [404]})
async def export_texts(
    request: ApiRequest, services: Given, export_id: TokenInPath, after: AfterAsked = -1
) -> TextPage:
    """Free texts of an export's entries that are not erased."""
    return await services.log_exports.texts(export_id, after, caller_of(request).person.person_id)


@get("/api/log/exports/{export_id:str}/selection", opt={"permission": "read-log", "refuses": [404, 409]})
async def export_selection(
    request: ApiRequest, services: Given, export_id: TokenInPath, after: AfterAsked = -1
) -> SelectionPage:
    """Leaves of a selective export, with their receipts."""
    return await services.log_exports.selection(export_id, after, caller_of(request).person.person_id)


HANDLERS = [
    log_status,
    newest_checkpoint,
    list_entries,
    one_entry,
    start_export,
    export_tile,
    export_texts,
    export_selection,
]
