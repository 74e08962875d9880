"""Every way to take more of the API than one's share has a bound; docs/api-bounds.md lists them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from fleet.store.changes import Change
from protocols.api.feed import Hello, Watch
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.waiting import until

LIMIT_S = 60.0
ASK = b"GET /join/ca HTTP/1.1\r\nHost: here\r\n\r\n"
TOKEN = "0" * 43


def _trust(api: RunningApi) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(api.ca_file))


@contextlib.asynccontextmanager
async def _pipe(api: RunningApi) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(api.url).port, ssl=_trust(api))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _all(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side hangs up."""
    got = b""
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                got += part
    return got


async def _engineer(api: RunningApi) -> None:
    await api.add_person("TO-12", "engineer")
    async with api.services.store.transaction() as transaction:
        await transaction.sessions.open(TOKEN, "TO-12", api.services.clock(), "test")


async def test_only_a_few_requests_may_wait_on_a_connection(api: RunningApi) -> None:
    async with _pipe(api) as (reader, writer):
        writer.write(ASK * 6)
        async with asyncio.timeout(LIMIT_S):
            for _ in range(6):
                await reader.readuntil(b"HTTP/1.1 200 OK\r\n")
    async with _pipe(api) as (reader, writer):
        writer.write(ASK * 1000)
        assert (await _all(reader)).count(b"HTTP/1.1 200") < 20


async def test_a_body_without_a_stated_length_ends_at_64_kib(api: RunningApi) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b" " * 1024

    async with httpx.AsyncClient(verify=_trust(api), trust_env=False, timeout=LIMIT_S) as door:
        with contextlib.suppress(httpx.TransportError):
            answer = await door.post(
                api.url + "/api/challenge", content=endless(), headers={"content-type": "application/json"}
            )
            assert answer.status_code == 413
        assert (await door.get(api.url + "/join/ca")).status_code == 200


async def test_tls_is_not_negotiated_again(api: RunningApi) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{httpx.URL(api.url).port}", "-tls1_2", "-CAfile"]
    process = await asyncio.create_subprocess_exec(
        *command,
        str(api.ca_file),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT_S):
        # The command `R` of s_client at the beginning of a line asks for another handshake.
        told, _ = await process.communicate(b"R\n")
    assert b"RENEGOTIATING" in told
    assert b"no renegotiation" in told


async def test_an_answer_that_is_not_taken_is_not_kept(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.api.deadlines._ANSWER_LIMIT_S", 0.1)
    await _engineer(api)
    units = {f"unit-{number:08}": "x" * 40 for number in range(500)}
    await add_units(api.services.store, "TO-12", units, api.services.clock())
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.settimeout(0)
    await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", httpx.URL(api.url).port))
    _reader, writer = await asyncio.open_connection(sock=slow, ssl=_trust(api), server_hostname="127.0.0.1", limit=1024)
    try:
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        ask = (
            b"GET /api/units?limit=500 HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n"
        )

        async def dropped() -> bool:
            writer.write(ask)  # the kernel takes megabytes for somebody who does not read
            return all(guest.is_gone() for guest in api.services.guests._present.values())

        await until(dropped)
    finally:
        writer.transport.abort()


async def test_a_feed_whose_client_does_not_read_ends(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.api.feed._SEND_LIMIT_S", 0.5)
    monkeypatch.setattr("fleet.api.feed._PAUSE_S", 0.0)
    await _engineer(api)
    units = {f"unit-{number:08}": "x" * 40 for number in range(500)}
    await add_units(api.services.store, "TO-12", units, api.services.clock())
    hub = api.services.hub
    url = api.url.replace("https", "wss") + "/api/feed"
    async with connect(url, ssl=_trust(api), proxy=None, compression=None, max_queue=1) as feed:
        await feed.send(msgspec.json.encode(Hello(TOKEN)).decode())
        await feed.send(msgspec.json.encode(Watch(units=list(units))).decode())
        await feed.recv()
        transport = feed.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

        async def ended() -> bool:
            for subscription in list(hub._subscriptions):
                subscription.put(Change(units=set(units)))
            return not hub._subscriptions

        await until(ended)
        transport.abort()


async def test_a_feed_is_nothing_before_hello(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.api.feed._HELLO_LIMIT_S", 0.5)
    url = api.url.replace("https", "wss") + "/api/feed"
    async with connect(url, ssl=_trust(api), proxy=None) as feed, asyncio.timeout(LIMIT_S):
        with pytest.raises(ConnectionClosed) as closed:
            await feed.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4400
    async with connect(url, ssl=_trust(api), proxy=None) as feed, asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionClosed):
            await feed.send("x" * (1 << 20))
        with pytest.raises(ConnectionClosed):
            await feed.recv()
    assert not api.services.hub._subscriptions


async def test_wrong_sign_ins_in_anybodys_name_lock_nobody_out_and_write_little(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.add_person("TO-12", "engineer")
    monkeypatch.setattr(api.services.sign_in_limit, "_capacity", 10.0)
    monkeypatch.setattr(api.services.sign_in_limit, "_per_s", 0.0)
    attempt = {"person_id": "TO-12", "nonce": "0" * 112, "signature": "none"}
    statuses: list[int] = []
    for number in range(2, 6):
        transport = httpx.AsyncHTTPTransport(verify=_trust(api), local_address=f"127.0.0.{number}", trust_env=False)
        async with httpx.AsyncClient(transport=transport, timeout=LIMIT_S) as stranger:
            statuses += [(await stranger.post(api.url + "/api/session", json=attempt)).status_code for _ in range(15)]
    assert (statuses.count(401), statuses.count(429)) == (40, 20)
    assert await owner.fetchval("SELECT count(*) FROM event WHERE kind = 'sign-in-refused'") == 4
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'session.refused'") == 4
    async with httpx.AsyncClient(verify=_trust(api), trust_env=False, timeout=LIMIT_S) as own:
        answer = await own.post(api.url + "/api/challenge", json={"person_id": "TO-12"})
        assert answer.status_code == 200, "from an address of their own, the person is asked for a signature as ever"
