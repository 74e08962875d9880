"""Releases: the repository that units trust, its drafts, and people's signatures under them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.services import Given
from protocols.api.releases import (
    MAX_METADATA_CHARS,
    DraftSignature,
    DraftView,
    NewDraft,
    ReleaseKey,
    ReleasesView,
    SignedRole,
)

ApiRequest = Request[object, object, State]
RoleInPath: TypeAlias = Annotated[SignedRole, PathParameter()]

_SEE: Mapping[str, Any] = MappingProxyType({"permission": "see-releases", "refuses": [404]})
_SIGN: Mapping[str, Any] = MappingProxyType({"permission": "sign-release", "refuses": [404, 409]})
_MANAGE: Mapping[str, Any] = MappingProxyType({"permission": "manage-releases", "refuses": [404]})
_MAX_DRAFT_BYTES = 4 * MAX_METADATA_CHARS + 4096
"""A text of the longest in UTF-8, and what is around it."""


@get("/api/releases", opt={"permission": "see-releases"})
async def releases(services: Given) -> ReleasesView:
    """Roles, targets and manifests in force, and the drafts that wait."""
    return await services.releases.view()


@get("/api/release-key", opt={"permission": "see-releases"})
async def release_key(services: Given) -> ReleaseKey:
    """The controller's own key for snapshot and timestamp."""
    return services.releases.key()


@get("/api/release-drafts/{role:str}", opt=dict(_SEE))
async def release_draft(services: Given, role: RoleInPath) -> DraftView:
    """The draft of a role that waits."""
    return await services.releases.one(role)


@post("/api/release-drafts", opt=dict(_SIGN), request_max_body_size=_MAX_DRAFT_BYTES)
async def draft_release(request: ApiRequest, services: Given, data: JSONBody[NewDraft]) -> DraftView:
    """Let the next root or targets metadata wait to be signed; targets need the permission manage-releases."""
    new = await exactly(request, type(data))
    return await services.releases.draft(new, caller_of(request).person)


@post("/api/release-drafts/{role:str}/signatures", opt=dict(_SIGN), status_code=200)
async def sign_release(
    request: ApiRequest, services: Given, role: RoleInPath, data: JSONBody[DraftSignature]
) -> ReleasesView:
    """Sign a draft; with the last signature it needs it is in force."""
    new = await exactly(request, type(data))
    return await services.releases.sign(role, new, caller_of(request).person)


@post("/api/release-drafts/{role:str}/withdraw", opt=dict(_MANAGE), status_code=200)
async def withdraw_release(request: ApiRequest, services: Given, role: RoleInPath) -> ReleasesView:
    """Let a draft wait no more."""
    return await services.releases.withdraw(role, caller_of(request).person)


HANDLERS = [releases, release_key, release_draft, draft_release, sign_release, withdraw_release]
