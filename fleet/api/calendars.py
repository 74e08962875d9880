"""Calendar feeds: made and withdrawn by people, and read by calendar programs. These can not sign in: the token in the
path is what lets them in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from fleet.api.access import NOBODY_YET, caller_of
from fleet.api.records_asked import CalendarInPath, FeedInPath
from fleet.api.services import Given
from fleet.api.throttle import throttle_calendars
from protocols.api.calendars import CalendarMade, CalendarView, NewCalendar

ApiRequest = Request[object, object, State]
_OWN: Mapping[str, Any] = MappingProxyType({"permission": "serve-rota", "refuses": [404, 409]})
_ENDING = ".ics"
_HEADERS = {
    "cache-control": "private, max-age=900",
    "content-disposition": 'inline; filename="on-call.ics"',
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@get("/api/calendars", opt={"permission": "serve-rota"})
async def list_calendars(request: ApiRequest, services: Given) -> list[CalendarView]:
    """The caller's feeds, newest first."""
    return await services.calendars.feeds(caller_of(request).person)


@post("/api/calendars", opt=dict(_OWN))
async def make_calendar(request: ApiRequest, services: Given, data: JSONBody[NewCalendar]) -> CalendarMade:
    """Make a feed, whose address is shown this once."""
    return await services.calendars.make(data, caller_of(request).person)


@post("/api/calendars/{calendar_id:str}/withdraw", opt=dict(_OWN), status_code=200)
async def withdraw_calendar(request: ApiRequest, services: Given, calendar_id: CalendarInPath) -> CalendarView:
    """Let a feed's address be good for nothing any more."""
    return await services.calendars.withdraw(calendar_id, caller_of(request).person)


@get(
    "/calendar/{name:str}",
    opt={"permission": NOBODY_YET},
    before_request=throttle_calendars,
    include_in_schema=False,
)
async def feed(request: ApiRequest, services: Given, name: FeedInPath) -> Response[bytes]:
    """The feed, or 304 where the program has it already."""
    found = await services.calendars.find(name.removesuffix(_ENDING) if name.endswith(_ENDING) else "")
    # Weak, because the answer may be compressed.
    tag = f'W/"{found.tag}"'
    headers = {**_HEADERS, "etag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(b"", status_code=304, headers=headers)
    # The framework adds the charset of a text's media type.
    return Response(await services.calendars.write(found), media_type="text/calendar", headers=headers)


def _has(known: str, tag: str) -> bool:
    """Whether an If-None-Match names `tag`, compared weakly (RFC 9110, 13.1.2)."""
    named = {part.strip().removeprefix("W/") for part in known.split(",")}
    return bool(named & {"*", tag.removeprefix("W/")})


HANDLERS = [list_calendars, make_calendar, withdraw_calendar, feed]
