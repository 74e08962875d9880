"""What closes a check, and what keeps it from being opened."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from fleet.checks.session import Limits
from fleet.client import FleetClient, Refused
from fleet.clock import utc_now
from fleet.store.store import Store
from protocols.api.checks import CheckView, NewCheck, PreviewNews, Verdict
from protocols.opening import Answered, AskNonce, Closed, CloseOpening, SealedSignal
from protocols.opening import Refused as UnitRefused
from tests.support.check_house import CheckHouse
from tests.support.mandate_house import UNIT
from tests.support.reporting import until

DARK_S = 2.0


class Viewer:
    """Somebody at a preview: what they were told last, and how it ended."""

    def __init__(self, door: FleetClient, opening: str) -> None:
        self._door = door
        self._opening = opening
        self.pictures = 0
        self.news: list[PreviewNews] = []
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async with self._door.preview(self._opening, frames_per_s=5) as preview:
            async for item in preview:
                if isinstance(item, PreviewNews):
                    self.news.append(item)
                else:
                    self.pictures += 1

    async def sees(self) -> None:
        """Wait for a picture."""
        await until(lambda: self.pictures > 0)

    async def ended(self, limit_s: float = DARK_S) -> PreviewNews:
        """The last news; the preview has to end within `limit_s`."""
        async with asyncio.timeout(limit_s):
            await self.task
        return self.news[-1]

    async def leave(self) -> None:
        """Go."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def watched(house: CheckHouse) -> tuple[CheckView, Viewer]:
    """A check of a picture that TO-12 sees."""
    await house.mandate(["video"])
    begun = await house.begin("video")
    viewer = Viewer(house.door, begun.opening)
    await viewer.sees()
    return begun, viewer


async def refusal(house: CheckHouse, wish: NewCheck, person: str = "TO-12") -> tuple[int, str]:
    """Status and rule of a check that is refused, with words."""
    with pytest.raises(Refused) as caught:
        await house[person].begin_check(UNIT, wish)
    assert caught.value.problem.message
    assert caught.value.problem.remedy
    return caught.value.status, caught.value.problem.code


