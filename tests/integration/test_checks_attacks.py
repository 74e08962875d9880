"""What somebody tries who may not: to watch on, to watch by a row of their own, to drown the words that close."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256

import asyncpg
import httpx
import pytest
from aiortc import RTCSessionDescription

from fleet.checks.session import Limits
from protocols.api.checks import Verdict
from protocols.opening import NonceMade, SealedSignal, signal_text
from protocols.topics import up
from protocols.uplink import SignalMessage, encode_up
from tests.integration.test_checks_closing import Viewer, _with_limits, watched
from tests.support.check_house import CheckHouse
from tests.support.mandate_house import UNIT
from tests.support.media_relay_peers import Screen
from tests.support.reporting import until

_SDP = {"content-type": "application/sdp"}


@pytest.fixture
async def browser(house: CheckHouse) -> AsyncIterator[httpx.AsyncClient]:
    trust = ssl.create_default_context(cafile=str(house.api.ca_file))
    async with httpx.AsyncClient(base_url=house.api.url, verify=trust) as client:
        yield client


async def play(browser: httpx.AsyncClient, token: str, screen: Screen) -> None:
    answer = await browser.post(f"/whep/{token}", content=await screen.offer(), headers=_SDP)
    assert answer.status_code == 201, answer.text
    await screen.connection.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))


async def test_a_browser_of_somebody_whose_access_has_ended_is_given_nothing_more(
    house: CheckHouse, browser: httpx.AsyncClient
) -> None:
    _with_limits(house, Limits(renew_below_s=59.0, resume_s=2.0))
    begun, viewer = await watched(house)
    link = await house["TO-13"].watch_link(begun.opening)
    screen = Screen()
    try:
        await play(browser, link.url.rpartition("/")[2], screen)
        await screen.seen(3)
        await house.api.services.people.end("TO-13", "SU-01")

        async def dismissed() -> bool:
            return (await house.door.check(begun.opening)).viewers == ["TO-12"]

        await until(dismissed)
        await viewer.leave()

        async def closed() -> bool:
            return (await house.door.check(begun.opening)).state == "closed"

        await until(closed)
    finally:
        await screen.connection.close()


async def test_a_terminal_of_somebody_whose_access_has_ended_is_given_nothing_more(
    house: CheckHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.preview._SESSION_CHECK_S", 3600.0)
    begun, viewer = await watched(house)
    other = Viewer(house["TO-13"], begun.opening)
    await other.sees()
    await house.api.services.people.end("TO-13", "SU-01")
    await until(other.task.done)
    await other.leave()
    view = await house.door.check(begun.opening)
    assert (view.state, view.viewers) == ("live", ["TO-12"])
    await viewer.leave()


async def test_a_link_that_somebody_wrote_into_the_database_opens_nothing(
    house: CheckHouse, browser: httpx.AsyncClient, owner: asyncpg.Connection
) -> None:
    begun, viewer = await watched(house)
    token = "B" * 22
    planted = "INSERT INTO watch_link (token_mac, opening, person_id, expires_at)"
    planted += " VALUES ($1, $2, 'SU-01', now() + interval '1 hour')"
    await owner.execute(planted, sha256(token.encode()).digest(), begun.opening)
    screen = Screen()
    try:
        answer = await browser.post(f"/whep/{token}", content=await screen.offer(), headers=_SDP)
        assert answer.status_code == 404
    finally:
        await screen.connection.close()
        await viewer.leave()


async def test_every_browser_that_a_link_lets_in_is_an_entry(house: CheckHouse, browser: httpx.AsyncClient) -> None:
    begun, viewer = await watched(house)
    screens = [Screen(), Screen()]
    try:
        for screen in screens:
            link = await house.door.watch_link(begun.opening)
            await play(browser, link.url.rpartition("/")[2], screen)
            await screen.seen(1)
        joined = [entry for entry in await house.entries("viewer.joined") if entry["way"] == "browser"]
        assert [entry["actor"] for entry in joined] == ["TO-12", "TO-12"]
    finally:
        for screen in screens:
            await screen.connection.close()
        await viewer.leave()


async def test_forged_words_of_a_unit_keep_nothing_open(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    text = signal_text(NonceMade(opening=begun.opening, nonce="0" * 32, boot_id="x"))
    forged = SealedSignal(text=text, certificate="ab", signature="AAAA")
    payload = encode_up(SignalMessage(unit=UNIT, session=house.unit.session, sealed=forged))
    stop = asyncio.Event()

    async def flood() -> None:
        while not stop.is_set():
            for _ in range(50):
                await house.unit.client.publish(up(UNIT, "signal"), payload, qos=0)
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    try:
        view = await house.door.close_check(begun.opening, Verdict(result="passed"))
        assert (view.state, view.reason) == ("closed", "passed")
        assert [reason for reason, _ in house.unit.closes] == ["passed"]
    finally:
        stop.set()
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding
        await viewer.leave()
