"""HTTP that does not wait for ever: each part of a request and its answer has a time by which it must be over."""

import asyncio
from typing import Any, Literal

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fleet.api.peer import tls_extension

_HEAD_LIMIT_S = 10.0
_BODY_LIMIT_S = 10.0
_ANSWER_LIMIT_S = 60.0
_MAX_HEAD_BYTES = 64 * 1024
_MAX_WAITING = 8

Phase = Literal["idle", "head", "body", "answer"]


class PunctualHttp(HttpToolsProtocol):
    """A connection is dropped when the head of a request is not complete 10 s after it was accepted or after the
    request's first byte, its body not 10 s later, or the answer not taken within a minute; when a head is longer than
    64 KiB, or eight requests wait for their answers already. Between requests the server's keep-alive limit holds;
    once upgraded, the websocket's own limits do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase: Phase = "idle"
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """The head of the first request is due."""
        super().connection_made(transport)
        self._enter("head", _HEAD_LIMIT_S)

    def data_received(self, data: bytes) -> None:
        """Bytes between requests begin the next head, even those that the parser skips."""
        if self._phase == "idle":
            self._enter("head", _HEAD_LIMIT_S)
        if self._phase == "head":
            self._head_bytes += len(data)
        super().data_received(data)
        if self._phase == "head" and self._head_bytes > _MAX_HEAD_BYTES:
            self._drop()

    def on_message_begin(self) -> None:
        """The request may want to know who the client's certificate says it is."""
        super().on_message_begin()
        self.scope["extensions"] = {"tls": tls_extension(self.transport)}

    def on_headers_complete(self) -> None:
        """The body is due. Raises HttpParserError, which the base answers with 400, when too many requests wait."""
        if len(self.pipeline) >= _MAX_WAITING:
            raise HttpParserError("too many requests sent without waiting for an answer")
        self._enter("body", _BODY_LIMIT_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The answer is due, unless it was given before the body had come."""
        super().on_message_complete()
        if self.cycle is not None and self.cycle.response_complete:
            self._enter("idle", None)
        else:
            self._enter("answer", _ANSWER_LIMIT_S)

    def on_response_complete(self) -> None:
        """The next pipelined answer is due, or nothing."""
        pipelined = bool(self.pipeline)
        super().on_response_complete()
        if pipelined:
            self._enter("answer", _ANSWER_LIMIT_S)
        elif self._phase == "answer":
            self._enter("idle", None)

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is the websocket's."""
        self._enter("idle", None)
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._enter("idle", None)
        super().connection_lost(exc)

    def _enter(self, phase: Phase, limit_s: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._phase, self._head_bytes = phase, 0
        self._deadline = None if limit_s is None else self.loop.call_later(limit_s, self._drop)

    def _drop(self) -> None:
        # Not closed but dropped: a client that is late for this would be late for the closing of TLS too.
        self.transport.abort()
