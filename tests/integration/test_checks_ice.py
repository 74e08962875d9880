"""Browsers behind address translation: the page is told of TURN, with credentials that are its own and live minutes."""

import asyncio
import hmac
import re
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from fleet.api.limits import RateLimit
from fleet.api.watch import ice_links
from fleet.settings import MediaSettings
from fleet.store.store import Store
from protocols.opening import GrantLease, IceServer
from tests.support.check_house import CheckHouse, check_house
from tests.support.chromium import chromium
from tests.support.media_relay_coturn import SECRET, coturn
from tests.support.processes import ServerProcess

RELAY_ONLY = """
const Plain = RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(settings) { super({ ...settings, iceTransportPolicy: "relay" }); window.checked = this; }
};
"""
"""As behind an address translation that lets nothing through but what goes over TURN."""
KIND = """(async () => {
  const stats = [...(await window.checked.getStats()).values()];
  const pair = stats.find((one) => one.type === "candidate-pair" && one.nominated);
  return pair ? stats.find((one) => one.id === pair.localCandidateId).candidateType : "";
})()"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    place = tmp_path / "coturn"
    place.mkdir()
    process = coturn(place)
    await process.start()
    try:
        yield process
    finally:
        await process.terminate()


@pytest.fixture
async def house(
    store: Store, dsn: str, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path, server: ServerProcess
) -> AsyncIterator[CheckHouse]:
    secret = tmp_path / "turn"
    secret.write_text(SECRET)
    media = MediaSettings(
        addresses=["127.0.0.1"], turn_urls=[turn_url(server)], turn_secret_file=str(secret), stun_urls=[]
    )
    async with check_house(store, dsn, owner, tmp_path, media) as made:
        yield made


def turn_url(server: ServerProcess) -> str:
    """Of coturn, as in settings."""
    return f"turn:127.0.0.1:{server.ports[0]}?transport=udp"


async def live(house: CheckHouse) -> str:
    """An opening whose picture is live."""
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    await house.stands(opening, "live")
    return opening


async def test_a_link_tells_of_turn_with_credentials_of_its_own_and_stays_good(
    house: CheckHouse, server: ServerProcess
) -> None:
    opening = await live(house)
    links = [await house.door.watch_link(opening) for _ in range(2)]
    names = []
    trust = ssl.create_default_context(cafile=str(house.api.ca_file))
    async with httpx.AsyncClient(base_url=house.api.url, verify=trust) as browser:
        for token in [link.url.rpartition("/")[2] for link in [*links, links[0]]]:
            answer = await browser.request("OPTIONS", f"/whep/{token}")
            assert (answer.status_code, answer.headers["accept-post"]) == (204, "application/sdp")
            assert answer.headers["cache-control"] == "no-store"
            said = re.fullmatch(
                r'<(.+)>; rel="ice-server"; username="(\d+):(\S+)"; credential="(\S+)"; credential-type="password"',
                answer.headers["link"],
            )
            assert said is not None
            url, until_s, name, credential = said.groups()
            assert url == turn_url(server)
            assert 0 < int(until_s) - time.time() <= 900
            made = hmac.digest(SECRET.encode(), f"{until_s}:{name}".encode(), "sha1")
            assert credential == b64encode(made).decode()
            names.append(name)
    assert names[0] == names[2] != names[1]
    assert all(name.startswith(f"{opening}-") for name in names)
    assert token not in str(names)
    [grant] = [one for one in house.unit.heard if isinstance(one, GrantLease)]
    assert grant.offer is not None
    assert [one.urls for one in grant.offer.ice_servers] == [[turn_url(server)]]
    assert "typ relay" not in grant.offer.sdp


async def test_chromium_that_only_coturn_reaches_plays_the_page(house: CheckHouse) -> None:
    link = await house.door.watch_link(await live(house))
    async with chromium() as tab:
        await tab.say("Page.enable")
        await tab.say("Page.addScriptToEvaluateOnNewDocument", source=RELAY_ONLY)
        await tab.open(link.url)
        await tab.until("document.getElementById('video')?.videoWidth > 0")
        await tab.until("document.getElementById('state')?.textContent === 'OPEN'")
        assert await tab.evaluate(KIND) == "relay"


async def test_whoever_has_no_link_is_told_of_nothing_and_only_so_often(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    opening = await live(house)
    old = (await house.door.watch_link(opening)).url.rpartition("/")[2]
    await owner.execute("UPDATE watch_link SET expires_at = now() WHERE used_at IS NULL")
    late = (await house.door.watch_link(opening)).url.rpartition("/")[2]
    trust = ssl.create_default_context(cafile=str(house.api.ca_file))
    async with httpx.AsyncClient(base_url=house.api.url, verify=trust) as browser:
        for token, status in (("A" * 22, 404), (old, 404), ("short", 400)):
            answer = await browser.request("OPTIONS", f"/whep/{token}")
            assert (answer.status_code, "link" in answer.headers) == (status, False)
        used = await browser.post(f"/whep/{late}", content="v=0\r\n", headers={"content-type": "application/sdp"})
        assert used.status_code == 400
        assert (await browser.request("OPTIONS", f"/whep/{late}")).status_code == 404
        object.__setattr__(house.api.services, "watch_limit", RateLimit(per_minute=2))
        tried = await asyncio.gather(*(browser.request("OPTIONS", f"/whep/{'A' * 22}") for _ in range(4)))
        assert sorted(answer.status_code for answer in tried) == [404, 404, 429, 429]


def test_servers_without_credentials_and_urls_that_would_end_early_are_written_as_they_have_to_be() -> None:
    servers = [IceServer(urls=["stun:one.example", "stun:two.example:3478"]), IceServer(urls=['turn:a>"b'])]
    assert ice_links(servers) == (
        '<stun:one.example>; rel="ice-server", <stun:two.example:3478>; rel="ice-server", '
        '<turn:a%3E%22b>; rel="ice-server"'
    )
