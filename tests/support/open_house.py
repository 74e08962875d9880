"""A whole fleet that can open units, every program a process of its own, as `fleet demo` starts them.

PostgreSQL, a witness, the embedded broker, the controller, and units with a synthetic camera and receiver each. What
the devices say of their own openings is read here, as an independent probe at the far end of each device's handle.
"""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncssh

from fleet.client import ClientError, FleetClient, connect, load_client_settings
from fleet.clock import utc_now
from fleet.credentials import load_credentials
from fleet.demo.errors import PartFailed
from fleet.demo.joining import accept_all, start_all
from fleet.demo.parts import Part, Parts, program
from fleet.demo.place import PEOPLE, Place, Ports, short_socket_dir
from fleet.demo.postgres import PostgresServer
from fleet.demo.units import THIS_MACHINE, DemoUnit
from fleet.demo.witness import make_witness, start_witness, trust_log
from fleet.founding import found
from fleet.log.key import load_log_key
from fleet.settings import load_settings
from protocols.api.people import NewPerson
from tests.bench.lines import say
from tests.support.ports import free_port
from tests.support.waiting import until

UP_LIMIT_S = 120.0
_SHOWN_CHARS = 8000
ENGINEER, APPROVER, SUPERVISOR = "TO-12", "AP-04", "SU-02"
SMALL = ("--size", "320x180", "--fps", "15")
"""A picture that costs little, and whose frame counter can still be read."""


class Probe:
    """What a device has said so far, lines of JSON among others in a program's log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._events: list[dict[str, Any]] = []
        self._read = 0

    def events(self, event: str = "") -> list[dict[str, Any]]:
        """All of them, or those that are called `event`, oldest first."""
        self._take()
        return [one for one in self._events if event in {"", one["event"]}]

    def count(self, event: str) -> int:
        """How often it has said so."""
        return len(self.events(event))

    @property
    def is_open(self) -> bool:
        """Whether somebody holds the device now; a device that was started anew is held by nobody."""
        last = [one["event"] for one in self.events() if one["event"] in {"listening", "connect", "disconnect"}]
        return bool(last) and last[-1] == "connect"

    async def says(self, event: str, times: int = 1, limit_s: float = 30.0) -> dict[str, Any]:
        """The `times`-th of that name, as soon as it is there; raises TimeoutError."""

        async def said() -> bool:
            return self.count(event) >= times

        await until(said, limit_s)
        return self.events(event)[times - 1]

    def _take(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                if line.startswith(b'{"event"'):
                    self._events.append(json.loads(line))


class Devices(NamedTuple):
    """The sockets of a unit's camera with microphone, and of its receiver."""

    camera: Path
    receiver: Path

    def settings(self) -> dict[str, object]:
        """What the unit's settings file says of them."""
        return {
            "video_source": f"unix:{self.camera}",
            "audio_source": f"unix:{self.camera}",
            "gnss_source": f"unix:{self.receiver}",
            "plain_keys_may_sign": True,
            "media_loopback": True,
        }


class HouseUnit:
    """A unit of the house, with its programs by name."""

    def __init__(self, demo: DemoUnit, devices: Devices, logs: Path) -> None:
        self.demo = demo
        self.name = demo.name
        self.devices = devices
        self.unit_id = ""
        self.camera = Probe(logs / f"camera-{self.name}.log")
        self.receiver = Probe(logs / f"receiver-{self.name}.log")

    @property
    def state_dir(self) -> Path:
        """Where its agent keeps everything."""
        return self.demo.config.parent / "state"


