"""The main flow on real mosquitto and real PostgreSQL: stored once, acknowledged when committed, by itself again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from fleet.store.store import Store
from protocols.downlink import Welcome
from protocols.ids import new_session_nonce
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import connected_unit, register, running_ingest, until
from tests.support.tls import Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as running:
        yield running


def new_unit() -> str:
    return f"unit-{uuid4().hex[:8]}"


async def test_a_report_is_stored_acknowledged_and_shown(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        await unit.send(unit.announcement(boot_id="boot-1", agent_version="1.0", model="model-x", settings_version=1))
        await unit.send(unit.health(supply_mv=5010, soc_temp_c=48.5, load_1m=0.25, gnss_hdop=1.5))
        await unit.send(unit.event("lid-opened", severity="alarm"))
        await unit.acknowledged_all()
        await until(lambda: running.sessions == [{name}])
    assert any(isinstance(body, Welcome) for body in unit.bodies)
    report = await owner.fetchrow("SELECT * FROM health_report WHERE unit_id = $1", name)
    assert report is not None
    assert (report["supply_mv"], report["soc_temp_c"], report["spool_id"], report["seq"]) == (
        5010,
        48.5,
        unit.spool_id,
        1,
    )
    assert report["more"] == '{"load_1m":0.25,"gnss_hdop":1.5}'
    live = await owner.fetchrow("SELECT * FROM unit_live JOIN unit USING (unit_id) WHERE unit_id = $1", name)
    assert live is not None
    assert (live["session_up"], live["session_nonce"], live["boot_id"]) == (True, unit.session, "boot-1")
    assert (live["model"], live["agent_version"], live["settings_running"]) == ("model-x", "1.0", 1)
    assert (live["presence"], live["reports_stored"], live["supply_mv"]) == ("online", 1, 5010)
    assert live["presence_due_at"] > live["last_report_at"]
    event = await owner.fetchrow("SELECT * FROM event WHERE unit_id = $1", name)
    assert event is not None
    assert (event["kind"], event["severity"], event["source"], event["seq"]) == ("lid-opened", "alarm", "unit", 2)


async def test_repeats_are_acknowledged_and_stored_once(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        message, event = unit.health(100), unit.event()
        for _ in range(3):
            await unit.send(message)
            await unit.send(event)
        await unit.acknowledged_all()
        unit.acknowledged.clear()
        await unit.send(unit.batch([*message.reports[50:], unit.report()]))
        await until(lambda: unit.acknowledged == {*range(51, 101), 102})
        assert running.counted("muster_rows_stored_total") == 102
        assert running.counted("muster_rows_duplicate_total") == 2 * 101 + 50
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 101
    assert await owner.fetchval("SELECT count(*) FROM event WHERE source = 'unit'") == 1
    assert await owner.fetchval("SELECT reports_stored FROM unit_live WHERE unit_id = $1", name) == 101


async def test_a_unit_that_announced_to_nobody_is_known_by_its_new_reports(
    broker: MosquittoBroker, store: Store, owner: Owner
) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        await unit.send(unit.health())
        await unit.acknowledged_all()
        await until(lambda: running.sessions == [{name}])
        assert await owner.fetchval("SELECT session_nonce FROM unit_live WHERE unit_id = $1", name) == unit.session


async def test_a_will_ends_its_own_session_only(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    name = new_unit()
    await register(owner, [name])

    async def is_up() -> bool | None:
        up: bool | None = await owner.fetchval("SELECT session_up FROM unit_live WHERE unit_id = $1", name)
        return up

    async with running_ingest(store, broker), connected_unit(broker, name) as unit:
        late_will = unit.announcement(is_up=False)
        await unit.send(unit.announcement())
        unit.session = new_session_nonce()
        await unit.send(unit.announcement())
        await unit.send(late_will)
        await unit.send(unit.health())
        await unit.acknowledged_all()
        assert await is_up() is True
        await unit.send(unit.announcement(is_up=False))
        await unit.send(unit.event())
        await unit.acknowledged_all()
        assert await is_up() is False
