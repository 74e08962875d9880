"""A whole fleet is brought to a manifest: the controller, its people, a unit under its launcher and a microcontroller
on a port; then to one that can not stay, and back."""

import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from edge_agent.app import agent_version
from edge_agent.releases.bundling import make_bundle
from edge_agent.releases.launcher import TRIAL_LIMIT_VARIABLE
from firmware_bridge.simulation.mcu import Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from fleet.clock import utc_now
from fleet.demo.firmware import ADMINISTRATORS, SIGNERS, draft_root, sign_draft
from fleet.demo.parts import program
from fleet.releases.drafting import next_targets
from fleet.releases.metadata import canonical_text
from protocols.api.log import LogQuery
from protocols.api.rollouts import NewRollout, RolloutUnitRow
from protocols.releases.manifest import Manifest, Part
from protocols.rollouts import Ring, RolloutPlan, RolloutState
from tests.support.firmware_images import pem_of
from tests.support.open_house import SUPERVISOR, OpenHouse, open_house
from tests.support.waiting import until
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEY, KEYS, Sample, fitted

pytestmark = pytest.mark.long

BAUD = 921_600
LIMIT_S = 180.0
PLAN = RolloutPlan(rings=[Ring(name="all", share_percent=100)])
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
    """The fleet, its one unit's microcontroller, and what is released."""

    directory: Path
    house: OpenHouse
    mcu: Mcu

    def bundle(self, version: str, script: str) -> tuple[Part, Path]:
        """A release of the agent that is `script`."""
        tree = self.directory / f"tree-{version}"
        (tree / "bin").mkdir(parents=True)
        agent = tree / "bin" / "edge-agent"
        agent.write_text(script.format(python=sys.executable, version=version))
        agent.chmod(0o755)
        file = self.directory / f"agent-{version}.tar.gz"
        make_bundle(version, tree, file)
        return Part(part="agent", version=version, target=f"agent/{file.name}", updater="release"), file

    def image(self, minor: int, version: str) -> tuple[Part, Path]:
        """An image of the microcontroller; `version` as the manifest writes it."""
        file = self.directory / f"mcu-{minor}.bin"
        file.write_bytes(Sample(minor, size=900).content())
        return Part(part="mcu", version=version, target=f"mcu/{file.name}", board=BOARD, updater="mcuboot"), file

    async def release(self, **manifests: Sequence[tuple[Part, Path]]) -> None:
        """Have a root and these manifests in force, signed by two each."""
        root, targets = ([self.house[one] for one in names] for names in (ADMINISTRATORS, SIGNERS))
        await sign_draft("root", await draft_root(root[0]), *root)
        files: dict[str, Path] = {}
        for name, parts in manifests.items():
            file = self.directory / f"{name}.json"
            manifest = Manifest(format=1, name=name, parts=[part for part, _ in parts])
            file.write_bytes(msgspec.json.encode(manifest))
            files |= {f"manifests/{name}.json": file, **{part.target: image for part, image in parts}}
        added = {}
        for path, file in files.items():
            kept = await targets[0].send_release_file(file, lambda _done, _total: None)
            added[path] = (kept.sha256, kept.length_bytes)
        text = canonical_text(next_targets(None, None, added, [], utc_now()))
        await sign_draft("targets", await targets[0].draft_release("targets", text), *targets)

    async def roll_out(self, name: str, ends: RolloutState) -> RolloutUnitRow:
        """Roll a manifest out by the API, to its end; how its one unit has ended."""
        door = self.house[SUPERVISOR]
        new = NewRollout(title=name, manifest=f"manifests/{name}.json", plan=PLAN)
        rollout = (await door.start_rollout(new)).row.rollout

        async def over() -> bool:
            self.house.check()
            return (await door.rollout(rollout)).row.state not in {"running", "paused"}

        await until(over, LIMIT_S)
        row = (await door.rollout(rollout)).row
        assert row.state == ends, row.reason
        (unit,) = (await door.rollout_units(rollout)).rows
        return unit

    async def until_health_says(self, agent: str, mcu: str) -> None:
        """Wait until the unit is online with these versions."""

        async def says() -> bool:
            detail = await self.house.door.unit(self.house.unit.unit_id)
            return (detail.agent_version, detail.health.get("mcu_version")) == (agent, mcu)

        await until(says, LIMIT_S)

    async def launch(self, trial_limit_s: float) -> None:
        """Start the unit under its launcher."""
        command = [program("edge-agent-launch"), "--config", str(self.house.unit.demo.config)]
        await self.house.start("launcher", *command, environ={TRIAL_LIMIT_VARIABLE: str(trial_limit_s)})

    async def told(self) -> list[str]:
        """What the unit has told of updates, the oldest first, without their ids."""
        page = await self.house.door.events(unit_id=self.house.unit.unit_id, limit=100)
        said = [one.summary for one in reversed(page.events) if one.kind.startswith("update-")]
        return [one.partition(": the unit ")[2] for one in said]

    async def until_log_says(self, *kinds: str) -> None:
        """Wait until the log's entries about rollouts end with these kinds."""

        async def says() -> bool:
            found = (await self.house["IN-03"].log_entries(LogQuery(), limit=500)).entries
            about = [one.kind for one in reversed(found) if one.kind.startswith(("rollout.", "unit.update"))]
            return tuple(about[-len(kinds) :]) == kinds

        await until(says)


