"""A whole fleet for fault campaigns: every program is a process of its own that can be killed and started again."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import asyncpg
import asyncssh

from fleet.ca.authority import CertificateAuthority
from fleet.client import ClientError, connect, load_client_settings
from fleet.demo.errors import PartFailed
from fleet.demo.joining import accept_all, start_all
from fleet.demo.parts import Part, Parts, program
from fleet.demo.place import Place
from fleet.demo.postgres import PostgresServer
from fleet.demo.units import DemoUnit
from fleet.downlink.key import load_key
from fleet.founding import found
from fleet.settings import load_settings
from protocols.api.people import NewPerson
from protocols.people import Role
from protocols.signed_text import key_id
from tests.bench.lines import say
from tests.fault.steady import SteadyUnit
from tests.support.mosquitto import MosquittoBroker
from tests.support.ports import free_port
from tests.support.reporting import register
from tests.support.tls import Pki

Victim = Literal["agent", "broker", "controller", "postgres"]
VICTIMS: tuple[Victim, ...] = ("agent", "broker", "controller", "postgres")

_ENGINEER = "TO-12"
_JOIN_LIMIT_S = 120.0
_ANSWER_LIMIT_S = 60.0


class House:
    """The running programs. `agents` are real `edge-agent`s, `steady` units of the campaign's own that make load."""

    def __init__(self, place: Place, parts: Parts, server: PostgresServer, broker: MosquittoBroker) -> None:
        self.dsn = server.dsn()
        self.agents: list[DemoUnit] = []
        self.steady: list[SteadyUnit] = []
        self._place = place
        self._parts = parts
        self._server = server
        self._broker = broker
        self._running: dict[str, Part] = {}

    def check(self) -> None:
        """Raise PartFailed when a program ended that nobody killed, after showing the end of its log."""
        try:
            self._parts.check()
        except PartFailed as error:
            say(error.log.read_text(errors="replace")[-8000:])
            raise

    async def kill(self, victim: Victim, agent: DemoUnit) -> None:
        """kill -9 of `victim`; of the agents, of this one."""
        match victim:
            case "agent":
                await self._kill_part(agent.name)
            case "controller":
                await self._kill_part("controller")
            case "broker":
                await self._broker.kill()
            case "postgres":
                await asyncio.to_thread(self._server.kill)

    async def start(self, victim: Victim, agent: DemoUnit) -> None:
        """Start again what was killed."""
        match victim:
            case "agent":
                self._running[agent.name] = await agent.run(self._parts)
            case "controller":
                await self.start_controller()
            case "broker":
                await self._start_broker()
            case "postgres":
                await asyncio.to_thread(self._server.start)

    async def start_controller(self) -> None:
        """Start `fleet serve`."""
        command = [program("fleet"), "serve", "--config", str(self._place.fleet_toml)]
        self._running["controller"] = await self._parts.start("controller", *command)

    async def until_answering(self) -> None:
        """Wait until the controller's API answers."""
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            while True:
                self.check()
                with contextlib.suppress(ClientError):
                    async with connect(load_client_settings(self._place.client_toml(_ENGINEER))) as door:
                        await door.summary()
                        return
                await asyncio.sleep(0.1)

    async def join_agents(self, count: int) -> None:
        """Start `count` agents on simulated hosts, and accept them."""
        simulate = [program("edge-agent"), "simulate-host", str(self._place.hosts), "--hosts", str(count)]
        await self._parts.start("hosts", *simulate)
        self.agents = [DemoUnit(self._place, f"host-{number:03}", {}) for number in range(1, count + 1)]
        last = self.agents[-1].root / "proc" / "uptime"
        await self._parts.until("the simulated hosts", last.exists, _JOIN_LIMIT_S)
        async with connect(load_client_settings(self._place.client_toml(_ENGINEER))) as door:
            self._running |= await start_all(self.agents, self._parts, door)
            await accept_all(self.agents, self._parts, door, _JOIN_LIMIT_S, lambda _: None)

    async def enter_steady(self, count: int) -> None:
        """Register `count` units of the campaign's own."""
        key = load_key(self._place.controller / "down.key").public_key()
        keys = {key_id(key.public_bytes_raw()): key}
        self.steady = [SteadyUnit(self._broker, f"unit-steady{number:02}", keys) for number in range(count)]
        owner = await asyncpg.connect(self.dsn)
        await register(owner, [unit.unit_id for unit in self.steady])
        await owner.close()

    async def stop_agents(self) -> None:
        """SIGTERM to all agents, and wait for their end."""
        await self._parts.stop([self._running.pop(unit.name) for unit in self.agents])

    async def _start_broker(self) -> None:
        """Again and again for a while, as a service manager would: clients that call a dead port of the range that the
        kernel gives out can get that very port, and keep it until they give up."""
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            while True:
                with contextlib.suppress(RuntimeError):
                    await self._broker.start()
                    return
                await asyncio.sleep(0.2)

    async def _kill_part(self, name: str) -> None:
        part = self._running.pop(name)
        part.process.kill()
        await part.process.wait()
        await self._parts.stop([part])


