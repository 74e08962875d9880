"""Units' records on real PostgreSQL: stored and logged once, in whatever order they come; and what is found of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.access_records.chain_keeping import RECORDS_AN_HOUR
from fleet.access_records.chain_rules import ProvenChain
from fleet.commands.chain_watch import ChainWatch
from fleet.ingest.batch import Inbound, Outcome
from fleet.ingest.judge import Rejection
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from protocols.access_record import GENESIS, AccessRecord, record_hash
from protocols.uplink import AnyUpMessage, EventBatch
from tests.support.clones import UNIT, Controllers, Device, Welcomed, a_new_unit
from tests.support.opening_entries import authority
from tests.support.reporting import OWNER_ID, ScriptedUnit, register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
OPENING = "0123456789abcdef01234567"
ACKNOWLEDGE = f"UPDATE event SET acknowledged_at = $1, acknowledged_by = '{OWNER_ID}' WHERE source = 'controller'"
T0 = datetime(2026, 11, 22, 8, tzinfo=UTC)


class _NoLink:
    def acknowledge(self, packet_ids: object) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def chain(*whats: str, salt: str = "", first: int = 1, prior: str = GENESIS, **facts: Any) -> list[str]:
    """The texts of a chain of records."""
    texts: list[str] = []
    for number, what in enumerate(whats, start=first):
        record = AccessRecord(
            number=number,
            prior=record_hash(texts[-1]) if texts else prior,
            at_ms=1_795_334_400_000 + number,
            boot_id=f"6f1c3f0e{salt}",
            boot_ms=number,
            what=what,  # type: ignore[arg-type]  # read back below
            modality=None if what == "started" else "video",
            opening=None if what == "started" else OPENING,
            person=None if what == "started" else OWNER_ID,
            **facts,
        )
        texts.append(record.text())
    return texts


class House:
    """Writers over one database, a unit's side of the contract, and the watch over chains. Time stands still."""

    def __init__(self, store: Store, owner: Owner) -> None:
        self.owner = owner
        self.now = T0
        self.writers = [Writer(store, PresenceSettings(), keep_proofs, lambda: self.now) for _ in range(2)]
        self.watch = ChainWatch(store, lambda: self.now)
        self.unit = ScriptedUnit(UNIT)
        self.rejections: list[Rejection] = []

    async def write(self, *messages: AnyUpMessage, writer: int = 0) -> Outcome:
        received_ms = int(self.now.timestamp() * 1000)
        items = [Inbound(_NoLink(), 0, 0, received_ms, message, None) for message in messages]
        turn = Turn()
        try:
            outcome, rejections = await self.writers[writer].write(items, turn)
        finally:
            turn.finish()
        self.rejections += rejections
        return outcome

    def told(self, text: str) -> EventBatch:
        return self.unit.event("access-something", record=text)

    async def tell(self, *texts: str) -> None:
        await self.write(*(self.told(text) for text in texts))

    async def prove(self, device: Device, records: int, head: str) -> None:
        device.chain = ProvenChain(records, head)
        (welcoming,) = (await self.write(device.announce())).welcomes
        proof = device.answer(Welcomed(welcoming.session, welcoming.welcome.challenge))
        assert proof is not None
        await self.write(proof)

    async def chain(self) -> asyncpg.Record:
        record = await self.owner.fetchrow("SELECT * FROM access_chain")
        assert record is not None
        return record

    async def entries(self) -> list[dict[str, Any]]:
        rows = await self.owner.fetch("SELECT body FROM log_entry WHERE kind NOT LIKE 'command.%' ORDER BY entry_id")
        return [msgspec.json.decode(row["body"]) for row in rows]

    async def causes(self) -> list[str]:
        rows = await self.owner.fetch("SELECT cause FROM error_report ORDER BY cause")
        return [row["cause"] for row in rows]

    async def warnings(self) -> int:
        count: int = await self.owner.fetchval("SELECT count(*) FROM event WHERE kind = 'access-claim-differs'")
        return count

    async def asked(self) -> list[str]:
        rows = await self.owner.fetch("SELECT body FROM command WHERE order_kind = 'send-records' ORDER BY created_at")
        return [row["body"] for row in rows]

    async def look(self, **later: float) -> None:
        self.now += timedelta(**later)
        await self.watch.look()


@pytest.fixture
async def house(store: Store, owner: Owner) -> House:
    await register(owner, [UNIT])
    return House(store, owner)


@pytest.fixture
async def device(store: Store, house: House) -> Device:
    controllers = Controllers()
    made = a_new_unit(controllers)
    async with store.transaction() as transaction:
        for certificate in controllers.certificates.values():
            await transaction.certificates.add(certificate)
    return made


