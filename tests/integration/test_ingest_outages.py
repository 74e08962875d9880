"""Lost databases and brokers: nothing is acknowledged before it is committed, and all recovers by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from fleet.demo.postgres import PostgresServer
from fleet.errors import StoreUnavailable
from fleet.store.migrate import upgrade
from fleet.store.store import Store, open_store
from tests.support.mosquitto import MosquittoBroker
from tests.support.postgres import create_database
from tests.support.reporting import RunningIngest, connected_unit, register, running_ingest, until
from tests.support.tls import Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as running:
        yield running


@pytest.fixture
async def own_server() -> AsyncIterator[PostgresServer]:
    """A server that a test may kill."""
    server = await asyncio.to_thread(PostgresServer.create)
    yield server
    await asyncio.to_thread(server.remove)


def new_unit() -> str:
    return f"unit-{uuid4().hex[:8]}"


async def waits_for_the_database(running: RunningIngest, times: int) -> None:
    """Until that many attempts to write have failed."""
    before = running.counted("muster_flushes_failed_total", reason="store-unavailable")
    await until(lambda: running.counted("muster_flushes_failed_total", reason="store-unavailable") >= before + times)


async def test_a_killed_database_stops_acknowledging_and_loses_nothing(
    broker: MosquittoBroker, own_server: PostgresServer
) -> None:
    name = new_unit()
    dsn = await create_database(own_server, "muster")
    await upgrade(dsn)
    owner = await asyncpg.connect(dsn)
    await register(owner, [name])
    store = await open_store(dsn, max_connections=4)
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        await unit.send(unit.health(10))
        await unit.acknowledged_all()
        acknowledged = set(unit.acknowledged)
        await asyncio.to_thread(own_server.kill)
        for _ in range(5):
            await unit.send(unit.health(10))
        await waits_for_the_database(running, 3)
        assert unit.acknowledged == acknowledged
        await asyncio.to_thread(own_server.start)
        await unit.acknowledged_all()
        assert unit.acknowledged == set(range(1, 61))
    await store.close()
    owner = await asyncpg.connect(dsn)
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 60
    assert await owner.fetchval("SELECT reports_stored FROM unit_live") == 60
    await owner.close()


async def test_a_database_that_can_not_write_stops_acknowledging(
    broker: MosquittoBroker, store: Store, owner: Owner, dsn: str
) -> None:
    """A full disk makes PostgreSQL refuse writes; so does read-only mode, which a test can switch."""
    name = new_unit()
    await register(owner, [name])
    database = dsn.partition("?")[0].rpartition("/")[2]
    async with running_ingest(store, broker) as running, connected_unit(broker, name) as unit:
        await owner.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await unit.send(unit.health(3))
        await waits_for_the_database(running, 3)
        assert unit.acknowledged == set()
        await owner.execute(f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await unit.acknowledged_all()
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 3


async def test_a_killed_broker_is_found_again(broker: MosquittoBroker, store: Store, owner: Owner) -> None:
    name = new_unit()
    await register(owner, [name])
    async with running_ingest(store, broker) as running:
        async with connected_unit(broker, name) as unit:
            await unit.send(unit.health())
            await unit.acknowledged_all()
            since = running.ingest.listening_since
            await broker.kill()
            await until(lambda: running.ingest.listening_since is None and not running.downlink.connected)
        await broker.start()
        await until(lambda: running.ingest.listening_since is not None and running.downlink.connected)
        assert since is not None
        assert running.ingest.listening_since is not None
        assert running.ingest.listening_since > since
        async with connected_unit(broker, name) as unit:
            await unit.send(unit.health(2))
            await unit.acknowledged_all()
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 3


async def test_two_controllers_that_hear_the_same_store_it_once(
    broker: MosquittoBroker, store: Store, owner: Owner, dsn: str
) -> None:
    names = [new_unit() for _ in range(3)]
    await register(owner, names)
    second_store = await open_store(dsn, max_connections=4)
    async with (
        running_ingest(store, broker) as first,
        running_ingest(second_store, broker) as second,
    ):

        async def report(name: str) -> None:
            async with connected_unit(broker, name) as unit:
                await unit.send(unit.announcement())
                for _ in range(40):
                    message = unit.health(5)
                    await unit.send(message)
                    await unit.send(message)
                await unit.acknowledged_all()

        await asyncio.gather(*map(report, names))
        await until(lambda: all(one.counted("muster_messages_received_total") == 3 * 81 for one in (first, second)))
    await second_store.close()
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 600
    stored = await owner.fetch("SELECT reports_stored, session_up FROM unit_live")
    assert [(row["reports_stored"], row["session_up"]) for row in stored] == [(200, True)] * 3


async def test_new_sessions_are_told_of_until_they_are_heard(
    broker: MosquittoBroker, store: Store, owner: Owner
) -> None:
    name, other = new_unit(), new_unit()
    await register(owner, [name, other])
    faults: list[Exception] = [StoreUnavailable("away"), StoreUnavailable("away")]
    async with running_ingest(store, broker, session_faults=faults) as running, connected_unit(broker, name) as unit:
        await unit.send(unit.announcement())
        await until(lambda: running.sessions == [{name}])
        faults.append(RuntimeError("a fault of whoever is told"))
        async with connected_unit(broker, other) as second:
            await second.send(second.announcement())
            await until(lambda: not faults)
            await second.send(second.health())
            await second.acknowledged_all()
