"""A real headless Chromium, spoken to over its own DevTools protocol."""

import asyncio
import json
import re
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.waiting import until

_UP_LIMIT_S = 30.0
_ANSWER_LIMIT_S = 20.0
_LISTENING = re.compile(r"DevTools listening on (ws://\S+)")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--ignore-certificate-errors",
    "--remote-debugging-port=0",
    "about:blank",
)
"""Whose certificate the page has is the API's tests' matter, not the browser's."""


class Tab:
    """One page of the browser."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket = socket
        self._session = session
        self._numbers = count(1000)

    async def open(self, url: str) -> None:
        """Go to `url`; returns when the page has begun to load."""
        await self.say("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """What `script` comes to, once it is settled."""
        answer = await self.say("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, script: str, limit_s: float = 30.0) -> None:
        """Wait until `script` comes to something true."""

        async def holds() -> bool:
            return bool(await self.evaluate(script))

        try:
            await until(holds, limit_s)
        except TimeoutError:
            body = await self.evaluate("document.body ? document.body.innerText : '(no body)'")
            raise AssertionError(f"{script} did not become true within {limit_s} s; the page says:\n{body}") from None

    async def say(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, "sessionId": self._session}
        return await _ask(self._socket, message)


async def _ask(socket: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    await socket.send(json.dumps(message))
    async with asyncio.timeout(_ANSWER_LIMIT_S):
        while True:
            answer: dict[str, Any] = json.loads(await socket.recv())
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise AssertionError(f"{message['method']}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result


@asynccontextmanager
async def chromium() -> AsyncIterator[Tab]:
    """A browser with one empty page, its profile in a folder of its own that goes with it."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            "chromium", f"--user-data-dir={profile}", *_OPTIONS, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        complaints: list[str] = []
        try:
            async with asyncio.timeout(_UP_LIMIT_S):
                url = await _listening(process, complaints)
            draining = asyncio.create_task(_drain(process, complaints), name="chromium's words")
            try:
                async with connect(url, max_size=None, proxy=None) as socket:
                    target = await _ask(
                        socket, {"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}
                    )
                    attach = {"targetId": target["targetId"], "flatten": True}
                    session = await _ask(socket, {"id": 2, "method": "Target.attachToTarget", "params": attach})
                    yield Tab(socket, session["sessionId"])
                    with suppress(Exception):  # it may go before it answers
                        await _ask(socket, {"id": 3, "method": "Browser.close"})
            finally:
                draining.cancel()
        finally:
            await _ended(process)


async def _listening(process: asyncio.subprocess.Process, complaints: list[str]) -> str:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        complaints.append(line.decode(errors="replace"))
        found = _LISTENING.search(complaints[-1])
        if found is not None:
            return found[1]
    raise AssertionError("chromium did not come up: " + "".join(complaints[-20:]))


async def _drain(process: asyncio.subprocess.Process, complaints: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        complaints.append(line.decode(errors="replace"))
        del complaints[:-50]


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