async def test_each_record_is_stored_and_logged_once_and_counted_without_gaps(
    house: House, store: Store, owner: Owner
) -> None:
    async with store.transaction() as transaction:
        await transaction.log.append(authority(authority="A/2026/44"))
    texts = chain("started", "opened", "closed", "refused", mandate="M-1", authority="A/2026/44", reason="expiry")
    first, second, third, fourth = (house.told(text) for text in texts)
    await house.write(first, third, first)
    assert tuple(await house.chain())[1:3] == (1, record_hash(texts[0]))
    await house.write(fourth, third)
    assert (await house.chain())["records"] == 1
    await house.write(house.told(texts[1]), second, house.told(texts[3]))
    assert tuple(await house.chain())[1:3] == (4, record_hash(texts[3]))
    stored = await owner.fetch("SELECT body FROM access_record ORDER BY number")
    assert [row["body"] for row in stored] == texts
    entries = sorted((await house.entries())[1:], key=lambda entry: entry["record"])
    assert [entry["kind"] for entry in entries] == [
        "unit.started",
        "modality.opened",
        "modality.closed",
        "opening.refused",
    ]
    assert {entry["actor"] for entry in entries} == {"unit"}
    assert [entry.get("person") for entry in entries] == [None, OWNER_ID, OWNER_ID, OWNER_ID]
    assert [entry["record"] for entry in entries] == [1, 2, 3, 4]
    assert {entry["unit"] for entry in entries} == {UNIT}
    assert {entry["authority"] for entry in entries} == {"A/2026/44"}
    opened = entries[1]
    assert (opened["opening"], opened["mandate"], opened["modality"]) == (OPENING, "M-1", "video")
    assert opened["unit_at"] == "2026-11-22T08:00:00.002000Z"
    assert (entries[2]["reason"], entries[3]["rule"]) == ("expiry", "expiry")
    columns = await owner.fetchrow("SELECT opening, authority FROM log_entry WHERE kind = 'modality.opened'")
    assert columns is not None
    assert tuple(columns) == (OPENING, "A/2026/44")
    assert await house.causes() == []


@pytest.mark.parametrize("said", ["at-12-high-street", "At 12 High Street", "51.50735/-0.12776", "TO-99"])
async def test_only_people_we_know_and_words_enter_the_log_from_a_units_record(house: House, said: str) -> None:
    record = AccessRecord(
        number=1,
        prior=GENESIS,
        at_ms=1,
        boot_id="b",
        boot_ms=1,
        what="refused",
        modality="audio",
        authority=said.replace(" ", "-"),
        person=said.replace(" ", "-"),
        reason=said,
    )
    await house.tell(record.text())
    await house.tell(msgspec.structs.replace(record, what="started", boot_id=said).text())
    refused, started, *_ = await house.entries()
    assert (refused["actor"], refused["person"], refused["rule"], refused["opening"]) == ("unit", None, "other", None)
    assert (refused["authority"], started["authority"]) == (None, None)
    assert (started["boot"], started["reason"]) == ("other", "other")
    ours = msgspec.structs.replace(record, what="opened", opening="51.50735/-0.12776", mandate="john-smith")
    await house.tell(ours.text())
    assert [rejection.reason for rejection in house.rejections] == ["bad-record"]
    log = str(await house.owner.fetch("SELECT * FROM log_entry"))
    assert not [piece for piece in (said, "john", "51.5", "high-street") if piece.lower() in log.lower()]


@pytest.mark.parametrize(
    "text", ["", "no record", '{"number":1}', "\x00", chain("started")[0].replace('"started"', '"opened"')]
)
async def test_what_is_no_record_is_told_once_and_the_event_is_kept(house: House, owner: Owner, text: str) -> None:
    event = house.told(text)
    await house.write(event, event)
    await house.write(event)
    assert [rejection.reason for rejection in house.rejections] == ["bad-record"]
    told = await owner.fetchrow("SELECT severity, count FROM event WHERE kind = 'bad-record'")
    assert told is not None
    assert tuple(told) == ("warning", 1)
    assert await owner.fetchval("SELECT count(*) FROM event WHERE source = 'unit'") == 1
    assert await owner.fetchval("SELECT messages_rejected FROM unit_live") == 0, "the message is not refused"
    assert await house.entries() == []


