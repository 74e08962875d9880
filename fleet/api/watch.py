"""The page that plays a check in a browser, and its WHEP resource. Whoever has the link has no session: the token in
the path, good once and for a minute, is what lets them in."""

from collections.abc import Sequence
from importlib.resources import files
from urllib.parse import quote

from litestar import MediaType, Request, Response, delete, get, post, route
from litestar.datastructures import State

from fleet.api.access import NOBODY_YET
from fleet.api.parameters import LinkInPath, ViewerInPath
from fleet.api.services import Given
from fleet.api.throttle import throttle_watching
from fleet.checks.browsers import WatchStatus
from fleet.errors import RequestRefused
from protocols.opening import MAX_SDP_CHARS, IceServer

ApiRequest = Request[object, object, State]

_SDP = "application/sdp"
_IN_URL = ":?=&.[]-_~/@%"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob: mediastream:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def _file(name: str, media_type: str) -> Response[bytes]:
    # Litestar adds the charset of a text's media type.
    content = files("fleet.checks").joinpath("page", name).read_bytes()
    return Response(content, media_type=media_type, headers=_HEADERS)


@get("/watch/{token:str}", opt={"permission": NOBODY_YET}, before_request=throttle_watching, include_in_schema=False)
async def page(token: LinkInPath) -> Response[bytes]:  # noqa: ARG001  the page reads it from its own address
    """The page: the same for every token, so that asking for it tells nothing."""
    return _file("watch.html", "text/html")


@get("/watch/page/player.js", opt={"permission": NOBODY_YET}, before_request=throttle_watching, include_in_schema=False)
async def script() -> Response[bytes]:
    """What plays."""
    return _file("player.js", "text/javascript")


@get(
    "/watch/page/player.css", opt={"permission": NOBODY_YET}, before_request=throttle_watching, include_in_schema=False
)
async def style() -> Response[bytes]:
    """How it looks."""
    return _file("player.css", "text/css")


@route(
    "/whep/{token:str}",
    http_method="OPTIONS",
    opt={"permission": NOBODY_YET},
    before_request=throttle_watching,
    status_code=204,
    include_in_schema=False,
)
async def ways(services: Given, token: LinkInPath) -> Response[None]:
    """The ICE servers that this link's browser may use, as WHEP says it. The link stays good."""
    servers = await services.browsers.ice_servers(token)
    headers = {**_HEADERS, "accept-post": _SDP, "allow": "OPTIONS, POST"}
    if servers:
        headers["link"] = ice_links(servers)
    return Response(None, status_code=204, headers=headers)


@post("/whep/{token:str}", opt={"permission": NOBODY_YET}, before_request=throttle_watching, include_in_schema=False)
async def play(request: ApiRequest, services: Given, token: LinkInPath) -> Response[str]:
    """Answer a browser's SDP offer: 201 with the address of what it now has."""
    try:
        offer = (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unusable() from error
    if not 0 < len(offer) <= MAX_SDP_CHARS:
        raise _unusable()
    playing = await services.browsers.play(token, offer)
    headers = {**_HEADERS, "location": f"/whep/{token}/{playing.viewer_id}"}
    return Response(playing.answer, media_type=_SDP, status_code=201, headers=headers)


@get(
    "/whep/{token:str}/{viewer:str}",
    opt={"permission": NOBODY_YET},
    before_request=throttle_watching,
    include_in_schema=False,
)
async def stands(services: Given, token: LinkInPath, viewer: ViewerInPath) -> Response[WatchStatus]:
    """How the check stands that this browser plays."""
    return Response(services.browsers.stands(token, viewer), media_type=MediaType.JSON, headers=_HEADERS)


@delete(
    "/whep/{token:str}/{viewer:str}",
    opt={"permission": NOBODY_YET},
    before_request=throttle_watching,
    include_in_schema=False,
)
async def leave(services: Given, token: LinkInPath, viewer: ViewerInPath) -> None:
    """The browser goes."""
    await services.browsers.leave(token, viewer)


def ice_links(servers: Sequence[IceServer]) -> str:
    """`servers` as one Link header (draft-ietf-wish-whep, RFC 8288); credentials hold no character to be escaped."""
    links = []
    for server in servers:
        parameters = ['rel="ice-server"']
        if server.credential:
            parameters += [
                f'username="{server.username}"',
                f'credential="{server.credential}"',
                'credential-type="password"',
            ]
        links += ["; ".join([f"<{quote(url, safe=_IN_URL)}>", *parameters]) for url in server.urls]
    return ", ".join(links)


def _unusable() -> RequestRefused:
    return RequestRefused("malformed", "the offer is no session description", "reload the link's page")


HANDLERS = [page, script, style, ways, play, stands, leave]
