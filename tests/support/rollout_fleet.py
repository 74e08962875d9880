"""A whole controller, a real broker, and simulated units that bring themselves to what they are told."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import aiomqtt
import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fleet.client import ClientError, ClientSettings, FleetClient, connect
from fleet.clock import utc_now
from fleet.credentials import Credentials, create_credentials, load_credentials
from fleet.people.register import PeopleRegister
from fleet.settings import ApiSettings, BrokerSettings, DatabaseSettings, LogSettings, Settings
from fleet.store.store import Store, open_store
from protocols.commands import UpdateUnit
from protocols.downlink import Command
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.signed_text import key_id
from protocols.topics import down, up
from protocols.uplink import AnyUpMessage, CommandResult, EventBatch, UnitEvent, encode_up
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import unit_client
from tests.support.people import Keyholder, found_people, put_in_force
from tests.support.ports import free_port
from tests.support.reporting import ScriptedUnit, now_ms, until
from tests.support.rollout_house import Owner, enter_units, manifest
from tests.support.rollout_house import put_in_force as put_manifest
from tests.support.tls import ClientFiles, Pki
from tests.support.whole_controller import ControllersFiles, whole_controller

Ending = Literal["done", "failed", "rolled-back"]
SUPERVISOR = "SU-01"
CONNECT_LIMIT_S = 300.0
_TOGETHER = 10
_CONNECTIONS = 6
_REPEATED = 0.2
"""The share of messages that units send twice, as they do when an acknowledgement is lost."""
_STEPS: Sequence[Sequence[UpdateState]] = (("fetching", "fetched"), ("installing", "trial"))


@dataclass
class Tally:
    """What all units did, as they know it."""

    orders: int = 0
    under_way: int = 0
    most_under_way: int = 0
    reports: int = 0
    repeated: int = 0
    ended: dict[str, Ending] = field(default_factory=dict)


class UpdatingUnit(ScriptedUnit):
    """A unit that carries out each order to update itself once, and comes to the end that it is meant to."""

    def __init__(
        self, unit_id: str, keys: Mapping[str, Ed25519PublicKey], ending: Ending, tally: Tally, chance: Random
    ) -> None:
        super().__init__(unit_id, keys)
        self._ending = ending
        self._tally = tally
        self._chance = chance
        self._carried_out: set[str] = set()

    async def run(self, broker: MosquittoBroker, files: ClientFiles, gate: asyncio.Semaphore) -> None:
        """Announce itself and do as it is told until cancelled; `gate` lets so many connect at once."""
        async with AsyncExitStack() as stack:
            async with gate:
                client = await stack.enter_async_context(unit_client(broker, files, self.unit_id))
                await client.subscribe([(down(self.unit_id, "ack"), 1), (down(self.unit_id, "command"), 1)])
                await client.publish(up(self.unit_id, "lwt"), encode_up(self.announcement()), qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                self.heard(message.payload)
                body = self.bodies.pop()
                if isinstance(body, Command) and isinstance(body.order, UpdateUnit):
                    await self._carry_out(client, body.command_id, body.order)

    async def _carry_out(self, client: aiomqtt.Client, command_id: str, order: UpdateUnit) -> None:
        if command_id in self._carried_out:
            await self._answer(client, command_id, "done")
            return
        self._carried_out.add(command_id)
        self._tally.orders += 1
        self._tally.under_way += 1
        self._tally.most_under_way = max(self._tally.most_under_way, self._tally.under_way)
        await self._answer(client, command_id, "accepted")
        await self._answer(client, command_id, "done")
        last: Sequence[UpdateState] = ("part-confirmed", "done") if self._ending == "done" else (self._ending,)
        for states in (*_STEPS, last):
            if states is last:
                # Counted before it is told: the controller may hear of it and tell another unit at once.
                self._tally.under_way -= 1
                self._tally.ended[self.unit_id] = self._ending
            batch = self._batch(order.update, states)
            for _ in range(2 if self._chance.random() < _REPEATED else 1):
                await client.publish(up(self.unit_id, "event"), encode_up(batch), qos=1)
                self._tally.repeated += 1
            self._tally.reports += len(states)
            self._tally.repeated -= 1

    async def _answer(self, client: aiomqtt.Client, command_id: str, state: Literal["accepted", "done"]) -> None:
        result: AnyUpMessage = CommandResult(
            unit=self.unit_id, session=self.session, command_id=command_id, state=state
        )
        await client.publish(up(self.unit_id, "result"), encode_up(result), qos=1)

    def _batch(self, update: str, states: Sequence[UpdateState]) -> EventBatch:
        events = []
        for state in states:
            self.last_seq += 1
            report = UpdateReport(update=update, state=state, part="mcu", done_bytes=1000, total_bytes=1000)
            events.append(
                UnitEvent(
                    seq=self.last_seq,
                    sampled_at_ms=now_ms(),
                    kind="update",
                    summary=f"the update is {state}",
                    update=report,
                )
            )
        return EventBatch(unit=self.unit_id, session=self.session, spool_id=self.spool_id, events=events)


@dataclass
class RolloutFleet:
    """A controller, a supervisor who is signed in, and units with a session; `meant` is how each is to end."""

    door: FleetClient
    owner: Owner
    meant: dict[str, Ending]
    tally: Tally


@asynccontextmanager
async def rollout_fleet(dsn: str, home: Path, count: int, failing: int, seed: int) -> AsyncIterator[RolloutFleet]:
    """The fleet, on a database at the newest schema; `failing` of its `count` units end badly, chosen by `seed`."""
    chance = Random(seed)
    names = [f"unit-roll{number:05}" for number in range(count)]
    bad = set(chance.sample(names, failing))
    meant: dict[str, Ending] = {
        name: "done" if name not in bad else chance.choice(("failed", "rolled-back")) for name in names
    }
    broker = MosquittoBroker(Pki.create(home / "not yet"))
    settings = _settings(dsn, home, broker)
    create_credentials(settings.state_path, utc_now())
    credentials = load_credentials(settings.state_path, settings.api.names, ["127.0.0.1"], utc_now())
    broker.pki = ControllersFiles(credentials)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(broker)
        store = await open_store(dsn, max_connections=_CONNECTIONS)
        stack.push_async_callback(store.close)
        client_settings = await _supervisor(store, settings, credentials, home)
        await stack.enter_async_context(whole_controller(settings, store, credentials))
        door = await _signed_in(stack, client_settings)
        owner = await asyncpg.connect(dsn)
        stack.push_async_callback(owner.close)
        await put_manifest(owner, manifest())
        await enter_units(owner, names)
        tally = Tally()
        await stack.enter_async_context(_running(broker, credentials, meant, tally, chance, owner))
        yield RolloutFleet(door, owner, meant, tally)


def _settings(dsn: str, home: Path, broker: MosquittoBroker) -> Settings:
    port = free_port()
    return Settings(
        state_dir=str(home / "controller"),
        database=DatabaseSettings(dsn=dsn),
        api=ApiSettings(port=port, url=f"https://127.0.0.1:{port}", max_sign_ins_per_minute=1000),
        broker=BrokerSettings(port=broker.controller_port, unit_port=broker.unit_port, mqtt="5", shared_group=""),
        log=LogSettings(),
    )


async def _supervisor(store: Store, settings: Settings, credentials: Credentials, home: Path) -> ClientSettings:
    anchor = (await found_people(store)).sha256
    person = Keyholder.make(SUPERVISOR)
    await put_in_force(PeopleRegister(store, utc_now), person.new("supervisor"))
    key_file = home / "supervisor.key"
    person.key.write_private_key(key_file)
    key_file.chmod(0o600)
    return ClientSettings(
        url=settings.api.url,
        ca_file=credentials.directory / "ca" / "root.crt",
        person=SUPERVISOR,
        key_file=key_file,
        people_anchor=anchor,
    )


async def _signed_in(stack: AsyncExitStack, settings: ClientSettings) -> FleetClient:
    """The supervisor's door, as soon as the API answers."""
    doors: list[FleetClient] = []

    async def answers() -> bool:
        try:
            doors.append(await stack.enter_async_context(connect(settings)))
        except ClientError:
            return False
        return True

    await until(answers)
    return doors[0]


@asynccontextmanager
async def _running(
    broker: MosquittoBroker,
    credentials: Credentials,
    meant: Mapping[str, Ending],
    tally: Tally,
    chance: Random,
    owner: Owner,
) -> AsyncIterator[None]:
    """Units with a session each, until the block ends; one that ends by itself fails then."""
    public = credentials.down_key.public_key()
    keys, gate = {key_id(public.public_bytes_raw()): public}, asyncio.Semaphore(_TOGETHER)
    tasks = []
    for name, ending in meant.items():
        unit = UpdatingUnit(name, keys, ending, tally, Random(chance.random()))
        files = broker.pki.unit(name)
        tasks.append(asyncio.create_task(unit.run(broker, files, gate), name=name))

    async def all_there() -> bool:
        for task in tasks:
            if task.done():
                task.result()
        up_now: int = await owner.fetchval("SELECT count(*) FROM unit_live WHERE session_up")
        return up_now == len(meant)

    try:
        await until(all_there, CONNECT_LIMIT_S)
        yield
        ended = [task.get_name() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert ended == []
