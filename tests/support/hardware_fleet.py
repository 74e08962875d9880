"""A controller that takes reports, with a broker of either kind, for agents that keep their keys in tokens."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fleet.client import FleetClient, connect
from fleet.settings import BrokerSettings
from fleet.store.store import Store
from protocols.settings import UnitSettings
from tests.support.agent_peer import AgentProcess
from tests.support.controller import running_api
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.reporting import running_ingest, until
from tests.support.tls import Pki

_BEGINNING = datetime.fromtimestamp(0, UTC)
Kind = type[MosquittoBroker] | type[EmbeddedBrokerProcess]


@dataclass
class Fleet:
    """A controller that takes reports, its broker, and a person's way in."""

    broker: MosquittoBroker | EmbeddedBrokerProcess
    door: FleetClient


@asynccontextmanager
async def fleet_on(kind: Kind, store: Store, dsn: str, home: Path) -> AsyncIterator[Fleet]:
    """A founded fleet whose units report every second, in `home` and the database `dsn`."""
    broker = kind(Pki.create(home / "not yet"))
    told = BrokerSettings(unit_port=broker.unit_port, mqtt="5" if broker.mqtt == "5" else "3.1.1")
    often = UnitSettings(version=1, report_every_s=1)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(running_api(store, dsn, home, broker=told, new_unit=often))
        broker.pki = Pki(home, api.credentials.authority)
        await stack.enter_async_context(broker)
        await stack.enter_async_context(running_ingest(store, broker, down_key=api.credentials.down_key))
        yield Fleet(broker, await stack.enter_async_context(connect(await api.add_person("TO-12", "engineer"))))


async def joined(fleet: Fleet, agent: AgentProcess) -> str:
    """Accept the unit that waits; returns its id when it has reported."""
    found: list[tuple[str, str]] = []

    async def someone_waits() -> bool:
        assert agent.running, agent.logged
        found[:] = [(join.join_id, join.fingerprint) for join in await fleet.door.joins()]
        return bool(found)

    await until(someone_waits)
    unit_id = (await fleet.door.accept_join(*found[0])).unit_id
    await reports_again(fleet, agent, unit_id, since=_BEGINNING)
    return unit_id


async def reports_again(fleet: Fleet, agent: AgentProcess, unit_id: str, since: datetime) -> datetime:
    """Wait until the unit has reported after `since`; returns when it did."""
    newest = since

    async def heard() -> bool:
        nonlocal newest
        assert agent.running, agent.logged
        newest = (await fleet.door.unit(unit_id)).row.facts.last_report_at or since
        return newest > since

    with contextlib.suppress(TimeoutError):
        await until(heard)
    assert newest > since, f"{agent.logged}\n{fleet.broker.log()}"
    return newest
