"""A fleet on a broker that is an adversary: real agents with real spools, a real controller, a real PostgreSQL."""

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from edge_agent.app import run_agent
from edge_agent.orders import Orders
from fleet.broker_address import BrokerAddress
from fleet.clock import utc_now
from fleet.commands.desk import UnitDesk, write_command
from fleet.commands.dispatcher import Dispatcher
from fleet.downlink.downlink import Downlink
from fleet.errors import Conflict
from fleet.feed.hub import Hub
from fleet.ingest.ingest import Ingest
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.metrics import Metrics
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store
from fleet.store.units import NewUnit
from protocols.api.units import SettingsChange
from protocols.commands import ReportNow
from protocols.downlink import Command
from protocols.joining import fingerprint
from protocols.settings import UnitSettings
from tests.hostile.hostile_broker import HostileBroker
from tests.support.agent_peer import JoinedUnit
from tests.support.reporting import OWNER_ID, until

STOP_LIMIT_S = 20.0
SETTLE_LIMIT_S = 150.0
_SHORT_LIFE = timedelta(seconds=2)

_unit: contextvars.ContextVar[str] = contextvars.ContextVar("unit")


@dataclass
class Deed:
    """An order that a unit carried out, and when (Unix seconds)."""

    unit_id: str
    command_id: str
    order: str
    at_s: float


@dataclass
class Witness:
    """Sees what units carry out."""

    deeds: list[Deed] = field(default_factory=list)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """See it from now on: around the agent's own step, which is carried out as always."""
        carry_out = Orders._carry_out
        deeds = self.deeds

        async def seen(orders: Orders, command: Command) -> Any:
            deeds.append(Deed(_unit.get(), command.command_id, type(command.order).__name__, time.time()))
            return await carry_out(orders, command)

        Orders._carry_out = seen  # type: ignore[method-assign,assignment]  # put back below
        try:
            yield
        finally:
            Orders._carry_out = carry_out  # type: ignore[method-assign]  # as it was


class House:
    """Everything that runs. `units` by id."""

    def __init__(self, store: Store, units: dict[str, JoinedUnit], witness: Witness) -> None:
        self.units = units
        self.witness = witness
        self.desk = UnitDesk(store, utc_now)
        self._store = store
        self._stop = asyncio.Event()

    async def ask_report(self, unit_id: str) -> None:
        """Ask for a report that is worth nothing two seconds later."""
        async with self._store.transaction() as transaction:
            await write_command(transaction, unit_id, ReportNow(), actor=OWNER_ID, clock=utc_now, life=_SHORT_LIFE)

    async def change_settings(self, unit_id: str, spool_max_days: int) -> None:
        """Want other settings of a unit; somebody else's change a moment before is somebody else's."""
        wanted = await self.wanted(unit_id)
        await self.desk.change_settings(
            unit_id, SettingsChange(based_on=wanted.version, spool_max_days=spool_max_days), OWNER_ID
        )

    async def wanted(self, unit_id: str) -> UnitSettings:
        """The settings that the controller wants the unit to have."""
        async with self._store.transaction() as transaction:
            settings = await transaction.units.settings(unit_id)
        assert settings is not None
        return settings

    async def works(self, unit_id: str) -> bool:
        """Ask the unit for a report; whether it has a session to be asked in."""
        try:
            await self.desk.report_now(unit_id, OWNER_ID)
        except Conflict:
            return False
        return True

    @asynccontextmanager
    async def agents(self) -> AsyncIterator[None]:
        """The agents, until the block ends; they must end when told."""
        self._stop.clear()
        running = []
        for unit_id, unit in self.units.items():
            context = contextvars.copy_context()
            context.run(_unit.set, unit_id)
            agent = run_agent(unit.own, None, self._stop)
            running.append(asyncio.create_task(agent, name=f"agent {unit_id}", context=context))
        try:
            yield
            for task in running:
                assert not task.done(), task.exception()
        finally:
            self._stop.set()
            _, stuck = await asyncio.wait(running, timeout=STOP_LIMIT_S)
            assert not stuck, "agents do not stop"
            for task in running:
                task.result()


async def enter(store: Store, unit: JoinedUnit, files_chain: str) -> None:
    """Enter a unit as if a person had accepted its key."""
    leaf = x509.load_pem_x509_certificate(files_chain.encode())
    print_of_key = fingerprint(leaf.public_key())
    new = NewUnit(
        unit_id=unit.unit_id,
        label=unit.unit_id,
        model="",
        fingerprint=print_of_key,
        key_protection="soft",
        accepted_by=OWNER_ID,
    )
    certificate = StoredCertificate(
        serial=f"{leaf.serial_number:x}",
        unit_id=unit.unit_id,
        fingerprint=print_of_key,
        key_protection="soft",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        chain_pem=files_chain,
    )
    async with store.transaction() as transaction:
        await transaction.units.add(new, UnitSettings(version=1, report_every_s=1), certificate, utc_now())


@asynccontextmanager
async def controller(store: Store, broker: HostileBroker, key: Ed25519PrivateKey) -> AsyncIterator[None]:
    """Ingest, downlink and dispatcher, until the block ends."""
    metrics = Metrics(CollectorRegistry())
    tls = broker.pki.context(broker.pki.controller())
    address = BrokerAddress(broker.host, broker.controller_port, tls, "5" if broker.mqtt == "5" else "3.1.1")
    name, hub = token_hex(8), Hub(store)
    downlink = Downlink(address, f"controller-downlink-{name}", key, metrics)
    dispatcher = Dispatcher(store, utc_now, hub, downlink.send_command)
    ingest = Ingest(
        store=store,
        subscriber=MqttSubscriber(address, f"controller-ingest-{name}", filters(), metrics),
        downlink=downlink,
        presence=PresenceSettings(),
        metrics=metrics,
        on_sessions=dispatcher.on_sessions,
        on_proofs=keep_proofs,
    )
    parts = [hub.run(), downlink.run(), dispatcher.run(), ingest.run()]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await until(lambda: ingest.listening_since is not None and downlink.connected)
        yield
        for task in tasks:
            assert not task.done(), "a part of the controller ended"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def open_house(
    store: Store,
    owner: "asyncpg.Connection[asyncpg.Record]",
    broker: HostileBroker,
    directory: Path,
    unit_ids: list[str],
) -> AsyncIterator[House]:
    """Units that have joined, and their controller, on `broker`."""
    await owner.execute(
        "INSERT INTO person VALUES ($1, 'Test', 'engineer', 'key', 'fp', now(), now() + interval '1 day')", OWNER_ID
    )
    key = Ed25519PrivateKey.generate()
    units = {unit_id: JoinedUnit(broker, unit_id, directory / unit_id, key) for unit_id in unit_ids}
    for unit_id, unit in units.items():
        await enter(store, unit, (broker.pki.directory / f"{unit_id}.crt").read_text())
    witness = Witness()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(witness.watching())
        await stack.enter_async_context(controller(store, broker, key))
        yield House(store, units, witness)