@asynccontextmanager
async def _scene(directory: Path) -> AsyncIterator[Scene]:
    mcu = Mcu(fitted(Sample(1)), KEYS, time.monotonic, McuFacts(board=BOARD, boot_s=0.01))
    (directory / "keys.pem").write_bytes(pem_of(KEY.public_key()))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(McuDevice(mcu, directory / "mcu", baud=BAUD))
        house = await stack.enter_async_context(open_house())
        unit = house.unit
        await house.stop(f"agent-{unit.name}")
        fitted_with = {
            **unit.devices.settings(),
            "mcu": str(directory / "mcu"),
            "mcu_baud": BAUD,
            "mcu_keys_file": str(directory / "keys.pem"),
            "releases_dir": str(directory / "releases"),
        }
        house.place.write_unit(unit.name, Path("/"), fitted_with)
        scene = Scene(directory, house, mcu)
        await scene.launch(120.0)
        yield scene


async def test_a_fleet_is_brought_to_a_manifest_and_back_from_one_that_can_not_stay(tmp_path: Path) -> None:
    async with _scene(tmp_path) as scene:
        await scene.release(
            spring=[scene.bundle("99.0.0", OTHER_VERSION), scene.image(2, "1.2.0+0")],
            summer=[scene.image(3, "1.3.0"), scene.bundle("99.1.0", NEVER_REACHES)],
        )
        await scene.until_health_says(agent_version(), "1.1.0")
        unit = await scene.roll_out("spring", "done")
        assert (unit.state, unit.versions) == ("done", {"agent": "99.0.0", "mcu": "1.2.0"})
        await scene.until_health_says("99.0.0", "1.2.0")
        agent, told = f"agent {agent_version()} → 99.0.0", await scene.told()
        assert [one for one in told if one.startswith(("tries", "confirmed", "runs"))] == [
            f"tries the new version of its own program: {agent}",
            f"confirmed the new version of its own program: {agent}",
            "tries its MCU's new firmware: MCU 1.1.0 → 1.2.0",
            "confirmed its MCU's new firmware: MCU 1.1.0 → 1.2.0",
            f"runs what it is to run: {agent}, MCU 1.1.0 → 1.2.0",
        ]
        assert "puts new firmware on its MCU (100 %): MCU 1.1.0 → 1.2.0" in told
        await scene.until_log_says("rollout.started", "unit.update-told", "unit.update-ended", "rollout.done")

        await scene.house.stop("launcher")
        await scene.launch(3.0)
        await scene.house.until_connected(scene.house.unit)
        boots = len(scene.mcu.boots)
        unit = await scene.roll_out("summer", "stopped")
        assert (unit.state, unit.versions) == ("rolled-back", {"agent": "99.0.0", "mcu": "1.2.0"})
        assert "did not reach the controller" in unit.reason
        assert len(scene.mcu.boots) - boots == 2, "there and back"
        await scene.until_health_says("99.0.0", "1.2.0")
        assert "confirmed its MCU's new firmware: MCU 1.2.0 → 1.3.0" in await scene.told()
        assert (await scene.told())[-1].startswith("took the update back; it runs what it ran: MCU 1.2.0, agent 99.0.0")
        await scene.until_log_says("rollout.started", "unit.update-told", "unit.update-ended", "rollout.stopped")
        alarms = (await scene.house.door.events(severity="alarm", open_only=True)).events
        assert [one.kind for one in alarms] == ["rollout-stopped"]