class OpenHouse:
    """The running programs, and everybody of the demo's people signed in. `TO-12` asks, `AP-04` approves."""

    def __init__(self, place: Place, server: PostgresServer, ports: Ports, camera: Sequence[str]) -> None:
        self.place = place
        self.server = server
        self.ports = ports
        self.parts = Parts(place.logs)
        self.units: list[HouseUnit] = []
        self.doors: dict[str, FleetClient] = {}
        self.camera_options = tuple(camera)
        self._running: dict[str, Part] = {}

    @property
    def unit(self) -> HouseUnit:
        """The first unit."""
        return self.units[0]

    @property
    def door(self) -> FleetClient:
        """The engineer's."""
        return self.doors[ENGINEER]

    def __getitem__(self, person_id: str) -> FleetClient:
        return self.doors[person_id]

    async def start(self, name: str, *command: str, environ: Mapping[str, str] | None = None) -> None:
        """Run a program under a name, by which it can be killed."""
        prefix = ["/usr/bin/env", *(f"{key}={value}" for key, value in environ.items())] if environ else []
        self._running[name] = await self.parts.start(name, *prefix, *command)

    async def kill(self, name: str) -> None:
        """kill -9, and wait for its end."""
        part = self._running.pop(name)
        part.process.kill()
        await part.process.wait()
        await self.parts.stop([part])

    async def stop(self, name: str) -> None:
        """SIGTERM, and wait for its end."""
        await self.parts.stop([self._running.pop(name)])

    async def start_broker(self) -> None:
        """Start the broker."""
        listen, directory = f"127.0.0.1:{self.ports.broker}", str(self.place.controller / "broker")
        await self.start("broker", sys.executable, "-m", "fleet.broker", "--listen", listen, "--directory", directory)

    async def start_controller(self) -> None:
        """Start `fleet serve`."""
        await self.start("controller", program("fleet"), "serve", "--config", str(self.place.fleet_toml))

    async def start_agent(self, unit: HouseUnit, environ: Mapping[str, str] | None = None) -> None:
        """Start a unit's agent, with `environ` added to its environment."""
        command = [program("edge-agent"), "run", "--config", str(unit.demo.config)]
        await self.start(f"agent-{unit.name}", *command, environ=environ)

    async def start_camera(self, unit: HouseUnit, *options: str) -> None:
        """Start a unit's camera, with the house's options and these; returns when it listens."""
        before = unit.camera.count("listening") if (self.place.logs / f"camera-{unit.name}.log").exists() else 0
        command = [sys.executable, "-m", "edge_agent.media.synthetic", "--socket", str(unit.devices.camera)]
        await self.start(f"camera-{unit.name}", *command, *self.camera_options, *options)
        await unit.camera.says("listening", before + 1, UP_LIMIT_S)

    async def start_receiver(self, unit: HouseUnit) -> None:
        """Start a unit's receiver of positions; returns when it listens."""
        command = [sys.executable, "-m", "edge_agent.position.synthetic", "--socket", str(unit.devices.receiver)]
        await self.start(f"receiver-{unit.name}", *command, "--every-s", "0.1")
        await unit.receiver.says("listening", 1, UP_LIMIT_S)

    def check(self) -> None:
        """Raise PartFailed when a program ended that nobody killed, after showing the end of its log."""
        try:
            self.parts.check()
        except PartFailed as error:
            say(error.log.read_text(errors="replace")[-_SHOWN_CHARS:])
            raise

    async def until_answering(self) -> None:
        """Wait until the controller's API answers."""

        async def answers() -> bool:
            with contextlib.suppress(ClientError):
                async with connect(load_client_settings(self.place.client_toml(ENGINEER))) as door:
                    await door.summary()
                    return True
            self.check()
            return False

        await until(answers, UP_LIMIT_S)

    async def until_connected(self, unit: HouseUnit) -> None:
        """Wait until the controller can reach a unit."""

        async def connected() -> bool:
            return (await self.door.unit(unit.unit_id)).row.presence == "online"

        await until(connected, UP_LIMIT_S)


@asynccontextmanager
async def open_house(*, units: int = 1, camera: Sequence[str] = SMALL) -> AsyncIterator[OpenHouse]:
    """Found a fleet in a folder of its own, start everything, and have the units join; all of it goes at the end."""
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="muster-open-"))
        stack.callback(shutil.rmtree, folder)
        place = Place(folder / "house")
        place.prepare()
        ports = Ports(api=free_port(), broker=free_port(), witness=free_port())
        sockets = short_socket_dir()
        stack.callback(shutil.rmtree, sockets)
        server = PostgresServer(place.postgres, socket_dir=sockets)
        await asyncio.to_thread(server.start)
        stack.push_async_callback(asyncio.to_thread, server.stop)
        house = OpenHouse(place, server, ports, camera)
        stack.push_async_callback(house.parts.stop)
        await _found(place, ports, server.dsn())
        await start_witness(place, house.parts, ports.witness)
        await house.start_broker()
        await house.start_controller()
        await house.until_answering()
        for person in PEOPLE:
            house.doors[person] = await stack.enter_async_context(
                connect(load_client_settings(place.client_toml(person)))
            )
        await _join(house, units, sockets)
        yield house


async def _found(place: Place, ports: Ports, dsn: str) -> None:
    place.write_controller(ports, dsn)
    settings = load_settings(place.fleet_toml, {})
    shutil.rmtree(place.controller)
    people = [
        NewPerson(person_id=person, name=f"the house's {role}", role=role, key=_new_key(place, person))
        for person, role in PEOPLE.items()
    ]
    anchor = await found(settings, people, witnesses=[make_witness(place)], quorum=1)
    trust_log(place, load_log_key(settings.state_path).verifier)
    for person in PEOPLE:
        place.write_client(person, ports, anchor.sha256)
    load_credentials(settings.state_path, settings.api.names, ["127.0.0.1"], utc_now())


def _new_key(place: Place, person: str) -> str:
    key = asyncssh.generate_private_key("ssh-ed25519", comment=person)
    place.key_file(person).touch(mode=0o600)
    key.write_private_key(place.key_file(person))
    return key.export_public_key().decode()


async def _join(house: OpenHouse, count: int, sockets: Path) -> None:
    names = [THIS_MACHINE, *(f"host-{number:03}" for number in range(1, count))]
    if count > 1:
        hosts = ["--hosts", str(count - 1)]
        await house.start("hosts", program("edge-agent"), "simulate-host", str(house.place.hosts), *hosts)
        last = house.place.hosts / names[-1] / "proc" / "uptime"
        await house.parts.until("the simulated hosts", last.exists, UP_LIMIT_S)
    for name in names:
        devices = Devices(sockets / f"{name}.camera", sockets / f"{name}.gnss")
        unit = HouseUnit(DemoUnit(house.place, name, devices.settings()), devices, house.place.logs)
        await house.start_camera(unit)
        await house.start_receiver(unit)
        house.units.append(unit)
    demos = [unit.demo for unit in house.units]
    agents = await start_all(demos, house.parts, house.door)
    house._running |= {f"agent-{name}": part for name, part in agents.items()}
    await accept_all(demos, house.parts, house.door, UP_LIMIT_S, lambda _: None)
    for unit in house.units:
        unit.unit_id = (await unit.demo.status()).unit_id or ""
        await house.until_connected(unit)