async def test_two_records_of_one_number_are_both_kept_and_one_report_says_so(house: House, owner: Owner) -> None:
    texts = chain("started", "opened", "closed")
    other = chain("refused", first=2, prior=record_hash(texts[0]))
    await house.tell(*texts)
    await house.tell(*other, *other)
    await house.tell(*other)
    assert await owner.fetchval("SELECT count(*) FROM access_record WHERE number = 2") == 2
    assert await house.causes() == ["record-forked"]
    kinds = [entry["kind"] for entry in await house.entries()]
    assert kinds.count("opening.refused") == kinds.count("record.differs") == kinds.count("error-report.drafted") == 1
    alarms = await owner.fetch("SELECT severity FROM event WHERE kind = 'error-report'")
    assert [row["severity"] for row in alarms] == ["alarm"]


async def test_forks_without_end_are_one_open_report_and_one_counted_event(house: House, owner: Owner) -> None:
    await house.tell(*chain("started", "opened", "closed"))
    for salt in "abcdef":
        await house.tell(*chain("started", "opened", "closed", salt=salt))
        await house.tell(chain("refused", first=3, prior=salt * 64)[0])
    assert await house.causes() == ["record-forked"]
    kinds = [entry["kind"] for entry in await house.entries()]
    assert kinds.count("record.differs") == kinds.count("error-report.drafted") == 1
    events = await owner.fetch("SELECT severity, count FROM event WHERE kind = 'error-report' ORDER BY severity")
    assert [tuple(event) for event in events] == [("alarm", 1), ("warning", 6)]
    await owner.execute("UPDATE error_report SET state = 'closed'")
    await house.tell(chain("started", first=9)[0])
    assert len(await house.causes()) == 2, "what is found when nobody looks into it any more is a report"


async def test_a_true_record_is_known_among_more_forks_than_are_looked_at(house: House, device: Device) -> None:
    texts = chain("started", "opened", "closed")
    await house.tell(
        texts[0], *(chain("refused", first=2, prior=record_hash(texts[0]), salt=f"{n:x}")[0] for n in range(40))
    )
    house.now += timedelta(seconds=1)
    await house.tell(*texts[1:])
    await house.prove(device, 2, record_hash(texts[1]))
    await house.tell(chain("refused", first=2, prior=record_hash(texts[0]), salt="41")[0])
    assert await house.causes() == ["record-forked"]


async def test_a_flood_of_records_is_one_alarm_and_what_is_asked_for_comes_in(house: House, owner: Owner) -> None:
    texts = chain(*["started"] * 460)
    events = [house.told(text) for text in texts]
    await house.write(*events[:200])
    assert await owner.fetchval("SELECT count(*) FROM event WHERE kind = 'records-flood'") == 0
    for start in (200, 300, 400):
        await house.write(*events[start : start + 100])
    assert (await house.chain())["records"] == len(await house.entries()) == RECORDS_AN_HOUR
    alarm = await owner.fetchrow("SELECT severity, count FROM event WHERE kind = 'records-flood'")
    assert alarm is not None
    assert tuple(alarm) == ("alarm", 220)
    assert await owner.fetchval("SELECT count(*) FROM event WHERE source = 'unit'") == 460, "they are acknowledged"
    await house.write(house.unit.health(access_records=460, access_head=record_hash(texts[-1])))
    await house.look()
    await house.look(seconds=20)
    assert await house.asked() == ['{"order":"send-records","after":240}']
    await owner.execute("UPDATE command SET created_at = $1", house.now)
    await house.tell(*texts[240:440])
    assert (await house.chain())["records"] == 440
    house.now += timedelta(hours=2)
    await house.tell(*texts[440:])
    assert tuple(await house.chain())[1:3] == (460, record_hash(texts[-1]))
    assert await house.causes() == []


async def test_two_controllers_that_hear_the_same_enter_it_once(house: House) -> None:
    texts = chain(*["started"] * 30)
    events = [house.told(text) for text in texts]
    await asyncio.gather(
        *(house.write(event, writer=writer) for writer in (0, 1) for event in (events if writer else events[::-1]))
    )
    assert tuple(await house.chain())[1:3] == (30, record_hash(texts[-1]))
    assert sorted(entry["record"] for entry in await house.entries()) == list(range(1, 31))


async def test_claims_are_those_of_the_latest_report(house: House) -> None:
    head = "a" * 64
    older, newer = (
        house.unit.report(access_records=4, access_head=head),
        house.unit.report(access_records=5, access_head=head),
    )
    await house.write(house.unit.batch([newer]))
    await house.write(house.unit.batch([older]))
    claim = await house.chain()
    assert (claim["claimed"], claim["claimed_head"], claim["claimed_at"], claim["records"]) == (5, head, T0, 0)
    house.now += timedelta(minutes=1)
    await house.write(house.unit.health(access_records=5, access_head=head))
    assert (await house.chain())["claimed_at"] == T0, "written when it changes"
    await house.write(house.unit.health(access_records=6, access_head=head))
    assert (await house.chain())["claimed"] == 6
    await house.write(house.unit.health())
    assert (await house.chain())["claimed"] == 6, "a report without one says nothing"


