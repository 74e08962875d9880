"""The websocket by which a terminal watches a check: the newest picture, and how it stands about once a second."""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.params import QueryParameter

from fleet.api.access import NOBODY_YET
from fleet.api.parameters import OpeningInPath
from fleet.api.services import Given, Services
from fleet.checks.access import is_over
from fleet.checks.media import Watcher
from fleet.checks.runner import CheckRunner
from fleet.errors import RequestRefused, StoreUnavailable
from fleet.media.errors import MediaError
from fleet.media.preview import Preview, PreviewWish
from protocols.api.checks import CheckView, PreviewNews, StreamFigures, WishChanged
from protocols.api.feed import Hello
from protocols.people import may

_log = structlog.get_logger(__name__)
_encoder = msgspec.json.Encoder()
_hello = msgspec.json.Decoder(Hello)
_wish = msgspec.json.Decoder(WishChanged)

_HELLO_LIMIT_S = 10.0
_SEND_LIMIT_S = 20.0
_SESSION_CHECK_S = 5.0
_NEWS_S = 1.0
_SLOW_NEWS_S = 3.0
_SLOW_KBIT_S = 64
_LAST_NEWS_LIMIT_S = 2.0
_MAX_MESSAGE_CHARS = 4096
_WISH_PAUSE_S = 0.5
"""The next wish is read so long after one: a new one is drawn for at once."""
_STILL_FRAMES_PER_S = 1.0
"""Whoever takes a still may wait for a good one; more would be watching."""
_PIXELS_PER_COLUMN = 2
"""Terminals with pixels show more than half blocks do."""
CLOSE_BAD_MESSAGE, CLOSE_NOT_SIGNED_IN, CLOSE_NOT_ALLOWED = 4400, 4401, 4403
CLOSE_UNKNOWN, CLOSE_CONFLICT, CLOSE_TRY_LATER = 4404, 4409, 1013

Socket = WebSocket[object, object, State]
Columns = Annotated[int, QueryParameter(ge=10, le=500)]
Rows = Annotated[int, QueryParameter(ge=4, le=300)]
Rate = Annotated[float, QueryParameter(gt=0, le=10)]
KbitS = Annotated[int, QueryParameter(ge=0, le=100_000)]
"""0: no limit."""
Means = Annotated[Literal["terminal", "still"], QueryParameter()]
"""How the viewer counts: somebody who watches, or a command that takes one still."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a viewer asked for."""

    way: Means
    kbit_s: int
    columns: int
    frames_per_s: float

    @property
    def is_slow(self) -> bool:
        """Whether the line is too thin for more than the picture."""
        return 0 < self.kbit_s <= _SLOW_KBIT_S

    @property
    def pictures(self) -> PreviewWish:
        """What to draw."""
        width = self.columns if self.is_slow else self.columns * _PIXELS_PER_COLUMN
        rate = min(self.frames_per_s, _STILL_FRAMES_PER_S) if self.way == "still" else self.frames_per_s
        return PreviewWish(width=width, frames_per_s=rate, kbit_s=float(self.kbit_s) or None)