@asynccontextmanager
async def open_house(agents: int, steady: int) -> AsyncIterator[House]:
    """Found a fleet in a temporary directory, start everything, let `agents` join and enter `steady` units."""
    async with AsyncExitStack() as stack:
        place = Place(Path(tempfile.mkdtemp(prefix="muster-fault-")))
        stack.callback(shutil.rmtree, place.directory)
        place.prepare()
        server = await asyncio.to_thread(lambda: PostgresServer.create(durable=True))
        stack.push_async_callback(asyncio.to_thread, server.remove)
        people_anchor = await _found(place, server.dsn())
        pki = Pki(place.keys, CertificateAuthority.load(place.controller / "ca"))
        broker = await stack.enter_async_context(MosquittoBroker(pki))
        _write_settings(place, server.dsn(), broker, people_anchor)
        parts = Parts(place.logs)
        stack.push_async_callback(parts.stop)
        house = House(place, parts, server, broker)
        await house.start_controller()
        await house.until_answering()
        await house.join_agents(agents)
        await house.enter_steady(steady)
        yield house


async def _found(place: Place, dsn: str) -> str:
    place.fleet_toml.write_text(f'state_dir = "{place.controller}"\n[database]\ndsn = "{dsn}"\n')
    shutil.rmtree(place.controller)
    settings = load_settings(place.fleet_toml, {})
    roles: dict[str, Role] = {"AD-01": "administrator", "AD-02": "administrator", _ENGINEER: "engineer"}
    people = [
        NewPerson(person_id=person, name=f"the campaign's {role}", role=role, key=_new_key(place, person))
        for person, role in roles.items()
    ]
    return (await found(settings, people)).sha256


def _write_settings(place: Place, dsn: str, broker: MosquittoBroker, people_anchor: str) -> None:
    port = free_port()
    place.fleet_toml.write_text(
        f'state_dir = "{place.controller}"\n'
        f'[database]\ndsn = "{dsn}"\n'
        f'[api]\nport = {port}\nurl = "https://127.0.0.1:{port}"\n'
        f'[broker]\nport = {broker.controller_port}\nunit_port = {broker.unit_port}\nshared_group = ""\n'
        "[joining]\npoll_after_s = 0.5\n"
        "[new_unit]\nreport_every_s = 1\n"
    )
    place.client_toml(_ENGINEER).write_text(
        f'url = "https://127.0.0.1:{port}"\n'
        f'ca_file = "{place.controller}/ca/root.crt"\n'
        f'person = "{_ENGINEER}"\n'
        f'key_file = "{place.key_file(_ENGINEER)}"\n'
        f'people_anchor = "{people_anchor}"\n'
    )


def _new_key(place: Place, person: str) -> str:
    key = asyncssh.generate_private_key("ssh-ed25519", comment=person)
    place.key_file(person).touch(mode=0o600)
    key.write_private_key(place.key_file(person))
    return key.export_public_key().decode()