async def test_a_proof_that_goes_back_or_ends_otherwise_is_a_report(house: House, device: Device) -> None:
    texts = chain("started", "opened", "closed")
    await house.tell(*texts)
    await house.prove(device, 3, record_hash(texts[2]))
    proven = await house.chain()
    assert (proven["proven"], proven["proven_head"], proven["proven_at"]) == (3, record_hash(texts[2]), T0)
    assert await house.causes() == []
    await house.prove(device, 2, record_hash(texts[1]))
    assert await house.causes() == ["record-went-back"]
    await house.prove(device, 3, "b" * 64)
    assert await house.causes() == ["head-differs", "record-went-back"]
    await house.prove(device, 3, "b" * 64)
    assert await house.causes() == ["head-differs", "record-went-back"], "found again is not told again"


async def test_a_first_proof_of_less_than_was_told_before_is_a_report(house: House, device: Device) -> None:
    texts = chain("started", "opened", "closed")
    await house.tell(*texts)
    house.now += timedelta(seconds=59)
    await house.prove(device, 2, record_hash(texts[1]))
    assert await house.causes() == [], "a record may come while the proof is under way, and clocks differ"
    house.now += timedelta(minutes=2)
    await house.prove(device, 2, record_hash(texts[1]))
    assert await house.causes() == ["record-went-back"]


async def test_missing_records_are_asked_for_while_the_unit_is_connected(house: House, device: Device) -> None:
    texts = chain(*["started"] * 4)
    await house.tell(texts[0], texts[3])
    await house.prove(device, 4, record_hash(texts[3]))
    await house.look()
    await house.look(seconds=19)
    assert await house.asked() == []
    await house.look(seconds=1)
    assert await house.asked() == ['{"order":"send-records","after":1}']
    await house.look(seconds=60)
    assert len(await house.asked()) == 1, "once at a time"
    await house.owner.execute("UPDATE command SET state = 'done'")
    await house.look(seconds=60)
    assert len(await house.asked()) == 2
    await house.owner.execute("UPDATE command SET state = 'done'")
    await house.tell(texts[1])
    assert (await house.chain())["missing_since"] is None, "what is missing, is missing anew"
    await house.tell(texts[2])
    await house.look(minutes=90)
    await house.look(minutes=90)
    assert (len(await house.asked()), await house.causes()) == (2, [])


async def test_what_does_not_come_in_an_hour_of_being_connected_is_a_report(house: House, device: Device) -> None:
    await house.prove(device, 4, "a" * 64)
    await house.look()
    await house.owner.execute("UPDATE unit_live SET session_up = false")
    await house.look(minutes=50)
    assert await house.asked() == []
    await house.owner.execute("UPDATE unit_live SET session_up = true")
    await house.look(minutes=20)
    await house.look(minutes=59)
    assert await house.causes() == [], "an hour while it was connected"
    await house.look(minutes=2)
    await house.look(minutes=2)
    assert await house.causes() == ["records-missing"]


async def test_what_reports_alone_claim_is_a_warning_and_no_report(house: House) -> None:
    texts = chain("started", "opened")
    await house.tell(*texts)
    await house.write(house.unit.health(access_records=1, access_head=record_hash(texts[0])))
    await house.look(minutes=4)
    assert await house.warnings() == 0, "the report may be older than the record"
    house.now += timedelta(minutes=2)
    await house.write(house.unit.health(access_records=1, access_head=record_hash(texts[0])))
    await house.look()
    await house.look(minutes=1)
    assert (await house.warnings(), await house.causes()) == (1, [])
    await house.write(house.unit.health(access_records=2, access_head="b" * 64))
    await house.look()
    await house.owner.execute(ACKNOWLEDGE, house.now)
    await house.look(minutes=1)
    assert await house.warnings() == 1, "a person knows of it"
    await house.write(house.unit.health(access_records=2, access_head="c" * 64))
    await house.look()
    assert (await house.warnings(), await house.causes()) == (2, []), "it is another claim"
    await house.owner.execute(ACKNOWLEDGE, house.now)
    await house.write(house.unit.health(access_records=2, access_head=record_hash(texts[1])))
    await house.look(minutes=10)
    assert await house.warnings() == 2


async def test_what_reports_claim_and_never_comes_is_a_warning(house: House, device: Device) -> None:
    await house.prove(device, 0, GENESIS)
    await house.write(house.unit.health(access_records=9, access_head="a" * 64))
    await house.look()
    await house.look(minutes=61)
    assert (await house.warnings(), await house.causes()) == (1, [])
    assert len(await house.asked()) == 1