async def test_a_cancelled_mandate_is_dark_within_two_seconds(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    await house["TO-12"].cancel_mandate(begun.mandate, "aim is done")
    last = await viewer.ended()
    assert (last.state, last.reason) == ("closed", "cancelled")
    await until(lambda: house.unit.closes != [], DARK_S)
    assert house.unit.closes[0][0] == "cancelled"
    view = await house.stands(begun.opening, "closed")
    assert view.reason == "cancelled"
    await until(lambda: _open_s_is(house, begun.opening, 1))
    assert (await refusal(house, NewCheck(modalities=["video"])))[0] == 409


async def _open_s_is(house: CheckHouse, opening: str, open_s: int) -> bool:
    return (await house.door.check(opening)).open_s == open_s


async def test_whoever_closes_is_told_how_long_the_unit_was_open_once_it_says_so(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    house.unit.silent.add("CloseOpening")
    closing = asyncio.create_task(house.door.close_check(begun.opening, Verdict()))
    assert (await viewer.ended()).state == "closed"
    again = asyncio.create_task(house.door.close_check(begun.opening, Verdict(result="passed")))
    await until(lambda: any(isinstance(one, CloseOpening) for one in house.unit.heard))
    await house.unit.say(Closed(opening=begun.opening, reason="asked", open_s=1))
    assert ((await closing).open_s, (await again).open_s) == (1, 1)


async def test_a_quarantined_unit_is_closed(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    await house.door.quarantine_unit(UNIT, "strange")
    assert (await viewer.ended()).reason == "revoked"
    assert (await house.stands(begun.opening, "closed")).reason == "revoked"


async def test_a_unit_whose_camera_dies_is_told_of_within_two_seconds(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    await house.unit.say(Closed(opening=begun.opening, reason="device-died", open_s=1, detail="the camera is gone"))
    last = await viewer.ended()
    assert (last.state, last.reason, last.detail) == ("closed", "device-died", "the camera is gone")
    await until(lambda: _open_s_is(house, begun.opening, 1))


async def test_a_check_whose_end_is_not_written_yet_does_not_stand_in_the_way_of_the_next(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    begun, viewer = await watched(house)
    async with owner.transaction():
        await owner.execute("SELECT FROM opening WHERE opening = $1 FOR UPDATE", begun.opening)
        await house.unit.say(Closed(opening=begun.opening, reason="device-died", open_s=1, detail="the camera is gone"))
        assert (await viewer.ended()).reason == "device-died"
        again = asyncio.create_task(house.begin("video"))
        for _ in range(3):
            assert (await house.door.check(begun.opening)).state == "closed"
        assert not again.done()
    assert (await again).opening != begun.opening


async def test_whoever_comes_back_in_time_finds_the_same_check_and_another_person_joins(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    await viewer.leave()
    again = await house.begin("video")
    assert again.opening == begun.opening
    first = Viewer(house.door, begun.opening)
    await first.sees()
    joined = await house["SU-01"].begin_check(UNIT, NewCheck(modalities=["video"]))
    assert joined.opening == begun.opening
    second = Viewer(house["SU-01"], begun.opening)
    await second.sees()
    assert (await house.door.check(begun.opening)).viewers == ["SU-01", "TO-12"]
    assert [entry["actor"] for entry in await house.entries("viewer.joined")] == ["SU-01"]
    await house.door.close_check(begun.opening, Verdict())
    assert (await first.ended()).reason == "asked"
    assert (await second.ended()).reason == "asked"
    assert len(await house.entries("lease.granted")) == 1


async def test_nobody_watching_closes_it(house: CheckHouse) -> None:
    _with_limits(house, Limits(resume_s=1.0))
    begun, viewer = await watched(house)
    await viewer.leave()
    assert (await house.stands(begun.opening, "closed")).reason == "viewer-left"


async def test_a_lease_is_renewed_while_watched_and_each_is_an_entry(house: CheckHouse) -> None:
    _with_limits(house, Limits(renew_below_s=59.0))
    begun, viewer = await watched(house)
    await until(lambda: len(house.unit.leases) >= 3)
    granted = await house.entries("lease.granted")
    assert {entry["opening"] for entry in granted} == {begun.opening}
    assert [entry["nonce"] for entry in granted] == [lease.nonce for lease in house.unit.leases][: len(granted)]
    assert len(await house.entries("media.began")) == 1
    await house.door.close_check(begun.opening, Verdict(result="failed", note="blurred"))
    assert (await viewer.ended()).reason == "failed"


def _with_limits(house: CheckHouse, limits: Limits) -> None:
    desk = house.api.services.checks
    desk._tools = replace(desk._tools, limits=limits)


async def test_a_unit_that_does_not_answer_is_away(house: CheckHouse) -> None:
    mandate = await house.mandate(["video"])
    house.unit.silent.add("AskNonce")
    begun = await house.begin("video")
    view = await house.stands(begun.opening, "refused")
    assert (view.reason, view.mandate) == ("unit-away", mandate)
    await until(lambda: _are(house, ["unit-away"]))
    assert house.unit.leases == []


async def _are(house: CheckHouse, rules: list[str]) -> bool:
    return [entry["rule"] for entry in await house.entries("lease.refused")] == rules


async def test_a_unit_that_refuses_its_lease_says_why(house: CheckHouse) -> None:
    await house.mandate(["video"])
    house.unit.silent.add("GrantLease")
    begun = await house.begin("video")
    await house.stands(begun.opening, "opening")
    await house.unit.say(UnitRefused(opening=begun.opening, rule="not-on-bench", detail="the lid is shut"))
    view = await house.stands(begun.opening, "refused")
    assert (view.reason, view.detail) == ("not-on-bench", "the lid is shut")


async def test_nothing_is_opened_without_a_mandate_a_role_or_a_session(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    video = NewCheck(modalities=["video"])
    assert await refusal(house, video) == (409, "no-mandate")
    mandate = await house.mandate(["video"])
    assert await refusal(house, video, "IN-01") == (403, "role-not-allowed")
    assert await refusal(house, NewCheck(modalities=["audio"])) == (409, "modality-not-covered")
    other = NewCheck(modalities=["video"], mandate="M-00000000ffff")
    assert await refusal(house, other) == (409, "no-mandate")
    await owner.execute("UPDATE unit_live SET session_up = false WHERE unit_id = $1", UNIT)
    assert await refusal(house, video) == (409, "unit-away")
    access = await house.door.access(UNIT)
    assert [live.mandate for live in access.mandates] == [mandate]
    assert "not connected" in access.obstacles[0]
    rules = [entry["rule"] for entry in await house.entries("lease.refused")]
    assert rules == ["no-mandate", "modality-not-covered", "no-mandate", "unit-away"]
    assert house.unit.heard == []


async def test_a_day_has_as_many_openings_as_the_mandate_allows(house: CheckHouse) -> None:
    await house.mandate(["video"], openings_per_day=1)
    begun = await house.begin("video")
    await house.stands(begun.opening, "live")
    await house.door.close_check(begun.opening, Verdict())
    assert await refusal(house, NewCheck(modalities=["video"])) == (409, "over-openings")
    access = await house.door.access(UNIT)
    assert access.mandates[0].budgets[0].openings == 1
    assert access.last is not None
    assert access.last.opening == begun.opening


async def test_signals_that_the_units_key_did_not_sign_change_nothing(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    begun, viewer = await watched(house)
    forged = Closed(opening=begun.opening, reason="fault", open_s=1)
    stranger = house.broker.pki.unit("unit-efgh6789")
    for sealed in (
        house.unit.sealed(forged, files=stranger),
        replace_signature(house, forged),
    ):
        await house.unit.say(forged, sealed=sealed)
    query = "SELECT sum(count) FROM event WHERE kind = 'rejected-bad-signal' AND unit_id = $1"
    await until(lambda: _counts(owner, query, 2))
    assert (await house.door.check(begun.opening)).state == "live"
    await viewer.leave()


def replace_signature(house: CheckHouse, signal: Closed) -> SealedSignal:
    """With the signature under another signal."""
    other = house.unit.sealed(Answered(opening=signal.opening, nonce="0" * 32))
    return msgspec.structs.replace(house.unit.sealed(signal), signature=other.signature)


async def _counts(owner: "asyncpg.Connection[asyncpg.Record]", query: str, count: int) -> bool:
    return bool(await owner.fetchval(query, UNIT) == count)


async def test_what_a_lost_controller_left_is_closed_once_its_lease_is_over(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]", store: Store
) -> None:
    begun, viewer = await watched(house)
    await house.door.close_check(begun.opening, Verdict())
    await viewer.ended()
    await owner.execute(
        "INSERT INTO opening (opening, unit_id, mandate_id, modalities, person_id, controller, begun_at, state,"
        " entry_id, leased_until) SELECT 'open-' || repeat('0', 24), unit_id, mandate_id, modalities, person_id,"
        " 'another', now(), 'live', entry_id, $1 FROM opening",
        utc_now() + timedelta(seconds=1),
    )
    assert await refusal(house, NewCheck(modalities=["video"])) == (409, "busy")
    view = await house.stands("open-" + "0" * 24, "closed")
    assert view.reason == "expiry"


async def test_the_unit_is_asked_once_however_many_ask_at_a_time(house: CheckHouse) -> None:
    await house.mandate(["video"])
    views = await asyncio.gather(*(house.begin("video") for _ in range(4)))
    assert len({view.opening for view in views}) == 1
    await house.stands(views[0].opening, "live")
    assert len([one for one in house.unit.heard if isinstance(one, AskNonce)]) == 1


async def test_a_controller_that_stops_closes_what_it_has_open(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    _, viewer = await watched(house)
    await house.stop_checking()
    assert (await viewer.ended()).reason == "stopped"
    await until(lambda: house.unit.closes != [])
    assert house.unit.closes[0][0] == "stopped"
    [row] = await owner.fetch("SELECT state, reason FROM opening")
    assert tuple(row) == ("closed", "stopped")
    assert await owner.fetchval("SELECT count(*) FROM opening_viewer WHERE left_at IS NULL") == 0


async def test_a_unit_whose_stream_ends_as_it_closes_is_believed_why(house: CheckHouse) -> None:
    begun, viewer = await watched(house)
    await house.unit.shut()
    await house.unit.say(Closed(opening=begun.opening, reason="device-died", open_s=1, detail="the camera is gone"))
    assert (await viewer.ended()).reason == "device-died"


async def test_a_unit_whose_stream_ends_without_a_word_is_closed_within_two_seconds(house: CheckHouse) -> None:
    _, viewer = await watched(house)
    await house.unit.shut()
    assert (await viewer.ended()).reason == "media-failed"
