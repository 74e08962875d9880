"""Previews and links whose clients misbehave get nothing, and trouble nobody."""

import ssl

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from fleet.api.limits import RateLimit
from fleet.client.session import Session
from protocols.api.feed import Hello
from protocols.people import Role
from tests.support.controller import RunningApi
from tests.support.rude_socket import closed, socket_at

UNKNOWN = "open-" + "0" * 24


def _preview(api: RunningApi, query: str = "", opening: str = UNKNOWN) -> connect:
    return socket_at(api, f"/api/checks/{opening}/preview{query}")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        ('{"type":"watch"}', 4400),
        ('{"type":"hello","token":"wrong"}', 4401),
        ("[" * 5000, 4400),
        ("\ud83d", 4400),
    ],
)
async def test_a_preview_that_does_not_begin_well_is_closed(api: RunningApi, message: str, code: int) -> None:
    async with _preview(api) as preview:
        await preview.send(message.encode("utf-8", "surrogatepass"), text=True)
        assert await closed(preview) in {code, 1007}


async def test_a_preview_is_nothing_before_hello(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.api.preview._HELLO_LIMIT_S", 0.1)
    async with _preview(api) as preview:
        assert await closed(preview) == 4400


@pytest.mark.parametrize(("role", "code"), [("inspector", 4403), ("engineer", 4404)])
async def test_a_preview_is_for_those_who_may_check_and_of_a_check_that_is_there(
    api: RunningApi, role: Role, code: int
) -> None:
    session = Session(await api.add_person("TO-12", role))
    try:
        token = (await session.sign_in()).token
    finally:
        await session.close()
    async with _preview(api, "?columns=100&rows=30&frames_per_s=2&kbit_s=24") as preview:
        await preview.send(msgspec.json.encode(Hello(token)).decode())
        assert await closed(preview) == code


async def test_links_are_tried_only_so_often_from_one_address(api: RunningApi) -> None:
    limit = api.services.watch_limit
    object.__setattr__(api.services, "watch_limit", RateLimit(per_minute=3))
    trust = ssl.create_default_context(cafile=str(api.ca_file))
    async with httpx.AsyncClient(base_url=api.url, verify=trust) as browser:
        tried = [await browser.post(f"/whep/{'A' * 22}", content="v=0") for _ in range(5)]
        assert [answer.status_code for answer in tried] == [404, 404, 404, 429, 429]
        object.__setattr__(api.services, "watch_limit", limit)
        assert (await browser.post(f"/whep/{'A' * 22}", content="x" * 70_000)).status_code == 413
