"""A whole unit is updated: a real agent under its launcher, a microcontroller on a port, releases by TUF over HTTPS."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.app import agent_version
from edge_agent.identity import IdentityStore
from edge_agent.releases.bundling import make_bundle
from edge_agent.releases.launcher import TRIAL_LIMIT_VARIABLE
from edge_agent.releases.place import ReleasePlace
from firmware_bridge.simulation.mcu import Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from protocols.commands import UpdateUnit
from protocols.ids import new_token_id, new_update_id
from protocols.releases.manifest import Manifest, Part, PartName
from protocols.releases.reports import ENDED, UpdateReport, UpdateState
from tests.support import release_house
from tests.support.agent_peer import JoinedUnit, Peer, peer_on
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.firmware_images import pem_of
from tests.support.release_house import Repository, people_list
from tests.support.release_server import serving
from tests.support.reporting import until
from tests.support.tls import Pki
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEY, KEYS, Sample, fitted

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

MANIFEST = "manifests/spring.json"
BAUD = 921_600
LIMIT_S = 240.0
OTHER_VERSION = """#!/bin/sh
exec {python} -c '
import sys
import edge_agent.app
edge_agent.app.agent_version = lambda: "{version}"
from edge_agent.cli import run
run()
' "$@"
"""
NEVER_REACHES = "#!/bin/sh\nexec sleep 1000\n"


@dataclass
class Scene:
    """The unit and all about it."""

    directory: Path
    repository: Repository
    peer: Peer
    mcu: Mcu
    place: ReleasePlace
    launcher: "subprocess.Popen[bytes]"

    def bundle(self, version: str, script: str) -> Part:
        """A release of the agent that is `script`, to be published; the part of a manifest that names it."""
        tree = self.directory / f"tree-{version}"
        (tree / "bin").mkdir(parents=True)
        program = tree / "bin" / "edge-agent"
        program.write_text(script.format(python=sys.executable, version=version))
        program.chmod(0o755)
        make_bundle(version, tree, self.directory / "bundle.tar.gz")
        target = f"agent/agent-{version}.tar.gz"
        self.repository.files[target] = (self.directory / "bundle.tar.gz").read_bytes()
        return Part(part="agent", version=version, target=target, updater="release")

    def image(self, sample: Sample) -> Part:
        """The same for an image of the microcontroller."""
        target = f"mcu/mcu-{sample.minor}.bin"
        self.repository.files[target] = sample.content()
        return Part(part="mcu", version=f"1.{sample.minor}.0", target=target, board=BOARD, updater="mcuboot")

    async def order(self, *parts: Part) -> str:
        """Release the parts together, and order the unit to be brought to them, until it has answered."""
        manifest = Manifest(format=1, name="spring", parts=list(parts))
        self.repository.files[MANIFEST] = msgspec.json.encode(manifest)
        self.repository.root()
        self.repository.targets()
        self.repository.online_all()
        update = new_update_id()
        await self._tell(UpdateUnit(update, MANIFEST))
        return update

    async def _tell(self, order: UpdateUnit) -> None:
        """Send the order, and again in each new session, as a controller does: on a busy machine a Welcome may come too
        late, and what was sent under the session that then ends is not obeyed."""
        command = new_token_id()
        while command not in dict(self.peer.results):
            session = self.peer.session
            await self.peer.command(order, command)
            await self.peer.until(partial(self._is_over, command, session), LIMIT_S)

    def _is_over(self, command: str, session: str) -> bool:
        """Whether the command is answered, or the session is another than it was sent under."""
        return command in dict(self.peer.results) or self.peer.session != session

    def reports(self, update: str) -> list[UpdateReport]:
        """What the unit has told of it."""
        told = [event.update for event in self.peer.events if event.update is not None]
        return [one for one in told if one.update == update]

    async def end(self, update: str) -> UpdateReport:
        """What it tells at the end."""
        await self.peer.until(lambda: any(one.state in ENDED for one in self.reports(update)), LIMIT_S)
        return self.reports(update)[-1]

    async def kill_agent_when(self, update: str, state: UpdateState, part: PartName | None) -> None:
        """kill -9 once it has told that."""
        await self.peer.until(lambda: any((one.state, one.part) == (state, part) for one in self.reports(update)))
        launcher = self.launcher.pid
        children = await asyncio.to_thread(Path(f"/proc/{launcher}/task/{launcher}/children").read_text)
        for child in children.split():
            os.kill(int(child), signal.SIGKILL)

    @property
    def mcu_runs(self) -> int:
        """The minor version that the microcontroller runs."""
        assert self.mcu.booted is not None
        return self.mcu.booted.image.version[1]

    @property
    def agent_says(self) -> str:
        """The version that the agent has announced last."""
        return self.peer.announcements[-1].agent_version


@asynccontextmanager
async def _scene(
    directory: Path, monkeypatch: pytest.MonkeyPatch, *, trial_limit_s: float = 120.0
) -> AsyncIterator[Scene]:
    monkeypatch.setattr(release_house, "NOW", datetime.now(UTC))
    controller = Ed25519PrivateKey.generate()
    repository, place = Repository(), ReleasePlace(directory / "releases")
    mcu = Mcu(fitted(Sample(1)), KEYS, time.monotonic, McuFacts(board=BOARD, boot_s=0.01))
    (directory / "keys.pem").write_bytes(pem_of(KEY.public_key()))
    pki = Pki.create(directory / "pki")
    async with (
        EmbeddedBrokerProcess(pki) as broker,
        serving(repository, pki, directory / "api") as url,
        McuDevice(mcu, directory / "mcu", baud=BAUD),
    ):
        unit = JoinedUnit(broker, f"unit-{uuid4().hex[:8]}", directory / "unit", controller)
        store = IdentityStore(unit.state_dir)
        known = msgspec.structs.replace(store.load(), people_list=people_list().text(), controller_url=url)
        store.replace(known)
        environ = {
            **os.environ,
            **unit.environ,
            "MUSTER_AGENT_RELEASES_DIR": str(place.root),
            "MUSTER_AGENT_MCU": str(directory / "mcu"),
            "MUSTER_AGENT_MCU_BAUD": str(BAUD),
            "MUSTER_AGENT_MCU_KEYS_FILE": str(directory / "keys.pem"),
            "MUSTER_AGENT_PLAIN_KEYS_MAY_SIGN": "true",
            TRIAL_LIMIT_VARIABLE: str(trial_limit_s),
        }
        async with peer_on(broker, unit.unit_id, controller) as peer, _launched(environ, directory / "log") as launcher:
            await peer.until(lambda: len(peer.committed) > 1, LIMIT_S)
            yield Scene(directory, repository, peer, mcu, place, launcher)


@asynccontextmanager
async def _launched(environ: dict[str, str], log: Path) -> AsyncIterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = await asyncio.to_thread(
            subprocess.Popen, [sys.executable, "-m", "edge_agent.releases.launcher"], env=environ, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 60) == 0
        assert "Traceback" not in await asyncio.to_thread(log.read_text)


async def test_agent_and_microcontroller_are_brought_to_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _scene(tmp_path, monkeypatch) as scene:
        update = await scene.order(scene.bundle("99.0.0", OTHER_VERSION), scene.image(Sample(2, size=900)))
        end = await scene.end(update)
        assert (end.state, end.reason) == ("done", "")
        assert end.versions == {"agent": "99.0.0", "mcu": "1.2.0"}
        states = dict.fromkeys((one.state, one.part) for one in scene.reports(update))
        assert [one for one in states if one[0] in {"fetched", "trial", "part-confirmed"}] == [
            ("fetched", None),
            ("trial", "agent"),
            ("part-confirmed", "agent"),
            ("trial", "mcu"),
            ("part-confirmed", "mcu"),
        ]
        assert (scene.agent_says, scene.mcu_runs) == ("99.0.0", 2)
        assert scene.place.pointers().current.startswith("99.0.0-")


async def test_an_agent_that_never_reaches_the_controller_takes_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _scene(tmp_path, monkeypatch, trial_limit_s=2.0) as scene:
        boots = len(scene.mcu.boots)
        update = await scene.order(scene.image(Sample(2, size=900)), scene.bundle("99.0.0", NEVER_REACHES))
        end = await scene.end(update)
        assert end.state == "rolled-back"
        assert "did not reach the controller" in end.reason
        assert end.versions == {"agent": agent_version(), "mcu": "1.1.0"}
        assert (scene.agent_says, scene.mcu_runs) == (agent_version(), 1)
        assert len(scene.mcu.boots) - boots == 2, "there and back"
        assert scene.place.pointers().current == ""


async def test_a_microcontroller_that_refuses_its_image_takes_the_agent_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _scene(tmp_path, monkeypatch) as scene:
        unsigned = scene.image(Sample(2, key=None))
        update = await scene.order(scene.bundle("99.0.0", OTHER_VERSION), unsigned)
        end = await scene.end(update)
        assert (end.state, end.versions) == ("rolled-back", {"agent": agent_version(), "mcu": "1.1.0"})
        assert [one.state for one in scene.reports(update) if one.part == "agent"][-1] == "part-confirmed"
        await until(lambda: scene.place.pointers().current == "")
        assert scene.agent_says == agent_version()


async def test_an_update_that_is_older_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _scene(tmp_path, monkeypatch) as scene:
        update = await scene.order(scene.image(Sample(0)))
        end = await scene.end(update)
        assert (end.state, "two people" in end.reason) == ("refused", True)
        assert scene.mcu_runs == 1


async def test_an_agent_that_is_killed_on_the_way_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _scene(tmp_path, monkeypatch) as scene:
        update = await scene.order(scene.image(Sample(2, size=900)), scene.bundle("99.0.0", OTHER_VERSION))
        await scene.kill_agent_when(update, "fetched", None)
        await scene.kill_agent_when(update, "installing", "mcu")
        await scene.kill_agent_when(update, "trial", "agent")
        end = await scene.end(update)
        assert (end.state, end.versions) == ("done", {"mcu": "1.2.0", "agent": "99.0.0"})
        assert (scene.agent_says, scene.mcu_runs) == ("99.0.0", 2)