class _ClosedByRule(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


# Hello carries the token, as in the feed: the handler itself asks for a session and its permission.
@websocket("/api/checks/{opening:str}/preview", opt={"permission": NOBODY_YET})
async def preview(
    socket: Socket,
    services: Given,
    opening: OpeningInPath,
    columns: Columns = 80,
    rows: Rows = 24,  # noqa: ARG001  the picture keeps its shape: its width decides
    frames_per_s: Rate = 5.0,
    kbit_s: KbitS = 0,
    way: Means = "terminal",
) -> None:
    """Serve one viewer until they leave, their session ends, or the check does."""
    await socket.accept()
    wish = _Wish(way, kbit_s, columns, frames_per_s)
    try:
        await _serve(socket, services, opening, wish)
    except* WebSocketDisconnect:
        pass
    except* _ClosedByRule as group:
        await _close(socket, _first(group))
    except* RequestRefused as group:
        refused = group.exceptions[0]
        message = refused.problem.message if isinstance(refused, RequestRefused) else str(refused)
        await _close(socket, _ClosedByRule(CLOSE_CONFLICT, message[:100]))
    except* (MediaError, StoreUnavailable) as group:
        _log.warning("a preview was lost", opening=opening, detail=str(group.exceptions[0]))
        await _close(socket, _ClosedByRule(CLOSE_TRY_LATER, "the preview was lost: try again"))


async def _serve(socket: Socket, services: Services, opening: str, wish: _Wish) -> None:
    token, person_id = await _hello_of(socket, services)
    services.guests.settle(socket.scope["client"])
    runner = services.checks.runner(opening)
    if runner is None or runner.ended.is_set():
        await _tell_end(socket, services, opening)
        return
    watcher = runner.media.come(person_id, wish.way)
    try:
        await _Watching(socket, services, runner, watcher, wish).until_over(token)
    finally:
        runner.media.go(watcher)


class _Watching:
    """One viewer at a check."""

    def __init__(self, socket: Socket, services: Services, runner: CheckRunner, watcher: Watcher, wish: _Wish) -> None:
        self._socket = socket
        self._services = services
        self._runner = runner
        self._watcher = watcher
        self._wish = wish
        self._shown: Preview | None = None
        self._news_s = _SLOW_NEWS_S if wish.is_slow else _NEWS_S
        self._told_s = 0.0
        self._clock = asyncio.get_running_loop().time

    async def until_over(self, token: str) -> None:
        """Show pictures and news until the check is over, whoever watches leaves, or their session ends."""
        others = [
            asyncio.create_task(self._listen(), name="preview: listen"),
            asyncio.create_task(self._stay_signed_in(token), name="preview: session"),
        ]
        speaking = asyncio.create_task(self._speak(), name="preview: speak")
        try:
            done, _ = await asyncio.wait({speaking, *others}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (speaking, *others):
                task.cancel()
            await asyncio.gather(speaking, *others, return_exceptions=True)

    async def _speak(self) -> None:
        while not self._runner.ended.is_set():
            if self._runner.is_live and self._runner.media.is_wanted:
                await self._show()
            else:
                await self._tell(None)
                awaited = self._runner.ended if self._runner.settled.is_set() else self._runner.settled
                await _first_of(awaited.wait(), self._news_s / 2)
        await _tell_end(self._socket, self._services, self._runner.check.opening)

    async def _show(self) -> None:
        """Be written down as a viewer, then be shown what comes."""
        async with self._services.store.transaction() as transaction:
            await self._runner.media.admit(transaction, self._watcher)
        self._runner.media.admitted(self._watcher)
        self._shown = self._runner.media.sit(self._watcher, self._wish.pictures)
        try:
            async for glimpse in self._shown:
                if glimpse.picture is not None:
                    await self._send(glimpse.picture.jpeg)
                await self._tell(glimpse.figures)
        finally:
            await self._shown.close()
        await _first_of(self._runner.ended.wait(), _LAST_NEWS_LIMIT_S)
        if not self._runner.ended.is_set():
            raise _ClosedByRule(CLOSE_TRY_LATER, "the preview was lost: try again")

    async def _tell(self, figures: StreamFigures | None) -> None:
        now_s = self._clock()
        if now_s - self._told_s >= self._news_s:
            self._told_s = now_s
            await self._send(_encoder.encode(self._runner.news(figures)).decode())

    async def _send(self, message: bytes | str) -> None:
        await _send(self._socket, message)

    async def _listen(self) -> None:
        """Show what the viewer wishes for now; this also notices when they go."""
        while True:
            text = await self._socket.receive_text()
            try:
                wished = _wish.decode(text[:_MAX_MESSAGE_CHARS])
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                raise _ClosedByRule(CLOSE_BAD_MESSAGE, "only wishes may follow hello") from error
            self._wish = replace(self._wish, columns=wished.columns, frames_per_s=wished.frames_per_s)
            if self._shown is not None:
                self._shown.change(self._wish.pictures)
            await asyncio.sleep(_WISH_PAUSE_S)

    async def _stay_signed_in(self, token: str) -> None:
        while True:
            await asyncio.sleep(_SESSION_CHECK_S)
            await _person(self._services, token)


async def _hello_of(socket: Socket, services: Services) -> tuple[str, str]:
    try:
        async with asyncio.timeout(_HELLO_LIMIT_S):
            text = await socket.receive_text()
        hello = _hello.decode(text[:_MAX_MESSAGE_CHARS])
    except (TimeoutError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _ClosedByRule(CLOSE_BAD_MESSAGE, "the first message must be hello") from error
    return hello.token, await _person(services, hello.token)


async def _person(services: Services, token: str) -> str:
    try:
        person = await services.signing_in.person_of(token, counts_as_use=False)
    except RequestRefused as error:
        raise _ClosedByRule(CLOSE_NOT_SIGNED_IN, error.problem.message) from error
    if not may(person.role, "check-unit"):
        raise _ClosedByRule(CLOSE_NOT_ALLOWED, f"the role {person.role} may not check units")
    return person.person_id


async def _tell_end(socket: Socket, services: Services, opening: str) -> None:
    """The last news of a check that is over."""
    runner = services.checks.runner(opening)
    if runner is not None:
        await _send(socket, _encoder.encode(runner.news()).decode())
    else:
        try:
            view = await services.checks.view(opening)
        except RequestRefused as error:
            raise _ClosedByRule(CLOSE_UNKNOWN, error.problem.message) from error
        if not is_over(view):
            raise _ClosedByRule(CLOSE_CONFLICT, "another controller has this check: ask that one")
        await _send(socket, _encoder.encode(_news_of(view)).decode())
    raise _ClosedByRule(1000, "the check is over")


def _news_of(view: CheckView) -> PreviewNews:
    return PreviewNews(
        state=view.state,
        reason=view.reason,
        detail=view.detail,
        lease_left_s=0,
        used_s=view.open_s or 0,
        minutes_per_day=0,
        viewers=[],
        figures=StreamFigures(),
    )


async def _send(socket: Socket, message: bytes | str) -> None:
    try:
        async with asyncio.timeout(_SEND_LIMIT_S):
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
    except TimeoutError as error:
        raise _ClosedByRule(CLOSE_TRY_LATER, "the client does not read") from error


async def _first_of(awaited: Awaitable[object], limit_s: float) -> None:
    """Wait for `awaited`, at most `limit_s`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await awaited


def _first(group: BaseExceptionGroup[_ClosedByRule]) -> _ClosedByRule:
    first = group.exceptions[0]
    return first if isinstance(first, _ClosedByRule) else _first(first)


async def _close(socket: Socket, cause: _ClosedByRule) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(_SEND_LIMIT_S):
            await socket.close(code=cause.code, reason=cause.reason)


HANDLERS = [preview]
