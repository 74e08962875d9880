"""Checks from asking to closed, over a real API, database, log with a witness, broker and WebRTC."""

import asyncio

import pytest

from fleet.clock import utc_now
from protocols.api.checks import PreviewNews, Verdict
from protocols.opening import GrantLease
from tests.support.check_house import CheckHouse
from tests.support.mandate_house import UNIT
from tests.support.reporting import until


async def test_a_check_shows_pictures_and_leaves_numbers_only(house: CheckHouse) -> None:
    mandate = await house.mandate()
    access = await house.door.access(UNIT)
    assert access.obstacles == []
    assert [live.mandate for live in access.mandates] == [mandate]
    begun = await house.begin("video", "audio")
    assert (begun.state, begun.mandate, begun.person) == ("asking", mandate, "TO-12")
    pictures: list[bytes] = []
    news: list[PreviewNews] = []
    async with house.door.preview(begun.opening, columns=80, rows=24) as preview:
        async for item in preview:
            if isinstance(item, PreviewNews):
                news.append(item)
            else:
                pictures.append(item)
            if len(pictures) > 5 and news[-1].figures.fps and news[-1].figures.level_dbfs is not None:
                break
        assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
        assert (news[-1].state, news[-1].viewers, news[-1].minutes_per_day) == ("live", ["TO-12"], 10)
        closed = await house.door.close_check(begun.opening, Verdict(result="passed", note="sharp"))
    assert (closed.state, closed.reason) == ("closed", "passed")
    assert closed.readiness is not None
    assert closed.readiness.result == "passed"
    assert {one.name for one in closed.readiness.measures} >= {"frame-rate", "silence", "loss"}
    sentence = f"video and audio of {UNIT} by TO-12 under {mandate}, purpose: aim and focus"
    assert (begun.sentence, closed.sentence) == (sentence, sentence)
    kinds = [entry["kind"] for entry in await house.entries("")]
    assert kinds.count("lease.granted") == 1
    assert closed.entry == kinds.index("lease.granted")
    assert kinds.count("media.began") == 2
    assert kinds.count("check.judged") == 1
    assert kinds.index("lease.granted") < kinds.index("media.began") < kinds.index("check.judged")
    assert [reason for reason, _ in house.unit.closes] == ["passed"]
    async with house.api.services.store.transaction() as transaction:
        (found,) = await transaction.readiness.units([UNIT], utc_now())
    assert found.check_passed
    assert set(found.allowed) == {"video", "audio"}
    assert found.checked_at == closed.closed_at


async def test_whoever_waits_for_the_first_picture_sees_it_as_soon_as_it_comes(
    house: CheckHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.api.preview._NEWS_S", 240.0)
    house.unit.silent = {"GrantLease"}
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    async with house.door.preview(opening) as preview:

        async def watched() -> bool:
            return (await house.door.check(opening)).viewers == ["TO-12"]

        await until(watched)
        await house.stands(opening, "opening")

        async def granted() -> bool:
            return any(isinstance(one, GrantLease) for one in house.unit.heard)

        await until(granted)
        [grant] = [one for one in house.unit.heard if isinstance(one, GrantLease)]
        await house.unit._obey(grant)
        async with asyncio.timeout(60):
            async for item in preview:
                if isinstance(item, bytes):
                    break
