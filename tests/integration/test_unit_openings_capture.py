"""The opener over a real supervisor: a scripted child for what children do, the position child for a position."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.capture import keeper as keeper_module
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.clock import SystemClock
from edge_agent.errors import CaptureError
from edge_agent.openings.capture_opener import CaptureOpener
from edge_agent.openings.ledger import Opening
from edge_agent.openings.opener import Answered, Ended, Event, Failed, Found, OpenThing
from edge_agent.openings.sources import Sources
from protocols.ids import new_opening_id
from protocols.opening import MediaOffer
from tests.support.mandates import AT, BOOT, MANDATE, to_ms
from tests.support.synthetic_receiver import running_receiver
from tests.support.waiting import until

LIMIT_S = 30.0
_CHILD = """
import os, sys
from edge_agent.capture.confinement import confine
confined = confine()
import asyncio
from edge_agent.capture.child_side import attached
from edge_agent.media.messages import Answer, Began, Fault, OfferUnusable, Ready, encode, to_child

def log(line):
    with open(sys.argv[1], "a") as file:
        file.write(line + "\\n")

async def main():
    async with attached(confined) as channel:
        log(f"ready {os.getpid()}")
        await channel.send(encode(Ready()))
        begin = to_child(await channel.receive())
        log(f"begin {os.getpid()} {begin.opening} {begin.video_source}")
        if begin.offer_sdp == "missing":
            await channel.send(encode(Fault(modality="video", reason="missing", detail="there is no /dev/video9")))
        elif begin.offer_sdp == "unusable":
            await channel.send(encode(OfferUnusable(detail="no H264")))
        elif begin.offer_sdp == "garbage":
            await channel.send(b"{")
        elif begin.offer_sdp == "die":
            os._exit(3)
        else:
            await channel.send(encode(Answer(sdp=f"answer to {begin.offer_sdp}")))
            await channel.send(encode(Began(modality="video", boot_ns=1)))
        await channel.receive()

