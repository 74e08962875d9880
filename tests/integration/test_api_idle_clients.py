"""Clients that hold connections without using them are hung up on, and do not keep others out."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from fleet.api.listener import connection_cap
from protocols.api.feed import Hello, Watch
from tests.support.controller import RunningApi
from tests.support.waiting import until

LIMIT_S = 60.0
SHORT_S = 1.0
HALF_HEAD = b"POST /join HTTP/1.1\r\nHost: here\r\n"
HALF_BODY = HALF_HEAD + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _trust(api: RunningApi) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(api.ca_file))


async def _pipe(api: RunningApi, source: str, sent: bytes) -> Pipe:
    port = httpx.URL(api.url).port
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=_trust(api), server_hostname="127.0.0.1", local_addr=(source, 0)
    )
    writer.write(sent)
    return reader, writer


@contextlib.asynccontextmanager
async def _pipes(api: RunningApi, source: str, sent: list[bytes]) -> AsyncIterator[list[Pipe]]:
    opened = await asyncio.gather(*(_pipe(api, source, part) for part in sent), return_exceptions=True)
    pipes = [pipe for pipe in opened if not isinstance(pipe, BaseException)]
    try:
        yield pipes
    finally:
        for _, writer in pipes:
            writer.transport.abort()


async def _hung_up(pipe: Pipe) -> None:
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(OSError):
            while await pipe[0].read(1024):
                pass


def _elsewhere(api: RunningApi) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(verify=_trust(api), local_address="127.0.0.2", trust_env=False)
    return httpx.AsyncClient(transport=transport, timeout=LIMIT_S)


async def _token(api: RunningApi) -> str:
    token = "0" * 43
    await api.add_person("TO-12", "engineer")
    async with api.services.store.transaction() as transaction:
        await transaction.sessions.open(token, "TO-12", api.services.clock(), "test")
    return token


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    monkeypatch.setattr("fleet.api.deadlines._HEAD_LIMIT_S", SHORT_S)
    monkeypatch.setattr("fleet.api.deadlines._BODY_LIMIT_S", SHORT_S)
    monkeypatch.setattr("fleet.api.listener._HANDSHAKE_LIMIT_S", SHORT_S)


async def test_silent_and_slow_clients_are_hung_up_on_and_keep_nobody_out(
    api: RunningApi, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.guests.MAX_STRANGERS_PER_PAYER", 20)
    sent = [b"", HALF_HEAD, HALF_BODY, b"\r\n"] * 10
    async with _pipes(api, "127.0.0.1", sent) as idle:
        assert idle
        assert len(api.services.guests) <= 20
        async with _elsewhere(api) as other:
            assert (await other.get(api.url + "/join/ca")).content == api.services.authority.roots_pem
        for pipe in idle:
            await _hung_up(pipe)
    async with _pipes(api, "127.0.0.1", [b"GET /join/ca HTTP/1.1\r\nHost: here\r\n\r\n"]) as (again,):
        assert (await again[0].readline()).startswith(b"HTTP/1.1 200")


async def test_a_client_that_never_begins_tls_is_hung_up_on(api: RunningApi, short: None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(api.url).port)
    try:
        await _hung_up((reader, writer))
    finally:
        writer.transport.abort()


async def test_one_that_dawdles_after_an_answer_is_hung_up_on(api: RunningApi, short: None) -> None:
    async with _pipes(api, "127.0.0.1", [b"GET /join/ca HTTP/1.1\r\nHost: here\r\n\r\n"]) as (pipe,):
        assert (await pipe[0].readline()).startswith(b"HTTP/1.1 200")
        pipe[1].write(b"\r\n")
        await _hung_up(pipe)


async def test_a_head_without_end_is_hung_up_on(api: RunningApi) -> None:
    async with _pipes(api, "127.0.0.1", [HALF_HEAD + b"X: " + b"y" * 200_000]) as (pipe,):
        await _hung_up(pipe)


async def _asked(pipe: Pipe, api: RunningApi, token: str) -> bytes:
    """The first line of the answer to a question over a connection that stays open."""
    reader, writer = pipe
    writer.write(b"GET /api/session HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n")
    async with asyncio.timeout(LIMIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    return head.partition(b"\r\n")[0]


async def test_many_addresses_that_hold_every_connection_keep_neither_people_nor_newcomers_out(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.listener._MAX_CONNECTIONS", 40)
    assert connection_cap() == 40
    token = await _token(api)
    trust = _trust(api)
    feed_at = api.url.replace("https", "wss") + "/api/feed"
    async with (
        _pipes(api, "127.0.0.3", [b""]) as (mine,),
        connect(feed_at, ssl=trust, proxy=None, local_addr=("127.0.0.4", 0)) as feed,
    ):
        assert (await _asked(mine, api, token)).startswith(b"HTTP/1.1 200")
        await feed.send(msgspec.json.encode(Hello(token)).decode())
        await feed.send(msgspec.json.encode(Watch(summary=True)).decode())
        await feed.recv()
        async with contextlib.AsyncExitStack() as crowd:
            for number in range(10, 20):
                await crowd.enter_async_context(_pipes(api, f"127.0.0.{number}", [b"", HALF_HEAD, HALF_BODY, b""] * 2))
            assert len(api.services.guests) == 40
            for _ in range(3):
                async with _elsewhere(api) as other:
                    assert (await other.get(api.url + "/join/ca")).status_code == 200
            assert (await _asked(mine, api, token)).startswith(b"HTTP/1.1 200")
            await feed.send(msgspec.json.encode(Watch(summary=True)).decode())
            await feed.recv()


async def test_a_house_of_people_is_full_until_one_leaves(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.api.listener._MAX_CONNECTIONS", 2)
    token = await _token(api)

    async def taken_in() -> bool:
        try:
            async with _elsewhere(api) as other:
                return (await other.get(api.url + "/join/ca")).status_code == 200
        except httpx.TransportError:
            return False

    async with _pipes(api, "127.0.0.1", [b""] * 2) as pipes:
        for pipe in pipes:
            assert (await _asked(pipe, api, token)).startswith(b"HTTP/1.1 200")
        assert not await taken_in()
    await until(taken_in)
