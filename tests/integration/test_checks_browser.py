"""Watching in a browser: a link that is good once, and the resource it becomes."""

import ssl
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from aiortc import RTCSessionDescription

from fleet.client import Refused
from protocols.api.checks import CheckView, PreviewNews, Verdict
from tests.support.check_house import CheckHouse
from tests.support.chromium import chromium
from tests.support.media_relay_peers import Screen
from tests.support.reporting import until

SDP = {"content-type": "application/sdp"}


@pytest.fixture
async def browser(house: CheckHouse) -> AsyncIterator[httpx.AsyncClient]:
    trust = ssl.create_default_context(cafile=str(house.api.ca_file))
    async with httpx.AsyncClient(base_url=house.api.url, verify=trust) as client:
        yield client


async def live(house: CheckHouse) -> CheckView:
    """A check of a picture that is live."""
    await house.mandate(["video"])
    begun = await house.begin("video")
    return await house.stands(begun.opening, "live")


async def token_of(house: CheckHouse, opening: str) -> str:
    """A fresh link's."""
    return (await house.door.watch_link(opening)).url.rpartition("/")[2]


async def test_a_link_is_good_for_one_browser_which_sees_the_end(
    house: CheckHouse, browser: httpx.AsyncClient, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    view = await live(house)
    token = await token_of(house, view.opening)
    page = await browser.get(f"/watch/{token}")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert token not in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name, media_type in (("player.js", "text/javascript"), ("player.css", "text/css")):
        file = await browser.get(f"/watch/page/{name}")
        assert (file.status_code, file.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
    screen = Screen()
    try:
        answer = await browser.post(f"/whep/{token}", content=await screen.offer(), headers=SDP)
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/sdp")
        resource = answer.headers["location"]
        await screen.connection.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
        assert len(set(await screen.seen(5))) > 1
        status = (await browser.get(resource)).json()
        assert (status["state"], status["viewers"]) == ("live", ["TO-12"])
        again = await browser.post(f"/whep/{token}", content="v=0", headers=SDP)
        assert (again.status_code, again.json()["code"]) == (404, "link-over")
        assert await owner.fetchval("SELECT way FROM opening_viewer") == "browser"
        async with house.door.preview(view.opening, columns=80, rows=24) as preview:
            news = await anext(item async for item in preview if isinstance(item, PreviewNews))
            assert (news.viewers, news.in_browsers) == (["TO-12"], ["TO-12"])
        await house.door.cancel_mandate(view.mandate, "aim is done")
        await until(lambda: _is_closed(browser, resource), 2.0)
        assert (await browser.get(resource)).json()["reason"] == "cancelled"
    finally:
        await screen.connection.close()


async def _is_closed(browser: httpx.AsyncClient, resource: str) -> bool:
    return bool((await browser.get(resource)).json()["state"] == "closed")


NUMBER = """(() => {
  const video = document.getElementById("video");
  if (!video || !video.videoWidth) return -1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  let number = 0;
  for (let bit = 0; bit < 12; bit++) {
    if (context.getImageData(bit * 16 + 8, 8, 1, 1).data[0] > 125) number |= 1 << bit;
  }
  return number;
})()"""
"""The number drawn in the picture that is shown now."""
DARK = """document.getElementById("video").hidden && document.getElementById("video").srcObject === null
    && document.body.innerText.includes("CLOSED")"""


async def test_chromium_plays_the_page_and_goes_dark_within_two_seconds_of_cancel(house: CheckHouse) -> None:
    view = await live(house)
    link = await house.door.watch_link(view.opening)
    async with chromium() as tab:
        await tab.open(link.url)
        await tab.until(f"{NUMBER} > 0")
        first = await tab.evaluate(NUMBER)
        await tab.until(f"{NUMBER} !== {first}")
        await tab.until("document.getElementById('state')?.textContent === 'OPEN'")
        await tab.until("document.getElementById('viewers').textContent.includes('TO-12')")
        await house.door.cancel_mandate(view.mandate, "aim is done")
        await tab.until(DARK, 2.0)
        await tab.open(link.url)
        await tab.until("document.body && document.body.innerText.includes('used already')")


async def test_a_browser_that_goes_is_no_viewer_any_more(house: CheckHouse, browser: httpx.AsyncClient) -> None:
    view = await live(house)
    token = await token_of(house, view.opening)
    screen = Screen()
    try:
        answer = await browser.post(f"/whep/{token}", content=await screen.offer(), headers=SDP)
        resource = answer.headers["location"]
        elsewhere = resource.replace(token, "A" * 22)
        assert (await browser.get(elsewhere)).status_code == 404
        assert (await browser.delete(elsewhere)).status_code == 404
        assert (await house.door.check(view.opening)).viewers == ["TO-12"]
        assert (await browser.delete(resource)).status_code == 204
        assert (await house.door.check(view.opening)).viewers == []
        assert (await browser.get(resource)).status_code == 404
    finally:
        await screen.connection.close()


async def test_a_link_that_is_too_old_made_up_or_of_a_closed_check_opens_nothing(
    house: CheckHouse, browser: httpx.AsyncClient, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    view = await live(house)
    old = await token_of(house, view.opening)
    await owner.execute("UPDATE watch_link SET expires_at = now() WHERE used_at IS NULL")
    bad = await token_of(house, view.opening)
    assert (await browser.post(f"/whep/{old}", content="v=0", headers=SDP)).status_code == 404
    assert (await browser.post(f"/whep/{'A' * 22}", content="v=0", headers=SDP)).status_code == 404
    assert (await browser.post("/whep/short", content="v=0", headers=SDP)).status_code == 400
    assert (await browser.post(f"/whep/{bad}", content=b"\xff", headers=SDP)).status_code == 400
    assert (await browser.post(f"/whep/{bad}", content="v=0\r\n", headers=SDP)).status_code == 400
    assert (await browser.post(f"/whep/{bad}", content="v=0\r\n", headers=SDP)).status_code == 404
    late = await token_of(house, view.opening)
    await house.door.close_check(view.opening, Verdict())
    assert (await browser.post(f"/whep/{late}", content="v=0", headers=SDP)).status_code == 404
    with pytest.raises(Refused):
        await house.door.watch_link(view.opening)
    assert await owner.fetchval("SELECT count(*) FROM watch_link WHERE token_mac = $1", late.encode()) == 0
