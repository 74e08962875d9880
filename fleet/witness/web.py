"""The witness's two addresses over HTTP (C2SP tlog-witness), as a small ASGI application.

POST /add-checkpoint              a request; its cosignature, or why not
GET  /<origin hash>/checkpoint    the latest checkpoint, cosigned
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from fleet.witness.requests import MAX_REQUEST_BYTES
from fleet.witness.witness import Answer, Witness

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
GUEST = "guest"
"""In a scope's state: the connection, as a `Guest`."""
_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")


class WitnessWeb:
    """The application that asks `witness`."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] == "http":
            answer = await self._answer(scope["method"], scope["path"], receive)
            if answer is not None:
                if answer.moved_on and GUEST in scope.get("state", {}):
                    scope["state"][GUEST].known = True
                await _send(answer, send)

    async def _answer(self, method: str, path: str, receive: Receive) -> Answer | None:
        wanted = _CHECKPOINT.fullmatch(path)
        if path != "/add-checkpoint" and wanted is None:
            return Answer(HTTPStatus.NOT_FOUND, "a witness has /add-checkpoint and /<origin hash>/checkpoint\n")
        if method != ("POST" if wanted is None else "GET"):
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, "POST to /add-checkpoint, GET /<origin hash>/checkpoint\n")
        if wanted is not None:
            return self._witness.checkpoint(wanted[1])
        body = await _body(receive)
        if body is None:
            return None
        if len(body) > MAX_REQUEST_BYTES:
            detail = f"a request has at most {MAX_REQUEST_BYTES} bytes\n"
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        return self._witness.add_checkpoint(body)


async def _body(receive: Receive) -> bytes | None:
    """The request's body, no further than one byte or message above the limit; None when the asker has gone."""
    body = b""
    while len(body) <= MAX_REQUEST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message["body"]
        if not message["more_body"]:
            break
    return body


async def _send(answer: Answer, send: Send) -> None:
    content = answer.body.encode()
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(content)).encode())]
    if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"GET, POST"))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": content, "more_body": False})
