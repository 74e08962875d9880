"""The one-time link in a page: a page with a button, which acknowledges an alarm in the name of whom was paged.

Whoever has the link has no session: the token in the path, good once and for a day, is what lets them in. Programs that
look at mail follow links, so that following one changes nothing. The page needs no script.
"""

from html import escape
from typing import Annotated, TypeAlias
from urllib.parse import parse_qs

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import PathParameter

from fleet.api.access import NOBODY_YET
from fleet.api.services import Given
from fleet.api.throttle import throttle_acknowledging
from fleet.errors import RequestRefused
from protocols.api.alarms import AlarmView
from protocols.words import duration

ApiRequest = Request[object, object, State]
AckTokenInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
"""256 bits in base64url."""

_MAX_FORM = 200
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Muster</title></head><body>
{inner}
</body></html>
"""
_FORM = """<h1>{head}</h1>
<p>{about}</p>
<form method="post">
<p><button name="going" value="no">Acknowledge as {person}</button></p>
<p><button name="going" value="yes">Acknowledge, and I am leaving for it now</button></p>
</form>
<p>Both stop the paging. The second also begins a call-out in your rota's record.</p>"""


@get(
    "/ack/{token:str}",
    opt={"permission": NOBODY_YET},
    before_request=throttle_acknowledging,
    include_in_schema=False,
)
async def ack_page(services: Given, token: AckTokenInPath) -> Response[str]:
    """What the link would acknowledge, with the button that does it."""
    try:
        seen = await services.alarms.link(token)
    except RequestRefused as error:
        return _refused(error)
    age = duration((services.clock() - seen.alarm.raised_at).total_seconds())
    times = f", {seen.alarm.count} times" if seen.alarm.count > 1 else ""
    about = f"{seen.alarm.alarm}: {seen.alarm.severity}, raised {age} ago{times}."
    return _answer(_FORM.format(head=escape(_named(seen.alarm)), about=escape(about), person=escape(seen.person_id)))


@post(
    "/ack/{token:str}",
    opt={"permission": NOBODY_YET},
    before_request=throttle_acknowledging,
    status_code=200,
    include_in_schema=False,
)
async def ack(request: ApiRequest, services: Given, token: AckTokenInPath) -> Response[str]:
    """Acknowledge the alarm, in the name of whom was paged."""
    form = (await request.body())[:_MAX_FORM].decode("ascii", "replace")
    going = parse_qs(form).get("going") == ["yes"]
    try:
        done = await services.alarms.acknowledge_by_link(token, going=going)
    except RequestRefused as error:
        return _refused(error)
    said = f"{_named(done.alarm)}: acknowledged by {done.alarm.acknowledged_by}."
    if done.call_out is not None:
        said += f" Call-out {done.call_out} has begun: say when you are back."
    elif done.problem is not None:
        said += f" No call-out was recorded: {done.problem.message}. {done.problem.remedy.capitalize()}."
    return _answer(f"<h1>Acknowledged</h1><p>{escape(said)}</p>")


def _named(alarm: AlarmView) -> str:
    about = f"{alarm.label}: {alarm.kind.replace('-', ' ')}"
    return f"{about} ({alarm.deployment})" if alarm.deployment else about


def _refused(error: RequestRefused) -> Response[str]:
    problem = error.problem
    said = f"{problem.message}. {problem.remedy}".rstrip(" .") + "."
    return _answer(f"<h1>Nothing was done</h1><p>{escape(said)}</p>", error.status)


def _answer(inner: str, status: int = 200) -> Response[str]:
    # Litestar adds the charset of a text's media type.
    return Response(_PAGE.format(inner=inner), status_code=status, media_type="text/html", headers=_HEADERS)


HANDLERS = [ack_page, ack]
