"""The desk over a real chain and ledger: what is recorded before it opens, what is said, and how all of it ends."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.access_record.chain_text import FILE_NAME as RECORD_NAME
from edge_agent.errors import CaptureError, SensorPowerAway, StateUnusable
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.openings.desk import WAITING_MAX
from edge_agent.openings.ledger import Ledger, Opening
from edge_agent.openings.ledger_file import FILE_NAME, LedgerFile, read_ledger
from edge_agent.openings.opener import Answered as ThingAnswered
from edge_agent.openings.opener import Ended, Failed, Found
from edge_agent.openings.verdicts import Bench
from protocols.access_record import read_record
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    Degrees,
    NonceMade,
    PositionFound,
    Refused,
    signal_bytes,
    signature_of,
)
from tests.support.mandates import (
    BOOT,
    MANDATE,
    OPENING,
    UNIT,
    House,
    allows,
    bench_mandate,
    mandate,
    retrieval_mandate,
)
from tests.support.opening_desk import FOR_EVER, HandClock, Unit, unit_at
from tests.support.waiting import until

OTHER = "open-" + "b" * 24


async def test_records_and_ledger_are_on_the_disk_before_anything_opens(tmp_path: Path) -> None:
    seen: list[tuple[list[str], int]] = []

    def look(opening: Opening) -> None:
        records = [read_record(line) for line in (tmp_path / RECORD_NAME).read_text().splitlines()]
        ledger = read_ledger(tmp_path / FILE_NAME)
        assert ledger is not None
        assert ledger.opening(opening.opening) == opening
        seen.append(([one.what for one in records], ledger.used_ms(MANDATE, "video", "2026-11-22")))

    async with unit_at(tmp_path) as unit:
        unit.opener.on_open = look
        thing = await unit.opened()
        assert unit.opener.prepared == [OPENING], "made ready while the lease is on its way"
        assert seen == [(["opened", "opened"], 60_000)]
        thing.events.put_nowait(ThingAnswered("v=0 answer"))
        answered = (await unit.told(Answered))[0]
        assert answered.sdp == "v=0 answer"
        opened = (await unit.chain())[0]
        assert (opened.person, opened.mandate, opened.authority) == ("TO-12", MANDATE, "AUTH-26/7")


async def test_what_the_unit_says_is_signed_with_its_certificates_key(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.nonce_for()
        sealed = unit.sent[0]
        key = unit.keystore.public_key(FIRST_KEY)
        assert isinstance(key, EllipticCurvePublicKey)
        key.verify(signature_of(sealed), signal_bytes(UNIT, sealed.text), ECDSA(SHA256()))


async def test_the_deadline_closes_and_is_recorded_with_how_long_it_was_open(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        thing.reach_deadline()
        closed = (await unit.told(Closed))[0]
        assert (closed.reason, closed.open_s) == ("expiry", 60)
        assert (await unit.recorded())[2:] == [("closed", "video", "expiry"), ("closed", "audio", "expiry")]
        assert [one.open_s for one in (await unit.chain())[2:]] == [60, 60]
        assert unit.desk.open == []


async def test_renewals_extend_and_are_answered_without_a_description(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        unit.clock.boot_ms += 40_000
        unit.desk.heed(await unit.granted(offer=None), FOR_EVER)
        answered = (await unit.told(Answered))[0]
        assert answered.sdp is None
        assert thing.until_boot_ms == unit.clock.boot_ms + 60_000
        assert [one.what for one in await unit.chain()] == ["opened", "opened"], "no second opening"
        assert unit.opener.prepared == [OPENING], "nothing new is made ready"
        unit.clock.boot_ms += 10_000
        unit.desk.heed(CloseOpening(opening=OPENING, reason="viewer-left"), FOR_EVER)
        assert (await unit.told(Closed))[0].open_s == 50
        ledger = read_ledger(tmp_path / FILE_NAME)
        assert ledger is not None
        assert ledger.used_ms(MANDATE, "video", "2026-11-22") == 50_000


@pytest.mark.parametrize("rule", ["device-missing", "device-busy", "device-died"])
async def test_a_device_that_fails_closes_with_its_reason(tmp_path: Path, rule: str) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        unit.clock.boot_ms += 2_000
        thing.events.put_nowait(Failed(rule, "video: /dev/video0 is not there"))
        closed = (await unit.told(Closed))[0]
        assert (closed.reason, closed.open_s, closed.detail) == (rule, 2, "video: /dev/video0 is not there")
        assert thing.closed_at is not None
        assert ("closed", "video", rule) in await unit.recorded()


async def test_what_could_not_be_opened_is_recorded_as_closed(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        unit.opener.failure = CaptureError("no supervisor")
        unit.desk.heed(await unit.granted(), FOR_EVER)
        closed = (await unit.told(Closed))[0]
        assert (closed.reason, closed.open_s, closed.detail) == ("media-failed", 0, "no supervisor")
        assert await unit.recorded() == [
            ("opened", "video", ""),
            ("opened", "audio", ""),
            ("closed", "video", "media-failed"),
            ("closed", "audio", "media-failed"),
        ]


async def test_an_opening_without_power_for_its_devices_says_so(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        unit.opener.failure = SensorPowerAway("the microcontroller does not answer")
        unit.desk.heed(await unit.granted(), FOR_EVER)
        closed = (await unit.told(Closed))[0]
        assert (closed.reason, closed.open_s) == ("no-sensor-power", 0)
        assert ("closed", "video", "no-sensor-power") in await unit.recorded()


async def test_a_close_is_obeyed_while_it_still_begins_and_said_again_when_asked_again(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        unit.opener.held = asyncio.Event()
        unit.desk.heed(await unit.granted(), FOR_EVER)
        for _ in range(2):
            unit.desk.heed(CloseOpening(opening=OPENING, reason="asked"), FOR_EVER)
            await unit.told(Closed)
        assert (await unit.told(Closed, 1))[0].reason == "asked"
        assert unit.opener.things == []
        unit.desk.heed(CloseOpening(opening=OTHER, reason="words of nobody"), FOR_EVER)
        assert [one.opening for one in await unit.told(Closed, 3)][-1] == OTHER
        assert unit.opener.discarded[-1] == OTHER


async def test_a_cancelled_mandate_closes_what_is_open_and_never_opens_again(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.opened()
        assert await unit.desk.cancel_mandate("M-ffffffffffff") == 0
        assert await unit.desk.cancel_mandate(MANDATE) == 1
        assert (await unit.told(Closed))[0].reason == "cancelled"
        unit.desk.heed(await unit.granted(OTHER), FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "mandate-cancelled"
    async with unit_at(tmp_path, boot_id="another boot") as unit:
        unit.desk.heed(await unit.granted(OTHER, boot_id="another boot"), FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "mandate-cancelled", "also after a reboot"
        assert unit.opener.things == []


async def test_a_refusal_is_said_recorded_and_repeated_ones_are_counted(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        grant = await unit.granted(person="TO-99")
        for number in range(1, 6):
            unit.desk.heed(grant, FOR_EVER)
            refused = (await unit.told(Refused, number))[-1]
            assert (refused.rule, refused.opening) == ("unknown-person", OPENING)
        assert await unit.recorded() == [
            ("refused", "video", "unknown-person"),
            ("refused", "audio", "unknown-person"),
        ]
        unit.clock.boot_ms += 60_000
        unit.desk.heed(grant, FOR_EVER)
        await unit.told(Refused, 6)
        assert ("refused", "video", "lease-expired") in await unit.recorded()
        assert unit.opener.things == []


async def test_a_grant_that_nobody_can_read_is_recorded_without_its_claims(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        good = await unit.granted()
        forged = msgspec.structs.replace(good, logged=House().beside("other").granted().logged)
        unit.desk.heed(forged, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "lease-signature"
        record = (await unit.chain())[0]
        assert (record.what, record.reason, record.person, record.mandate) == ("refused", "lease-signature", None, None)


async def test_a_nonce_opens_once(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        grant = await unit.granted()
        unit.desk.heed(grant, FOR_EVER)
        unit.desk.heed(grant, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "bad-nonce"
        assert len(unit.opener.things) == 1


async def test_what_is_said_too_late_is_not_heeded_and_too_much_is_dropped(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        grant = await unit.granted()
        unit.desk.heed(grant, unit.clock.boot_ms)
        await unit.nonce_for(OTHER)
        assert unit.opener.things == []
        for number in range(WAITING_MAX + 50):
            unit.desk.heed(AskNonce(opening=f"open-{number:024x}", modalities=["video"]), FOR_EVER)
        await unit.told(NonceMade, 2 + WAITING_MAX)
        await unit.nonce_for(OTHER)
        assert len(await unit.told(NonceMade)) == 3 + WAITING_MAX


async def test_a_close_is_obeyed_also_when_too_much_waits(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.opened()
        for number in range(WAITING_MAX):
            unit.desk.heed(AskNonce(opening=f"open-{number:024x}", modalities=["video"]), FOR_EVER)
        unit.desk.heed(CloseOpening(opening=OPENING, reason="cancelled"), FOR_EVER)
        assert (await unit.told(Closed))[0].reason == "cancelled"


async def test_position_is_found_once_and_closed(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened(asked=retrieval_mandate())
        assert (await unit.told(Answered))[0].sdp is None
        thing.events.put_nowait(Found(Degrees(latitude_deg=51.5, longitude_deg=-0.1), 0.9, 9))
        assert (await unit.told(PositionFound))[0].at.latitude_deg == 51.5
        assert (await unit.told(Closed))[0].reason == "found"
        assert await unit.recorded() == [("opened", "position", ""), ("closed", "position", "found")]
        assert "51.5" not in (tmp_path / FILE_NAME).read_text()


async def test_a_bench_mandate_opens_when_the_lid_is_open(tmp_path: Path) -> None:
    async with unit_at(tmp_path / "closed") as unit:
        unit.desk.heed(await unit.granted(asked=bench_mandate()), FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "not-on-bench"
    async with unit_at(tmp_path / "open", bench=lambda: Bench(lid_open=True)) as unit:
        assert await unit.opened(asked=bench_mandate())


async def test_what_a_bench_mandate_opened_closes_with_the_lid_and_nothing_else_does(tmp_path: Path) -> None:
    sensed = Bench(lid_open=True)
    async with unit_at(tmp_path, bench=lambda: sensed, bench_every_s=0.01) as unit:
        sound = mandate(mandate="M-ffffffffffff", allows=[allows("audio")])
        field = await unit.opened(OTHER, sound)
        bench = await unit.opened(asked=bench_mandate(allows=[allows("video")]))
        sensed = Bench()
        closed = (await unit.told(Closed))[0]
        assert (closed.opening, closed.reason) == (OPENING, "not-on-bench")
        assert bench.closed_at is not None
        assert ("closed", "video", "not-on-bench") in await unit.recorded()
        assert [one.opening for one in unit.desk.open] == [OTHER]
        assert field.closed_at is None


async def test_a_bench_that_moves_from_lid_to_workshop_stays_one(tmp_path: Path) -> None:
    looks = 0

    def sense() -> Bench:
        nonlocal looks
        looks += 1
        return Bench(lid_open=looks % 2 == 0, in_workshop=looks % 2 == 1)

    async with unit_at(tmp_path, bench=sense, bench_every_s=0.01) as unit:
        await unit.opened(asked=bench_mandate())

        async def has_looked() -> bool:
            return looks > 20

        await until(has_looked)
        assert len(unit.desk.open) == 1


async def test_a_bench_that_can_not_be_sensed_any_more_is_none(tmp_path: Path) -> None:
    broken = False

    def sense() -> Bench:
        if broken:
            raise OSError("the line is gone")
        return Bench(lid_open=True)

    async with unit_at(tmp_path, bench=sense, bench_every_s=0.01) as unit:
        await unit.opened(asked=bench_mandate())
        broken = True
        assert (await unit.told(Closed))[0].reason == "not-on-bench"


async def test_a_bench_that_goes_while_it_still_opens_is_heeded(tmp_path: Path) -> None:
    sensed = Bench(in_workshop=True)
    async with unit_at(tmp_path, bench=lambda: sensed, bench_every_s=0.01) as unit:
        unit.opener.held = asyncio.Event()
        unit.desk.heed(await unit.granted(asked=bench_mandate()), FOR_EVER)
        await until_open(unit)
        sensed = Bench()
        assert (await unit.told(Closed))[0].reason == "not-on-bench"
        assert unit.opener.things == []


async def until_open(unit: Unit) -> None:
    """Its records are written."""

    async def is_open() -> bool:
        return bool(unit.desk.open)

    await until(is_open)


async def test_without_a_chain_or_a_ledger_nothing_opens_and_it_is_said_at_once(tmp_path: Path) -> None:
    async with unit_at(tmp_path / "a", broken_chain=True) as unit:
        unit.desk.heed(AskNonce(opening=OPENING, modalities=["video"]), FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "chain-unusable"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / FILE_NAME).write_text("{}x")
    async with unit_at(tmp_path / "b") as unit:
        unit.desk.heed(AskNonce(opening=OPENING, modalities=["video"]), FOR_EVER)
        refused = (await unit.told(Refused))[0]
        assert (refused.rule, "damaged" in refused.detail) == ("state-unusable", True)
        with pytest.raises(StateUnusable):
            await unit.desk.cancel_mandate(MANDATE)


async def test_a_ledger_that_can_not_be_written_opens_nothing(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        grant = await unit.granted()
        (tmp_path / f".{FILE_NAME}.new").mkdir()
        unit.desk.heed(grant, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "state-unusable"
        (tmp_path / f".{FILE_NAME}.new").rmdir()
        assert unit.opener.things == []
        assert await unit.opened(OTHER), "the disk is well again"


async def test_a_chain_that_can_not_be_written_opens_nothing_and_uses_nothing_up(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        grant = await unit.granted()
        chain = tmp_path / RECORD_NAME
        chain.write_bytes(b"somebody else\n")
        unit.desk.heed(grant, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "chain-unusable"
        assert unit.opener.things == []
        ledger = read_ledger(tmp_path / FILE_NAME)
        assert ledger is not None
        assert (ledger.open, ledger.usages) == ([], [])
        chain.write_bytes(b"")


async def test_the_agents_stop_closes_all_with_their_records(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.opened()
        unit.clock.boot_ms += 3_000
        await unit.desk.stop()
        assert (await unit.recorded())[2:] == [
            ("closed", "video", "agent-stopped"),
            ("closed", "audio", "agent-stopped"),
        ]
        await unit.told(Closed)
        with pytest.raises(Exception, match="stopping"):
            await unit.desk.ask(OTHER, ["video"])


async def _killed(path: Path, clock: HandClock) -> None:
    """What a killed agent leaves: an opening in ledger and chain, and nothing after it."""
    async with unit_at(path, clock=clock) as unit:
        await unit.opened(asked=mandate())
        ledger = (path / FILE_NAME).read_bytes()
        chain = (path / RECORD_NAME).read_bytes()
    (path / FILE_NAME).write_bytes(ledger)
    (path / RECORD_NAME).write_bytes(chain)


@pytest.mark.parametrize(("boot_id", "later_ms", "open_s"), [(BOOT, 9_000, 9), (BOOT, 99_000, 60), ("next", 1, 60)])
async def test_what_a_killed_agent_left_open_is_closed_at_the_next_start(
    tmp_path: Path, boot_id: str, later_ms: int, open_s: int
) -> None:
    clock = HandClock()
    await _killed(tmp_path, clock)
    clock.boot_ms += later_ms
    async with unit_at(tmp_path, clock=clock, boot_id=boot_id) as unit:
        await unit.nonce_for(OTHER)
        records = (await unit.chain())[2:]
        assert [(one.what, one.reason, one.open_s) for one in records] == [("closed", "agent-stopped", open_s)] * 2
        ledger = read_ledger(tmp_path / FILE_NAME)
        assert ledger is not None
        assert (ledger.open, ledger.used_ms(MANDATE, "video", "2026-11-22")) == ([], 60_000)


async def test_a_lost_ledger_of_a_unit_that_has_opened_opens_nothing(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        await unit.opened()
    (tmp_path / FILE_NAME).unlink()
    async with unit_at(tmp_path) as unit:
        unit.desk.heed(AskNonce(opening=OPENING, modalities=["video"]), FOR_EVER)
        refused = (await unit.told(Refused))[0]
        assert (refused.rule, "is gone" in refused.detail) == ("state-unusable", True)


async def test_what_ends_by_itself_is_said_so(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        thing.events.put_nowait(Ended(unit.clock.boot_ms + 400, by_deadline=False))
        assert (await unit.told(Closed))[0].reason == "media-failed"
        unit.desk.heed(await unit.granted(), FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "lease-ended", "an opening that has ended is not opened again"


async def test_a_renewal_of_what_has_just_ended_is_refused(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        unit.clock.boot_ms += 10_000
        grant = await unit.granted(offer=None)
        thing.closed_at = unit.clock.boot_ms
        unit.desk.heed(grant, FOR_EVER)
        assert (await unit.told(Refused))[0].rule == "lease-ended"


async def test_the_ledger_file_goes_on_after_a_failed_write(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    await file.load(has_opened=False)
    (tmp_path / f".{FILE_NAME}.new").mkdir()
    with pytest.raises(StateUnusable):
        await file.settle(Ledger().with_cancelled(MANDATE))
    assert file.now == Ledger().with_cancelled(MANDATE), "it counts, though the disk does not know"
    with pytest.raises(StateUnusable):
        await file.keep(Ledger())
    assert file.now == Ledger().with_cancelled(MANDATE)
    file.close()
