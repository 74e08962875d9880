"""Small rules of updates: how often progress is told, which permits count, and what an update keeps from opening."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import UpdateRefused
from edge_agent.openings.verdicts import OpeningRefused
from edge_agent.renewal.plan import KnownTime
from edge_agent.updating.permits import permitted_parts
from edge_agent.updating.plan import File, UnitNow, judged
from edge_agent.updating.room import read_keys
from edge_agent.updating.telling import EVERY_MS, Change, Pace, Telling
from edge_agent.watch import Happening
from protocols.health import PartVersion
from protocols.releases.manifest import Manifest, Part
from protocols.releases.permit import PERMIT_NAMESPACE, Permit, PermitSignature, SignedPermit
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.releases.version import same_version
from protocols.uplink import EventBatch, UnitEvent, encode_up
from tests.support.firmware_images import public_pem
from tests.support.mandates import AT, ENGINEER, SUPERVISOR, UNIT, House, to_ms
from tests.support.opening_desk import HandClock, unit_at

HOUSE = House()
SHA = "ab" * 32
MCU = Part(part="mcu", version="1.2.3", target="mcu/image", updater="mcuboot")
MANIFEST = Manifest(format=1, name="spring", parts=[MCU])
FILES = {"mcu/image": File(SHA, 1000)}


@given(steps=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60_000)), max_size=60))
def test_progress_is_told_once_each_tenth_and_not_sooner_than_five_seconds(steps: list[tuple[int, int]]) -> None:
    pace, done, now_ms = Pace(), 0, 0
    told: list[tuple[int, int]] = []
    for more, later_ms in steps:
        done, now_ms = min(1000, done + more), now_ms + later_ms
        if pace.due(done, 1000, now_ms):
            told.append((done, now_ms))
    for (done_before, at_ms), (done_after, later) in pairwise(told):
        assert done_after > done_before
        assert (done_after - done_before >= 100 and later - at_ms >= EVERY_MS) or done_after == 1000
    assert len(told) <= 12
    if steps and done == 1000:
        assert told[-1][0] == 1000, "the end is told"


def test_a_tenth_is_told_when_its_time_has_come() -> None:
    pace = Pace()
    assert pace.due(5, 1000, 0)
    assert not pace.due(5, 1000, 10 * EVERY_MS)
    assert not pace.due(104, 1000, EVERY_MS)
    assert not pace.due(105, 1000, EVERY_MS - 1)
    assert pace.due(105, 1000, EVERY_MS)


async def _told_of(*notes: tuple[UpdateState, int, int], each_ms: int) -> list[Happening]:
    told: list[Happening] = []
    clock = HandClock()

    async def spool(happening: Happening) -> None:
        told.append(happening)

    telling = Telling(spool, clock)
    async with telling.following("UP-0123456789ab", Change("mcu", "1.0.0", "1.1.0")) as follower:
        for state, done, total in notes:
            follower.note(state, done, total)
            for _ in range(5):
                await asyncio.sleep(0)  # it is told before there is more
            clock.boot_ms += each_ms
    return told


async def test_a_trial_is_told_once_however_often_it_is_looked_at() -> None:
    looks: list[tuple[UpdateState, int, int]] = [("trial", 0, 0)] * 8
    told = await _told_of(("installing", 0, 60), ("installing", 60, 60), *looks, each_ms=7000)
    assert [one.kind for one in told] == ["update-installing", "update-installing", "update-trial"]


async def test_an_upload_in_a_few_seconds_is_told_at_its_beginning_and_end() -> None:
    notes: list[tuple[UpdateState, int, int]] = [("installing", done, 100) for done in range(101)]
    told = await _told_of(*notes, each_ms=40)
    assert [one.update.done_bytes for one in told if one.update is not None] == [0, 100]


async def test_progress_is_told_in_a_persons_words() -> None:
    told = await _told_of(("installing", 60, 100), ("trial", 0, 0), each_ms=0)
    start = "update UP-0123456789ab: the unit"
    assert [one.summary for one in told] == [
        f"{start} puts new firmware on its MCU (60 %): MCU 1.0.0 → 1.1.0",
        f"{start} tries its MCU's new firmware: MCU 1.0.0 → 1.1.0",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("agent", "0.9", "1.0"), "agent 0.9 → 1.0"),
        (Change("mcu", "", "1.1.0"), "MCU 1.1.0"),
        (Change("modem", "1.1.0+0", "1.1.0"), "modem 1.1.0"),
    ],
)
def test_a_change_names_what_was_only_where_it_is_known_and_another(change: Change, words: str) -> None:
    assert str(change) == words


async def test_what_is_told_fits_the_wire_whatever_parts_say() -> None:
    told: list[Happening] = []

    async def spool(happening: Happening) -> None:
        told.append(happening)

    telling = Telling(spool, HandClock())
    versions: Any = {"modem": "EC25 with\nblanks", "mcu": "1.2.3+4"}
    await telling.say("UP-0123456789ab", "failed", reason="é\x1b" * 500, versions=versions)
    report = told[0].update
    assert report is not None
    assert (report.versions, len(report.reason)) == ({"mcu": "1.2.3+4"}, 200)
    assert told[0].severity == "alarm"
    longest = UpdateReport(
        update="UP-0123456789ab",
        state="part-confirmed",
        part="agent",
        done_bytes=(1 << 53) - 1,
        total_bytes=(1 << 53) - 1,
        versions={"agent": "9" * 32, "mcu": "9" * 32, "modem": "9" * 32},
        reason="é" * 200,
    )
    events = [
        UnitEvent(seq=seq, sampled_at_ms=1, kind="update-failed", summary="é" * 200, update=longest)
        for seq in range(1, 51)
    ]
    encode_up(EventBatch(unit=UNIT, session="0" * 32, spool_id=1, events=events))


def _permit(*people: str, **changes: Any) -> SignedPermit:
    fields: dict[str, Any] = {
        "part": "mcu",
        "sha256": SHA,
        "version": "1.2.3",
        "units": [UNIT],
        "not_before": AT - timedelta(hours=1),
        "not_after": AT + timedelta(hours=1),
        "reason": "it reads the sensor wrongly",
    }
    text = Permit(**{**fields, **changes}).text()
    made = [
        PermitSignature(person_id=one, signature=HOUSE.people[one].sign(text.encode(), PERMIT_NAMESPACE))
        for one in people
    ]
    return SignedPermit(text=text, signatures=made)


def _permitted(*permits: SignedPermit, known: KnownTime | None = None, people: str = "") -> frozenset[Any]:
    return permitted_parts(
        permits,
        MANIFEST,
        FILES,
        unit_id=UNIT,
        people_text=people or HOUSE.people_list(log_policy="").text(),
        known=known or KnownTime(to_ms(AT), sure=True),
        plain_keys_may_sign=False,
    )


def test_two_people_allow_a_part() -> None:
    assert _permitted(_permit(ENGINEER, SUPERVISOR)) == {"mcu"}
    assert _permitted() == frozenset()


def test_a_permit_may_write_build_0_or_leave_it_out() -> None:
    assert _permitted(_permit(ENGINEER, SUPERVISOR, version="1.2.3+0")) == {"mcu"}
    with pytest.raises(UpdateRefused):
        _permitted(_permit(ENGINEER, SUPERVISOR, version="1.2.3+1"))


@pytest.mark.parametrize(
    "refused",
    [
        lambda: _permitted(_permit(ENGINEER)),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR, part="agent")),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR, sha256="cd" * 32)),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR, units=["unit-another1"])),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR), known=KnownTime(to_ms(AT), sure=False)),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR), known=KnownTime(None, sure=False)),
        lambda: _permitted(_permit(ENGINEER, SUPERVISOR), people="no list"),
    ],
    ids=["one person", "other part", "other image", "other unit", "time unsure", "no time", "no people list"],
)
def test_a_permit_that_is_good_for_nothing_refuses_the_order(refused: Any) -> None:
    with pytest.raises(UpdateRefused):
        refused()


@pytest.mark.parametrize(("one", "other", "same"), [("1.2.3", "1.2.3+0", True), ("a", "a", True), ("a", "b", False)])
def test_versions_are_compared_as_what_they_name(one: PartVersion, other: PartVersion, *, same: bool) -> None:
    assert same_version(one, other) == same


def test_a_part_that_is_not_fitted_or_updated_otherwise_is_refused() -> None:
    now = UnitNow(model="", running={}, silent={}, updaters={}, free_bytes=1 << 40)
    with pytest.raises(UpdateRefused, match="has no mcu"):
        judged(MANIFEST, FILES, now, frozenset())


async def test_while_an_update_holds_the_desk_nothing_opens_and_it_is_said_why(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.opened()
        assert not await unit.desk.hold("new firmware"), "what is open is not cut"
        await unit.desk.ask("open-" + "b" * 24, ["video"])
    async with unit_at(tmp_path / "other") as unit:
        assert await unit.desk.hold("new firmware")
        with pytest.raises(OpeningRefused, match="new firmware") as refused:
            await unit.desk.ask("open-" + "b" * 24, ["video"])
        assert refused.value.rule == "busy"
        unit.desk.release()
        await unit.opened()


def test_keys_are_read_one_after_another(tmp_path: Path) -> None:
    first, second = public_pem(), public_pem("ecdsa-p256")
    (tmp_path / "keys.pem").write_bytes(b"# the bench's\n" + first + second)
    assert [key[-40:] for key in read_keys(tmp_path / "keys.pem")] == [first[-40:], second[-40:]]
