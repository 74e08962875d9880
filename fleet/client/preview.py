"""A check as a terminal sees it: JPEG pictures and news over one websocket, taken up again when the line drops."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from fleet.client.errors import ClientError, NotReachable, Refused, UnexpectedAnswer
from fleet.client.session import Session, why_unreachable
from protocols.api.checks import RESUME_S, PreviewNews, WishChanged
from protocols.api.feed import Hello
from protocols.api.problems import Problem
from protocols.backoff import Backoff
from protocols.joining import API_TLS_NAME

OPEN_WAIT_S = 15.0
SILENCE_S = 12.0
"""News come once a second; a line that says nothing for so long is taken as lost."""
MAX_PICTURE_BYTES = 1024 * 1024
_MAX_NEWS = 16
_SEND_LIMIT_S = 5.0
_NORMAL, _REFUSED = 1000, range(4400, 4500)

Item = bytes | PreviewNews
"""A JPEG picture, or how the check stands."""


class Preview:
    """An asynchronous iterator of Item; enter it to connect, leave it to go.

    It ends when the check has. Only the newest picture waits to be taken. A lost line is taken up again for as long as
    the check outlives its viewers (20 s). Iterating raises Refused, NotReachable, CertificateNotTrusted or
    UnexpectedAnswer when there is nothing more to come because of that.
    """

    def __init__(self, session: Session, opening: str, wish: Mapping[str, Any]) -> None:
        self._session = session
        self._path = f"/api/checks/{opening}/preview"
        self._wish = {key: value for key, value in wish.items() if value is not None}
        self._picture: bytes | None = None
        self._news: deque[PreviewNews] = deque(maxlen=_MAX_NEWS)
        self._arrived = asyncio.Event()
        self._heard_s = 0.0
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="preview")
        self._task.add_done_callback(lambda _: self._arrived.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, ClientError):
                await self._task

    async def change(self, columns: int, frames_per_s: float) -> None:
        """Wish for pictures of `columns` from now on, `frames_per_s` at the most: it is the same viewer.

        What a line that is lost does not take is wished for when it is taken up again.
        """
        self._wish |= {"columns": columns, "frames_per_s": frames_per_s}
        if self._socket is not None:
            wish = WishChanged(columns=columns, frames_per_s=frames_per_s)
            with suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(_SEND_LIMIT_S):
                    await self._socket.send(msgspec.json.encode(wish).decode())

    async def __aiter__(self) -> AsyncIterator[Item]:
        assert self._task is not None, "to be entered first"
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._news or self._picture is not None:
                if self._news:
                    yield self._news.popleft()
                elif self._picture is not None:
                    picture, self._picture = self._picture, None
                    yield picture
            if self._task.done():
                self._task.result()
                return

    async def _run(self) -> None:
        """Connect again and again while the check may still be there."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(base_s=0.2, cap_s=3.0)
        self._heard_s = loop.time()
        while True:
            began_s = loop.time()
            lost = await self._attempt()
            if lost is None:
                return
            if self._heard_s > began_s:
                backoff.reset()
            if loop.time() - self._heard_s > RESUME_S:
                raise lost
            await asyncio.sleep(backoff.next_s())

    async def _attempt(self) -> ClientError | None:
        """Stay connected as long as it lasts: None when the check has ended, else what broke the line."""
        settings = self._session.settings
        url = settings.url.replace("https://", "wss://", 1) + f"{self._path}?{urlencode(self._wish)}"
        token = await self._session.token_other_than(None)
        try:
            async with connect(
                url,
                ssl=self._session.pin.context,
                server_hostname=API_TLS_NAME,
                proxy=None,
                open_timeout=OPEN_WAIT_S,
                ping_interval=None,
                close_timeout=2,
                max_size=MAX_PICTURE_BYTES,
                max_queue=2,
                compression=None,
            ) as socket:
                await socket.send(msgspec.json.encode(Hello(token)).decode())
                self._socket = socket
                await self._read(socket)
        except InvalidStatus as error:
            return NotReachable(settings.url, f"the preview answered HTTP {error.response.status_code}")
        except ConnectionClosed as error:
            return _why_closed(error, settings.url)
        except msgspec.DecodeError as error:
            raise UnexpectedAnswer(f"WS {self._path}", 101, str(error)) from error
        except TimeoutError:
            return NotReachable(settings.url, "the preview is silent")
        except (OSError, WebSocketException) as error:
            return why_unreachable(error, settings)
        finally:
            self._socket = None
        return None

    async def _read(self, socket: ClientConnection) -> None:
        """Take what comes; a line without any is lost (TimeoutError)."""
        while True:
            async with asyncio.timeout(SILENCE_S):
                message = await socket.recv()
            self._heard_s = asyncio.get_running_loop().time()
            if isinstance(message, bytes):
                self._picture = message
            else:
                self._news.append(msgspec.json.decode(message, type=PreviewNews))
            self._arrived.set()


def _why_closed(error: ConnectionClosed, url: str) -> ClientError | None:
    """None when the check has ended; raises Refused when the controller will not let this client watch."""
    if error.rcvd is None:
        return NotReachable(url, "the line of the preview was lost")
    if error.rcvd.code == _NORMAL:
        return None
    if error.rcvd.code in _REFUSED:
        raise Refused(error.rcvd.code - 4000, Problem(code="preview", message=error.rcvd.reason, remedy=""))
    return NotReachable(url, error.rcvd.reason or f"the preview was closed with {error.rcvd.code}")
