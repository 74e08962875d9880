"""A feed whose client misbehaves ends by itself and troubles nobody else."""

import logging

import msgspec
import pytest
from websockets.asyncio.client import connect

from fleet.store.changes import Change
from fleet.store.store import Store
from protocols.api.feed import Hello, Watch
from tests.support.controller import RunningApi
from tests.support.rude_socket import closed, socket_at
from tests.support.waiting import until


def _feed(api: RunningApi) -> connect:
    return socket_at(api, "/api/feed")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        ('{"type":"watch"}', 4400),
        ('{"type":"hello","token":"wrong"}', 4401),
        ('{"type":"hello","token":"wrong","admin":true}', 4400),
        ("[" * 5000, 4400),
        ("\ud83d", 4400),
    ],
)
async def test_a_feed_that_does_not_begin_well_is_closed(api: RunningApi, message: str, code: int) -> None:
    async with _feed(api) as feed:
        await feed.send(message.encode("utf-8", "surrogatepass"), text=True)
        assert await closed(feed) in {code, 1007}


async def test_a_session_that_ends_takes_its_feed_along(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.feed._SESSION_CHECK_S", 0.1)
    token = await _token(api)
    async with _feed(api) as feed:
        await feed.send(msgspec.json.encode(Hello(token)).decode())
        await feed.send(msgspec.json.encode(Watch(summary=True)).decode())
        await feed.recv()
        async with store.transaction() as transaction:
            await transaction.sessions.close_all_of("TO-12")
        assert await closed(feed) == 4401


@pytest.mark.parametrize("how", ["access ends", "signs out"])
async def test_a_feed_ends_at_once_when_its_person_does(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("fleet.api.feed._SESSION_CHECK_S", 3600.0)
    token = await _token(api)
    await api.add_person("AD-01", "administrator")
    async with _feed(api) as feed:
        await feed.send(msgspec.json.encode(Hello(token)).decode())
        await feed.send(msgspec.json.encode(Watch(summary=True)).decode())
        await feed.recv()
        if how == "access ends":
            await api.services.people.end("TO-12", "AD-01")
        else:
            await api.services.signing_in.sign_out(token)
        assert await closed(feed) == 4401


async def test_a_watch_that_can_not_be_stored_closes_the_feed(api: RunningApi) -> None:
    token = await _token(api)
    async with _feed(api) as feed:
        await feed.send(msgspec.json.encode(Hello(token)).decode())
        await feed.send(msgspec.json.encode(Watch(units=["unit\0none"])).decode())
        assert await closed(feed) == 4400


async def _token(api: RunningApi) -> str:
    token = "0" * 43
    await api.add_person("TO-12", "engineer")
    async with api.services.store.transaction() as transaction:
        await transaction.sessions.open(token, "TO-12", api.services.clock(), "test")
    return token


async def test_a_client_that_vanishes_is_forgotten_without_an_error(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    token = await _token(api)
    hub = api.services.hub
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            async with _feed(api) as feed:
                await feed.send(msgspec.json.encode(Hello(token)).decode())
                await feed.send(msgspec.json.encode(Watch(summary=True, events=True)).decode())
                await feed.recv()
                feed.transport.abort()

        async def forgotten() -> bool:
            for subscription in list(hub._subscriptions):
                subscription.put(Change(all=True))
            return not hub._subscriptions

        await until(forgotten)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
