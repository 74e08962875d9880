"""Bad input of every kind is counted, recorded once as an event for its unit, and never stops ingest."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from fleet.store.store import Store
from protocols.health import HealthReport
from protocols.ids import new_session_nonce
from protocols.topics import MAX_PAYLOAD_BYTES
from protocols.uplink import HealthBatch, encode_up
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import ConnectedUnit, connected_unit, now_ms, register, running_ingest, until
from tests.support.tls import Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as running:
        yield running


def new_unit() -> str:
    return f"unit-{uuid4().hex[:8]}"


def of_another_version(unit: ConnectedUnit) -> bytes:
    report = HealthReport(seq=1, sampled_at_ms=now_ms())
    return encode_up(HealthBatch(v=2, unit=unit.unit_id, session=unit.session, spool_id=1, reports=[report]))


def of_another_unit(unit: ConnectedUnit) -> bytes:
    report = HealthReport(seq=1, sampled_at_ms=now_ms())
    return encode_up(HealthBatch(unit="unit-another1", session=unit.session, spool_id=1, reports=[report]))


async def test_every_kind_is_recorded_once_and_ingest_goes_on(
    broker: MosquittoBroker, store: Store, owner: Owner
) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        kinds = {
            "malformed": b"{not json",
            "oversized": b" " * (MAX_PAYLOAD_BYTES + 60_000),
            "unknown-version": of_another_version(unit),
            "wrong-unit": of_another_unit(unit),
        }
        await unit.send(unit.announcement())
        stored = unit.health()
        await unit.send(stored)
        for _ in range(3):
            for payload in kinds.values():
                await unit.send_raw("health", payload)
            await unit.send(unit.health(sampled_at_ms=now_ms() + 3_600_000))
        await unit.acknowledged_all()
        unit.acknowledged.clear()
        replayed = encode_up(stored)
        unit.session = new_session_nonce()
        await unit.send(unit.announcement())
        for _ in range(3):
            await unit.send_raw("health", replayed)
        await unit.send(unit.health())
        await until(lambda: unit.acknowledged == {unit.last_seq})
        counted = {
            reason: running.counted("muster_messages_rejected_total", reason=reason)
            for reason in (*kinds, "future-dated", "replayed")
        }
        assert counted == dict.fromkeys(counted, 3)
    events = await owner.fetch("SELECT kind, severity, count, repeat_key FROM event WHERE unit_id = $1", name)
    assert {(event["kind"], event["severity"], event["count"]) for event in events} == {
        *((f"rejected-{reason}", "warning", 3) for reason in kinds),
        ("rejected-replayed", "info", 3),
        ("future-dated", "info", 3),
    }
    assert len(events) == 6
    live = await owner.fetchrow("SELECT messages_rejected, reports_stored FROM unit_live WHERE unit_id = $1", name)
    assert live is not None
    assert (live["messages_rejected"], live["reports_stored"]) == (15, 5)


async def test_an_acknowledged_event_is_not_counted_on(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker), connected_unit(broker, name) as unit:

        async def counts() -> list[int]:
            rows = await owner.fetch("SELECT count FROM event WHERE kind = 'rejected-malformed' ORDER BY event_id")
            return [row["count"] for row in rows]

        async def are(wanted: list[int]) -> bool:
            return await counts() == wanted

        await unit.send_raw("health", b"{")
        await until(lambda: are([1]))
        await owner.execute("UPDATE event SET acknowledged_by = 'TO-01', acknowledged_at = now()")
        await unit.send_raw("health", b"{")
        await until(lambda: are([1, 1]))


async def test_a_revoked_unit_is_neither_stored_nor_acknowledged(
    broker: MosquittoBroker, store: Store, owner: Owner
) -> None:
    name, good = new_unit(), new_unit()
    await register(owner, [name, good])
    await owner.execute("UPDATE unit SET state = 'revoked' WHERE unit_id = $1", name)
    async with (
        running_ingest(store, broker) as running,
        connected_unit(broker, name) as unit,
        connected_unit(broker, good) as other,
    ):
        await unit.send(unit.announcement())
        await unit.send(unit.health())
        await unit.send(unit.event())
        await until(lambda: running.counted("muster_messages_rejected_total", reason="revoked") == 3)
        await other.send(other.health())
        await other.acknowledged_all()
        assert unit.bodies == []
        assert running.sessions in ([], [{good}])
    assert await owner.fetchval("SELECT count(*) FROM health_report WHERE unit_id = $1", name) == 0
    event = await owner.fetchrow("SELECT kind, count FROM event WHERE unit_id = $1", name)
    assert event is not None
    assert (event["kind"], event["count"]) == ("rejected-revoked", 3)


async def test_a_flood_of_unknown_units_is_one_event(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    strangers = [new_unit() for _ in range(5)]
    good = new_unit()
    await register(owner, [good])
    async with running_ingest(store, broker) as running, connected_unit(broker, good) as unit:
        for stranger in strangers:
            async with connected_unit(broker, stranger) as unknown:
                for _ in range(4):
                    await unknown.send(unknown.health())
        await until(lambda: running.counted("muster_messages_rejected_total", reason="unknown-unit") == 20)
        await unit.send(unit.health())
        await unit.acknowledged_all()
    events = await owner.fetch("SELECT unit_id, kind, count, summary FROM event")
    assert [(event["unit_id"], event["kind"], event["count"]) for event in events] == [
        (None, "rejected-unknown-unit", 20)
    ]
    assert events[0]["summary"].rpartition(" ")[2] in strangers


async def test_a_message_that_the_database_refuses_holds_up_no_other(
    broker: MosquittoBroker, store: Store, owner: Owner
) -> None:
    name = new_unit()
    await register(owner, [name])
    await owner.execute("ALTER TABLE health_report ADD CHECK (supply_mv <> 666)")
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        for supply_mv in (5000, 666, 5001, 5002, 666, 5003):
            await unit.send(unit.health(supply_mv=supply_mv))
        await until(lambda: unit.acknowledged == {1, 3, 4, 6})
        await until(lambda: running.counted("muster_messages_rejected_total", reason="unstorable") == 2)
        assert await owner.fetchval("SELECT count(*) FROM health_report") == 4
    event = await owner.fetchrow("SELECT kind, count FROM event WHERE unit_id = $1", name)
    assert event is not None
    assert (event["kind"], event["count"]) == ("rejected-unstorable", 2)
