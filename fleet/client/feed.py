"""The feed of changes: one websocket, kept up, with what the console watches remembered over reconnects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from fleet.client.inbox import FeedItem, Inbox, LinkDown, LinkUp
from fleet.client.session import Session, why_unreachable
from protocols.api.feed import Hello, ServerMessage, Watch
from protocols.backoff import Backoff
from protocols.joining import API_TLS_NAME

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PING_EVERY_S = 5.0
SLOW_AFTER_S = 1.0
PONG_WAIT_S = 12.0
OPEN_WAIT_S = 15.0
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
SESSION_ENDED_CODE = 4401
"""The close code by which the controller says that the token is no longer good."""

_ENDED_STATUSES = frozenset({401, 403})


class _Ending(NamedTuple):
    """How a connection ended; `signed_out` when the controller no longer takes the token."""

    detail: str
    signed_out: bool = False


class ChangeFeed:
    """An asynchronous iterator of FeedItem; enter it to connect, leave it to disconnect.

    Nothing here signs in: when the session has ended the feed says so (LinkDown with `signed_out`) and waits for the
    next request of a person to renew it, so that an unattended screen does not keep a session alive.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._inbox = Inbox()
        self._arrived = asyncio.Event()
        self._watch = Watch()
        self._watch_changed = asyncio.Event()
        self._down_since: datetime | None = None
        self._is_up = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="change feed")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def watch(self, watch: Watch) -> None:
        """What is shown now; sent at once when connected, and after every reconnect."""
        if watch != self._watch:
            self._watch = watch
            self._watch_changed.set()

    async def __aiter__(self) -> AsyncIterator[FeedItem]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            for item in self._inbox.take():
                yield item

    def _put(self, item: FeedItem) -> None:
        self._inbox.put(item)
        self._arrived.set()

    async def _run(self) -> None:
        """Connect again and again; the waits start afresh after each connection that worked."""
        backoff = Backoff(base_s=0.5, cap_s=15.0)
        refused_token: str | None = None
        while True:
            token = await self._session.token_other_than(refused_token)
            self._is_up = False
            ending = await self._attempt(token)
            if self._is_up:
                backoff.reset()
            self._down_since = self._down_since or datetime.now(UTC)
            self._put(LinkDown(self._down_since, ending.detail, ending.signed_out))
            refused_token = token if ending.signed_out else None
            if not ending.signed_out:
                await asyncio.sleep(backoff.next_s())

    async def _attempt(self, token: str) -> _Ending:
        """Connect and stay connected as long as it lasts; how it ended."""
        from websockets.asyncio.client import connect  # noqa: PLC0415 - commands import this module, and watch nothing
        from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException  # noqa: PLC0415 - as above

        settings = self._session.settings
        url = settings.url.replace("https://", "wss://", 1) + "/api/feed"
        try:
            async with connect(
                url,
                ssl=self._session.pin.context,
                server_hostname=API_TLS_NAME,
                proxy=None,
                open_timeout=OPEN_WAIT_S,
                ping_interval=None,
                close_timeout=2,
                max_size=MAX_MESSAGE_BYTES,
            ) as socket:
                await socket.send(msgspec.json.encode(Hello(token)).decode())
                await self._converse(socket)
        except InvalidStatus as error:
            ended = error.response.status_code in _ENDED_STATUSES
            return _Ending(f"the feed answered HTTP {error.response.status_code}", signed_out=ended)
        except ConnectionClosed as error:
            ended = error.rcvd is not None and error.rcvd.code == SESSION_ENDED_CODE
            return _Ending("the session has ended" if ended else f"the feed closed: {error}", signed_out=ended)
        except msgspec.DecodeError as error:
            return _Ending(f"the feed sent what this version does not understand ({error}); update the older")
        except TimeoutError:
            return _Ending("the controller does not answer")
        except (OSError, WebSocketException) as error:
            return _Ending(str(why_unreachable(error, settings)))
        return _Ending("the feed closed")

    async def _converse(self, socket: "ClientConnection") -> None:
        """Read, ping and send what is watched until one of them fails; raises that failure."""
        self._watch_changed.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_watches(socket), name="feed watches")
                tasks.create_task(self._ping(socket), name="feed pings")
                tasks.create_task(self._read(socket), name="feed reader")
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def _read(self, socket: "ClientConnection") -> None:
        while True:
            self._put(msgspec.json.decode(await socket.recv(), type=ServerMessage))

    async def _send_watches(self, socket: "ClientConnection") -> None:
        while True:
            await self._watch_changed.wait()
            self._watch_changed.clear()
            await socket.send(msgspec.json.encode(self._watch).decode())

    async def _ping(self, socket: "ClientConnection") -> None:
        """Measure the round trip, and tell of a slow one while it lasts; one beyond its limit ends the connection."""
        while True:
            pong = asyncio.ensure_future(await socket.ping())
            sent_at = monotonic()
            while not (await asyncio.wait({pong}, timeout=SLOW_AFTER_S))[0]:
                waited_s = monotonic() - sent_at
                if waited_s > PONG_WAIT_S:
                    raise TimeoutError
                if self._is_up:
                    self._put(LinkUp(waited_s * 1000.0))
            latency_s = await pong
            self._is_up = True
            self._down_since = None
            self._put(LinkUp(latency_s * 1000.0))
            await asyncio.sleep(PING_EVERY_S)
