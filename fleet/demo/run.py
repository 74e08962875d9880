"""Running the demo from start to end."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from fleet.client import ClientError, FleetClient, connect, load_client_settings
from fleet.clock import utc_now
from fleet.credentials import load_credentials
from fleet.demo.devices import UNITS_WITH_DEVICES, devices_of, start_devices
from fleet.demo.errors import PartFailed
from fleet.demo.firmware import MANIFEST, fit_keys, keys_file, release_firmware
from fleet.demo.joining import accept_all, start_all
from fleet.demo.outcome import Outcome, judge
from fleet.demo.papers import prepare_papers
from fleet.demo.parts import Part, Parts, program
from fleet.demo.place import PEOPLE, Place, Ports, short_socket_dir
from fleet.demo.postgres import PostgresServer
from fleet.demo.rota import prepare_rota
from fleet.demo.tether import tethered
from fleet.demo.units import THIS_MACHINE, DemoUnit, SpoolStatus
from fleet.demo.week.cast import MORE_PEOPLE
from fleet.demo.week.show import founded_at, play_week, reporting
from fleet.demo.witness import make_witness, start_witness, trust_log
from fleet.founding import found
from fleet.log.key import load_log_key
from fleet.settings import Settings, load_settings
from fleet.store.store import open_store
from protocols.api.people import NewPerson
from protocols.people import Role

_UP_LIMIT_S = 60.0
_JOIN_LIMIT_S = 240.0
_ASKED_AT_ONCE = 4
_POLL_S = 0.2


class Demo:
    """`units` units, this machine's own among them, with everything in `place`; with a `week` behind them where it is
    their first start."""

    def __init__(self, place: Place, units: int, *, week: bool = False) -> None:
        self._place = place
        self._week = week
        self._parts = Parts(place.logs)
        self._simulated = [f"host-{number:03}" for number in range(1, units)]
        self._began_at = utc_now()
        self._agents: dict[str, Part] = {}
        self._units: list[DemoUnit] = []

    async def headless(self, seconds: float) -> Outcome:
        """Run for `seconds` after the last unit joined, stop the units, and count."""
        async with self.running() as (settings, _):
            _say(f"{len(self._units)} units report; running for {seconds:g} s")
            deadline = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < deadline:
                self._parts.check()
                await asyncio.sleep(_POLL_S)
            return await self._count(settings)

    async def with_console(self) -> None:
        """Run until the person leaves the console; raises PartFailed when a program ended meanwhile."""
        async with self.running() as (_, engineer_toml):
            console = await asyncio.create_subprocess_exec(
                *tethered([program("fleet-console"), "--config", engineer_toml])
            )
            try:
                await console.wait()
            finally:
                if console.returncode is None:
                    console.terminate()
                    await console.wait()
            self._parts.check()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Settings, str]]:
        """The controller's settings and the engineer's client settings file, once every unit has joined.

        Everything is stopped when the block ends.
        """
        ports = self._place.prepare()
        socket_dir = short_socket_dir()
        server = PostgresServer(self._place.postgres, socket_dir=socket_dir)
        try:
            _say("starting PostgreSQL 18")
            await asyncio.to_thread(server.start)
            settings = await self._found(ports, server.dsn())
            await self._start_controller(settings, ports)
            self._tell_doors()
            toml = self._place.client_toml("TO-12")
            if await prepare_rota(self._place):
                _say("laid down a rota, with eight weeks published: somebody is to be found for one of them")
            async with reporting(settings), connect(load_client_settings(toml)) as door:
                await self._start_units(door, socket_dir)
                yield settings, str(toml)
        finally:
            _say("stopping")
            await self._parts.stop()
            await asyncio.to_thread(server.stop)
            shutil.rmtree(socket_dir)

    async def _found(self, ports: Ports, dsn: str) -> Settings:
        self._place.write_controller(ports, dsn)
        settings = load_settings(self._place.fleet_toml, {})
        if not self._place.founded:
            _say("founding a fleet: authority, keys, people, a witness of its log")
            shutil.rmtree(self._place.controller)
            now = utc_now().replace(microsecond=0)
            roles = PEOPLE | MORE_PEOPLE if self._week else PEOPLE
            people = [self._new_person(person, role) for person, role in roles.items()]
            founded = founded_at(now) if self._week else None
            anchor = await found(settings, people, witnesses=[make_witness(self._place)], quorum=1, now=founded)
            trust_log(self._place, load_log_key(settings.state_path).verifier)
            for person in roles:
                self._place.write_client(person, ports, anchor.sha256)
            if self._week:
                _say("playing a week of 25 deployments, with 60 simulated units that only report")
                await play_week(self._place, settings, now)
            self._place.keep(ports)
        return settings

    def _new_person(self, person_id: str, role: Role) -> NewPerson:
        return NewPerson(person_id=person_id, name=f"demo {role}", role=role, key=self._new_key(person_id))

    def _new_key(self, person: str) -> str:
        key = asyncssh.generate_private_key("ssh-ed25519", comment=f"{person} demo")
        self._place.key_file(person).touch(mode=0o600)
        key.write_private_key(self._place.key_file(person))
        return key.export_public_key().decode()

    async def _start_controller(self, settings: Settings, ports: Ports) -> None:
        load_credentials(settings.state_path, settings.api.names, ["127.0.0.1"], utc_now())
        _say("starting witness, broker and controller")
        await start_witness(self._place, self._parts, ports.witness)
        listen = f"127.0.0.1:{settings.broker.port}"
        directory = str(settings.state_path / "broker")
        await self._parts.start(
            "broker", sys.executable, "-m", "fleet.broker", "--listen", listen, "--directory", directory
        )
        await self._parts.start("controller", program("fleet"), "serve", "--config", str(self._place.fleet_toml))
        answering = asyncio.create_task(self._until_answering())
        try:
            await self._parts.until("the controller's API", answering.done, _UP_LIMIT_S)
        finally:
            answering.cancel()

    async def _until_answering(self) -> None:
        while True:
            with contextlib.suppress(ClientError):
                async with connect(load_client_settings(self._place.client_toml("TO-12"))) as door:
                    await door.summary()
                    return
            await asyncio.sleep(_POLL_S)

    async def _start_units(self, door: FleetClient, sockets: Path) -> None:
        names = [THIS_MACHINE, *self._simulated]
        equipped = names[:UNITS_WITH_DEVICES]
        self._units = [
            DemoUnit(self._place, name, self._devices(name, sockets) if name in equipped else {}) for name in names
        ]
        if self._simulated:
            await self._start_simulation()
        _say("starting cameras, serial devices and units")
        await fit_keys(self._place, equipped)
        await start_devices(equipped, self._place, sockets, self._parts)
        self._agents = await start_all(self._units, self._parts, door)
        await accept_all(self._units, self._parts, door, _JOIN_LIMIT_S, self._tell_joined)
        await self._prepare_papers(self._units[: len(equipped)])

    async def _prepare_papers(self, equipped: Sequence[DemoUnit]) -> None:
        """Mandates for all but the last of the units that have devices."""
        _say("recording an authority, and signing mandates as two people")
        known = [(await unit.status()).unit_id for unit in equipped[: max(1, len(equipped) - 1)]]
        signed = await prepare_papers(self._place, [unit_id for unit_id in known if unit_id is not None])
        _say(f"mandates signed: {signed}")
        if await release_firmware(self._place):
            _say(f"firmware released, signed by two: a rollout of manifests/{MANIFEST.name}.json can be begun")

    def _devices(self, name: str, sockets: Path) -> dict[str, object]:
        return {**devices_of(name, sockets).settings(), "mcu_keys_file": str(keys_file(self._place))}

    async def _start_simulation(self) -> None:
        hosts = ["--hosts", str(len(self._simulated))]
        await self._parts.start("hosts", program("edge-agent"), "simulate-host", str(self._place.hosts), *hosts)
        last = self._units[-1].root

        def complete() -> bool:
            return (last / "proc" / "uptime").exists()

        await self._parts.until("the simulated hosts", complete, _UP_LIMIT_S)

    def _tell_doors(self) -> None:
        people = ", ".join(f"{person} ({role})" for person, role in PEOPLE.items())
        _say(f"people: {people}")
        _say(f"as one of them, in another terminal: fleet unit list --client {self._place.client_toml('TO-12')}")
        _say(f"as the controller's host: fleet ca status --config {self._place.fleet_toml}")

    def _tell_joined(self, joined: int) -> None:
        _say(f"units joined: {joined} of {len(self._units)}", again=True)

    async def _count(self, settings: Settings) -> Outcome:
        """Stop the units first: then nothing is on its way but what their spools still hold."""
        _say("stopping the units, then counting")
        await self._parts.stop(list(self._agents.values()))
        gate = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(unit: DemoUnit) -> tuple[str, SpoolStatus]:
            async with gate:
                unit_id = (await unit.status()).unit_id
                if unit_id is None:
                    raise PartFailed(unit.name, self._place.logs, "has no identity")
                return unit_id, await unit.spool()

        spools = dict(await asyncio.gather(*map(ask, self._units)))
        store = await open_store(settings.database.dsn, max_connections=2)
        try:
            return await judge(store, spools, self._began_at)
        finally:
            await store.close()


_last: list[str] = []


def _say(text: str, *, again: bool = False) -> None:
    """Progress on standard error; `again` only when it differs from the line before."""
    if again and _last[-1:] == [text]:
        return
    _last[:] = [text]
    sys.stderr.write(f"demo: {text}\n")
    sys.stderr.flush()
