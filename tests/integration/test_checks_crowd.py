"""Many viewers, one that does not read, and what a controller counts of all that."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fleet.checks.media import MAX_WATCHERS
from fleet.client import Refused
from fleet.client.session import Session
from protocols.api.checks import NewCheck, Verdict
from protocols.api.feed import Hello
from protocols.opening import Refused as UnitRefused
from tests.support.check_house import CheckHouse
from tests.support.mandate_house import UNIT
from tests.support.reporting import until

LIMIT_S = 60.0
_KEPT_BYTES = 4096


@pytest.fixture
async def token(house: CheckHouse) -> AsyncIterator[str]:
    """Of a session of TO-12."""
    session = Session(house.api.settings_of(house.keys["TO-12"]))
    yield (await session.sign_in()).token
    await session.close()


async def live(house: CheckHouse) -> str:
    """An opening whose picture is live."""
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    await house.stands(opening, "live")
    return opening


def preview(house: CheckHouse, opening: str, line: socket.socket | None = None) -> connect:
    """The preview's socket: over `line`, if there is one, of which little is read ahead."""
    trust = ssl.create_default_context(cafile=str(house.api.ca_file))
    url = f"{house.api.url.replace('https', 'wss')}/api/checks/{opening}/preview?columns=500&rows=300&frames_per_s=10"
    ahead = {} if line is None else {"sock": line, "server_hostname": "127.0.0.1"}
    return connect(url, ssl=trust, proxy=None, max_queue=1, ping_interval=None, **ahead)  # type: ignore[arg-type] # two keywords


async def said_hello(stack: AsyncExitStack, house: CheckHouse, opening: str, token: str) -> ClientConnection:
    """A viewer that has said who they are; they leave without a word, since a goodbye waits for a client that reads."""
    viewer = await stack.enter_async_context(preview(house, opening))
    stack.callback(viewer.transport.abort)
    await viewer.send(msgspec.json.encode(Hello(token)).decode())
    return viewer


async def closed(viewer: ClientConnection) -> tuple[int, str]:
    """Code and reason with which the controller ends a preview, whatever it says before."""
    async with asyncio.timeout(LIMIT_S):
        with suppress(ConnectionClosed):
            while True:
                await viewer.recv()
    return viewer.close_code or 0, viewer.close_reason or ""


def keep_little(house: CheckHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever keeps what a new client has not read be full soon: it would take minutes of a small picture."""
    [listening] = house.api.server._server.listener.sockets
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KEPT_BYTES)
    monkeypatch.setattr("asyncio.constants.FLOW_CONTROL_HIGH_WATER_SSL_WRITE", _KEPT_BYTES // 1024)


def counted(house: CheckHouse, name: str, **labels: str) -> float:
    """A figure of this controller."""
    metrics = house.api.services.checks._tools.metrics
    return metrics.registry.get_sample_value(f"muster_{name}", labels) or 0.0


async def test_a_preview_whose_client_does_not_read_is_no_viewer_for_long(
    house: CheckHouse, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.preview._SEND_LIMIT_S", 0.2)
    opening = await live(house)
    keep_little(house, monkeypatch)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KEPT_BYTES)
    line.settimeout(0)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", house.api.settings.api.port))
    seen: list[list[str]] = []

    async def watches() -> bool:
        seen.append((await house.door.check(opening)).viewers)
        return seen[-1] == ["TO-12"]

    async def nobody_does() -> bool:
        return not await watches()

    async with preview(house, opening, line) as viewer:
        await viewer.send(msgspec.json.encode(Hello(token)).decode())
        await until(watches)
        viewer.transport.pause_reading()
        await until(nobody_does, LIMIT_S)
        viewer.transport.abort()
    assert (await house.door.check(opening)).state == "live"


async def test_one_check_has_sixteen_viewers_and_the_next_is_told(house: CheckHouse, token: str) -> None:
    opening = await live(house)
    async with AsyncExitStack() as stack:
        viewers = [await said_hello(stack, house, opening, token) for _ in range(MAX_WATCHERS)]
        for viewer in viewers:
            async with asyncio.timeout(LIMIT_S):
                await viewer.recv()
        one_more = await said_hello(stack, house, opening, token)
        code, reason = await closed(one_more)
        assert (code, f"{MAX_WATCHERS} watch already" in reason) == (4409, True)
        viewers[0].transport.abort()

        async def let_in() -> bool:
            another = await said_hello(stack, house, opening, token)
            try:
                await another.recv()
            except ConnectionClosed:
                return False
            return True

        await until(let_in)


async def test_openings_begun_refused_and_live_are_counted(house: CheckHouse) -> None:
    with pytest.raises(Refused):
        await house.door.begin_check(UNIT, NewCheck(modalities=["video"]))
    assert counted(house, "openings_refused_total", rule="no-mandate") == 1
    opening = await live(house)
    assert (counted(house, "openings_begun_total"), counted(house, "streams_live")) == (1, 1)
    await house.door.close_check(opening, Verdict())
    assert counted(house, "streams_live") == 0
    house.unit.silent.add("GrantLease")
    again = (await house.begin("video")).opening
    await house.stands(again, "opening")
    await house.unit.say(UnitRefused(opening=again, rule="not-on-bench", detail="the lid is shut"))
    await house.stands(again, "refused")
    assert counted(house, "openings_refused_total", rule="not-on-bench") == 1
    assert (counted(house, "openings_begun_total"), counted(house, "streams_live")) == (2, 0)
