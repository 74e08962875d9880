"""All serial devices of one unit together: what a sample holds of them, and what is loaded where there are none."""

import asyncio
import subprocess
import sys
from pathlib import Path

from edge_agent.host_simulation import HostState, SimulatedHost
from edge_agent.host_simulation.render import render
from edge_agent.inputs.settings import InputSettings
from edge_agent.readers import default_readers
from edge_agent.sampler import Sampler
from edge_agent.serial.room import SerialRoom
from edge_agent.settings import AgentSettings
from edge_agent.watch import Happening
from tests.support.serial_unit import CLOCK, holds, opening, running, serial_unit
from tests.support.synthetic_receiver import running_receiver

HEAVY = {"smp", "smpclient", "serial", "pynmeagps", "pyubx2"}


class Everything:
    """A room's tasks, as the test's helpers run them."""

    def __init__(self, room: SerialRoom) -> None:
        self._room = room

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._room.start(tasks)


async def tell_nobody(_: Happening) -> None:
    pass


async def test_a_sample_holds_what_the_settings_name_each_figure_once(tmp_path: Path) -> None:
    tree = write_host(tmp_path / "host", "host-002")
    async with serial_unit(tmp_path) as unit, running_receiver(tmp_path, "--every-s", "0.05") as receiver:
        own = AgentSettings(
            root=tree,
            mcu=str(unit.device.port.link),
            mcu_supply=True,
            mcu_sensor_power=True,
            gnss_source=receiver.source,
            gnss_health=True,
            inputs=[
                InputSettings(name="housing", kind="tamper", chip="mcu", line="tamper"),
                InputSettings(name="door", kind="door", line=3),
            ],
        )
        room = SerialRoom(own, CLOCK, tell_nobody, lambda: 60, unit.vitals())
        machine = default_readers(tree, supply_by_mcu=True, modem_manager=True)
        assert [source.names for source in room.line_sources()] == [("door",), ("housing",)]
        sampler = Sampler([*machine, *room.readers()])
        async with running(Everything(room)):
            await holds(lambda: all(reader.read().figures for reader in room.readers()))
            sample = await sampler.sample()
            thing_power, position = room.guards()[1], room.guards()[0]
            video = opening("video")
            await thing_power.before(video)
            assert unit.board.power_left_ms(unit.device.mcu.now_s()) > 0
            await thing_power.after(video.opening)
            await position.before(opening("position"))
            await room.stop()
    assert sample.figures["battery_mv"] == 12_800
    assert int(sample.figures["supply_mv"]) > 12_000
    assert sample.figures["gnss_fix_quality"] in {0, 8}
    assert sample.problems == ()


def test_a_unit_without_serial_devices_loads_nothing_for_them() -> None:
    probe = "import sys, edge_agent.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()) & HEAVY == set()


def write_host(root: Path, name: str) -> Path:
    """The files of a simulated host."""
    state: HostState = SimulatedHost(name, 1, trouble=0).step(1.0)
    for path, content in render(state).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


async def test_a_simulated_host_on_the_mobile_network_has_a_modem(tmp_path: Path) -> None:
    host = next(name for name in ("host-001", "host-002", "host-003") if SimulatedHost(name, 1).kit.link == "lte")
    figures = (await Sampler(default_readers(write_host(tmp_path, host), modem_manager=True)).sample()).figures
    assert figures["modem_registration"] == "home"
    assert figures["sim_state"] == "ready"
    assert -125 <= float(figures["rsrp_dbm"]) <= -70
    assert {"rssi_dbm", "rsrq_db", "sinr_db", "modem_operator", "modem_version"} <= figures.keys()