asyncio.run(main())
"""


def boot_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def opening_for(lasts_ms: int, opening: str | None = None, *, position: bool = False) -> Opening:
    now_ms = boot_ms()
    return Opening(
        opening=opening or new_opening_id(),
        mandate=MANDATE,
        authority=None,
        person="TO-12",
        modalities=["position"] if position else ["video"],
        boot_id=BOOT,
        opened_boot_ms=now_ms,
        since_boot_ms=now_ms,
        until_boot_ms=now_ms + lasts_ms,
        since_ms=to_ms(AT),
        ends_by="expiry",
        carried=False,
    )


class Place:
    """An opener, and what its children have told in a file."""

    def __init__(self, opener: CaptureOpener, log: Path) -> None:
        self.opener = opener
        self._log = log

    def told(self, word: str) -> list[list[str]]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line.split() for line in lines if line.startswith(word)]

    async def ready(self, count: int) -> list[int]:
        """The process ids of the children, once so many are ready."""

        async def are_ready() -> bool:
            return len(self.told("ready")) >= count

        await until(are_ready, LIMIT_S)
        return [int(words[1]) for words in self.told("ready")]

    async def open(self, opening: Opening, sdp: str = "offer") -> OpenThing:
        return await self.opener.open(opening, MediaOffer(sdp=sdp))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    log = tmp_path / "children"
    async with CaptureKeeper([sys.executable, "-c", _CHILD, str(log)]) as keeper:
        never = CaptureKeeper([sys.executable, "-c", ""])
        opener = CaptureOpener(keeper, never, Sources(video="unix:/camera"), SystemClock())
        yield Place(opener, log)
        await opener.stop()


async def event_of(thing: OpenThing) -> Event:
    async with asyncio.timeout(LIMIT_S):
        return await thing.event()


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def ended(pid: int) -> None:
    async def is_gone() -> bool:
        return not lives(pid)

    await until(is_gone, LIMIT_S)


async def test_what_was_prepared_is_used_and_lives_as_long_as_the_permit(place: Place) -> None:
    opening = opening_for(60_000)
    place.opener.prepare(opening.opening, ["video"], boot_ms() + 15_000)
    [pid] = await place.ready(1)
    thing = await place.open(opening)
    assert await event_of(thing) == Answered("answer to offer")
    assert place.told("begin") == [["begin", str(pid), opening.opening, "unix:/camera"]]
    await thing.extend(boot_ms() + 90_000)
    assert await thing.close() <= boot_ms() + 1, "an end is rounded up"
    await ended(pid)


async def test_a_permit_shorter_than_what_was_prepared_gets_a_child_with_its_own_deadline(place: Place) -> None:
    opening = opening_for(4_000)
    place.opener.prepare(opening.opening, ["video"], boot_ms() + 15_000)
    [prepared] = await place.ready(1)
    thing = await place.open(opening)
    assert len(await place.ready(2)) == 2
    assert not lives(prepared)
    assert isinstance(await event_of(thing), Answered)
    await event_of(thing)
    end = await event_of(thing)
    assert isinstance(end, Ended)
    assert end.by_deadline
    assert end.at_boot_ms >= opening.until_boot_ms
    await thing.close()


async def test_asked_again_it_stays_prepared_and_for_another_opening_it_is_let_go(place: Place) -> None:
    first, second = opening_for(60_000), opening_for(60_000)
    for _ in range(3):
        place.opener.prepare(first.opening, ["video"], boot_ms() + 15_000)
    [pid] = await place.ready(1)
    place.opener.prepare(second.opening, ["video"], boot_ms() + 15_000)
    await ended(pid)
    other = (await place.ready(2))[1]
    place.opener.discard(first.opening)
    assert lives(other)
    place.opener.discard(second.opening)
    await ended(other)
    thing = await place.open(first)
    assert len(await place.ready(3)) == 3
    await thing.close()


@pytest.mark.parametrize(
    ("sdp", "rule"), [("missing", "device-missing"), ("unusable", "media-failed"), ("garbage", "media-failed")]
)
async def test_what_goes_wrong_is_told_by_its_rule(place: Place, sdp: str, rule: str) -> None:
    thing = await place.open(opening_for(60_000), sdp)
    failed = await event_of(thing)
    assert isinstance(failed, Failed)
    assert failed.rule == rule
    await thing.close()


async def test_a_child_that_dies_has_ended_before_its_deadline(place: Place) -> None:
    thing = await place.open(opening_for(60_000), "die")
    end = await event_of(thing)
    assert isinstance(end, Ended)
    assert not end.by_deadline
    with pytest.raises(CaptureError):
        await thing.extend(boot_ms() + 90_000)
    await thing.close()


async def test_whoever_gives_up_while_it_opens_leaves_nothing_open(place: Place) -> None:
    opens = asyncio.create_task(place.open(opening_for(60_000)))
    await asyncio.sleep(0)
    opens.cancel()
    await asyncio.wait({opens})
    thing = await place.open(opening_for(60_000))
    assert isinstance(await event_of(thing), Answered)
    await thing.close()
    for pid in await place.ready(1):
        await ended(pid)
    assert len(place.told("begin")) == 1


async def test_without_a_supervisor_nothing_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "UP_LIMIT_S", 0.2)
    none = CaptureKeeper([sys.executable, "-c", ""])
    opener = CaptureOpener(none, none, Sources(video="unix:/camera"), SystemClock())
    opener.prepare(new_opening_id(), ["video"], boot_ms() + 15_000)
    with pytest.raises(CaptureError):
        await opener.open(opening_for(60_000), MediaOffer(sdp="offer"))
    with pytest.raises(CaptureError, match="offer"):
        await opener.open(opening_for(60_000), None)
    await opener.stop()


async def test_the_position_child_finds_one_position_and_ends(tmp_path: Path) -> None:
    async with (
        running_receiver(tmp_path) as receiver,
        CaptureKeeper([sys.executable, "-m", "edge_agent.position.child"]) as keeper,
    ):
        opener = CaptureOpener(keeper, keeper, Sources(gnss=receiver.source), SystemClock())
        thing = await opener.open(opening_for(30_000, position=True), None)
        found = await event_of(thing)
        assert isinstance(found, Found)
        assert str(found.at) == "Degrees(…)"
        await thing.close()
        await receiver.says("disconnect")
        assert receiver.count("connect") == 1


async def test_a_receiver_that_is_missing_or_of_another_kind_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with CaptureKeeper([sys.executable, "-m", "edge_agent.position.child"]) as keeper:
        for source, rule in (
            (f"unix:{tmp_path}/none", "device-missing"),
            (f"fifo:{tmp_path}/file", "device-unreadable"),
        ):
            opener = CaptureOpener(keeper, keeper, Sources(gnss=source), SystemClock())
            thing = await opener.open(opening_for(60_000, position=True), None)
            failed = await event_of(thing)
            assert isinstance(failed, Failed)
            assert failed.rule == rule
            await thing.close()


async def test_a_receiver_that_says_nothing_is_said_to_have_no_fix_before_the_lease_ends(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent")
    silent = os.open(tmp_path / "silent", os.O_RDWR)
    try:
        async with CaptureKeeper([sys.executable, "-m", "edge_agent.position.child"]) as keeper:
            opener = CaptureOpener(keeper, keeper, Sources(gnss=f"fifo:{tmp_path}/silent"), SystemClock())
            opening = opening_for(8_000, position=True)
            thing = await opener.open(opening, None)
            failed = await event_of(thing)
            assert isinstance(failed, Failed)
            assert failed.rule == "no-fix"
            assert await thing.close() < opening.until_boot_ms
    finally:
        os.close(silent)
