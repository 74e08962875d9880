"""The keeper in the agent: durable before it answers, spooled afterwards, and sent again when asked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.access_record.chain_text import FILE_NAME, verify
from edge_agent.access_record.keeper import AccessKeeper, open_keeper
from edge_agent.access_record.recording import CHAIN_BROKEN, AccessRecording, keeper_or_why_not, tip_of
from edge_agent.access_record.sending import AT_ONCE, RecordSending, summary
from edge_agent.errors import StateUnusable
from edge_agent.reporting import Clockwork
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.keeper import Rows
from edge_agent.spool.spool import Spool, open_spool
from edge_agent.watch import Happening
from protocols.access_record import AccessRecord, read_record, record_hash
from protocols.uplink import UnitEvent
from tests.support.renewing import HandClock

OPENING = "0123456789abcdef01234567"


class Bench:
    """A keeper over a real spool, and what is offered to the link."""

    def __init__(self, keeper: AccessKeeper, spool: Spool, clock: HandClock) -> None:
        self.keeper = keeper
        self.spool = spool
        self.clock = clock
        self.events: list[UnitEvent] = []
        self.told: list[Happening] = []
        self.news = asyncio.Event()
        self.sending = RecordSending(keeper, spool, self.offer, clock)
        self.recording = AccessRecording(keeper, spool, clock, self.offer, self.tell)

    def offer(self, rows: Rows) -> None:
        self.events += [msgspec.json.decode(row.body, type=UnitEvent) for row in rows.rows]
        self.news.set()

    async def tell(self, happening: Happening) -> None:
        self.told.append(happening)

    @property
    def sent(self) -> list[AccessRecord]:
        return [read_record(event.record or "") for event in self.events]

    async def sees(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.events) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = HandClock()
    spool = await open_spool(tmp_path, SpoolLimits(1 << 24, 1 << 50), Clockwork(clock).now)
    keeper = await open_keeper(tmp_path, clock, "boot-1")
    yield Bench(keeper, spool, clock)
    await keeper.close()
    await spool.close()


async def test_a_record_is_on_the_disk_when_append_returns(bench: Bench) -> None:
    first = await bench.keeper.append(what="started")
    opened = await bench.keeper.append(
        what="opened", modality="video", opening=OPENING, mandate="M-1", authority="A/2026/44", person="TO-12"
    )
    assert verify(bench.keeper.path).tip == bench.keeper.tip
    assert (bench.keeper.records, bench.keeper.head) == (2, record_hash(opened.text()))
    assert await bench.keeper.after(0, 10) == [first.text(), opened.text()]
    assert (opened.at_ms, opened.boot_ms, opened.boot_id) == (bench.clock.wall_ms(), bench.clock.mono_ms(), "boot-1")


async def test_many_at_once_are_one_chain(bench: Bench) -> None:
    await asyncio.gather(*(bench.keeper.append(what="refused", modality="audio", reason="x") for _ in range(40)))
    assert verify(bench.keeper.path).tip == bench.keeper.tip
    assert bench.keeper.records == 40


async def test_records_are_spooled_as_events_in_order_and_again_when_asked_for(bench: Bench) -> None:
    running = asyncio.create_task(bench.sending.run())
    await bench.keeper.append(what="started")
    await bench.keeper.append(what="opened", modality="video", opening=OPENING, person="TO-12")
    await bench.sees(2)
    await bench.keeper.append(what="closed", modality="video", opening=OPENING, reason="expiry", open_s=12)
    await bench.sees(3)
    assert [event.kind for event in bench.events] == ["access-started", "access-opened", "access-closed"]
    assert [event.severity for event in bench.events] == ["info"] * 3
    assert [record.number for record in bench.sent] == [1, 2, 3]
    assert bench.events[1].summary == f"record 2: video opened for TO-12, opening {OPENING}"
    assert await bench.sending.send_again(1) == 2
    assert [record.number for record in bench.sent] == [1, 2, 3, 2, 3]
    assert bench.events[4].summary.endswith("closed after 12 s (expiry), sent again")
    assert bench.events[1].record == bench.events[3].record
    assert await bench.sending.send_again(3) == 0
    running.cancel()
    await asyncio.wait({running})


async def test_so_many_are_sent_again_and_no_more(bench: Bench) -> None:
    for _ in range(AT_ONCE + 30):
        await bench.keeper.append(what="started")
    assert await bench.sending.send_again(10) == AT_ONCE
    assert [record.number for record in bench.sent] == list(range(11, AT_ONCE + 11))


async def test_a_disk_that_can_not_be_written_makes_append_raise(bench: Bench) -> None:
    await bench.keeper.append(what="started")
    bench.keeper.path.unlink()
    with pytest.raises(StateUnusable):
        await bench.keeper.append(what="opened", modality="video", opening=OPENING)
    assert bench.keeper.records == 1
    await bench.recording.begin()
    assert [(news.kind, news.severity) for news in bench.told] == [("access-record-unusable", "alarm")]


async def test_a_start_after_a_broken_chain_says_so_in_the_chain_and_by_an_alarm(bench: Bench, tmp_path: Path) -> None:
    for _ in range(3):
        await bench.keeper.append(what="started")
    path = tmp_path / FILE_NAME
    path.write_text(path.read_text().replace('"number":2', '"number":7', 1))
    keeper = await open_keeper(tmp_path, bench.clock, "boot-2")
    bench.recording = AccessRecording(keeper, bench.spool, bench.clock, bench.offer, bench.tell)
    await bench.recording.begin()
    (news,) = bench.told
    assert (news.kind, news.severity) == ("access-record-broken", "alarm")
    assert f"{FILE_NAME}.broken-1; it goes on with record 8" in news.summary
    (text,) = await keeper.after(0, 10)
    assert (read_record(text).number, read_record(text).reason) == (8, CHAIN_BROKEN)
    await keeper.close()


async def test_without_a_chain_the_unit_still_says_so(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / FILE_NAME
    path.mkdir(parents=True)
    keeper = await keeper_or_why_not(path.parent, bench.clock, "boot-1")
    assert isinstance(keeper, StateUnusable)
    assert tip_of(keeper) is None
    recording = AccessRecording(keeper, bench.spool, bench.clock, bench.offer, bench.tell)
    await recording.begin()
    assert bench.told[0].kind == "access-record-unusable"
    with pytest.raises(StateUnusable):
        await recording.send_again(0)


@pytest.mark.parametrize("what", ["started", "opened", "closed", "refused"])
def test_every_record_has_a_line_for_a_person(what: str) -> None:
    record = msgspec.convert(
        {
            "number": 5,
            "prior": "a" * 64,
            "at_ms": 1,
            "boot_id": "b",
            "boot_ms": 1,
            "what": what,
            "modality": "audio",
            "opening": "open-" + "f" * 36,
            "person": "y" * 60,
            "reason": "z" * 80,
        },
        AccessRecord,
    )
    assert summary(record, again=True).startswith("record 5: ")
    assert len(summary(record, again=True)) <= 200
