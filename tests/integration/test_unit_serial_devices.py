"""The agent's modem and the health of its receiver, on real ports; a look gives way to a position."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.openings.guarded_opener import GuardedOpener
from edge_agent.openings.opener import Ended
from edge_agent.position.reading import read_fix
from edge_agent.serial.latest import LatestReader
from edge_agent.serial.modem_watch import ModemWatch
from edge_agent.serial.receiver_watch import GNSS_FIGURES, ReceiverWatch
from firmware_bridge.modem.figures import MODEM_FIGURES
from firmware_bridge.simulation.at_modem import AtModem, ModemManner
from firmware_bridge.simulation.pty_device import PtyDevice
from tests.support.opening_desk import CountingOpener, HandClock
from tests.support.ptys import a_device
from tests.support.serial_unit import CLOCK, at_once, holds, opening, running
from tests.support.synthetic_receiver import running_receiver
from tests.unit.firmware_bridge.gnss_streams import LATITUDE, gga, mon_rf, rmc


@asynccontextmanager
async def modem_at(link: Path, modem: AtModem) -> AsyncIterator[PtyDevice]:
    def heard(content: bytes) -> None:
        for said in modem.take(content):
            port.send(said.content, said.delay_s)

    async with PtyDevice(link, baud=921_600, heard=heard) as port:
        yield port


@pytest.mark.parametrize("vendor", ["quectel", "simcom", "telit", "u-blox"])
async def test_a_modem_tells_its_figures_whatever_it_says_by_itself(vendor: str, tmp_path: Path) -> None:
    modem = AtModem(ModemManner(vendor=vendor, spontaneous=0.5), seed=3)  # type: ignore[arg-type]  # one of its words
    watch = ModemWatch(str(tmp_path / "modem"), 115_200, draw=at_once)
    async with modem_at(tmp_path / "modem", modem), running(watch):
        await holds(lambda: watch.latest.now[0])
    figures = watch.latest.now[0]
    assert figures["rssi_dbm"] == -71
    assert figures["rsrp_dbm"] == -93
    assert figures["modem_temp_c"] == 38
    assert figures["modem_registration"] == "home"
    assert figures["modem_operator"] == "Simulated Mobile"
    assert figures["modem_version"] == "SIM-MODEM-01.002"
    assert figures["sim_state"] == "ready"


async def test_a_modem_that_is_pulled_is_a_fault_with_figures_that_grow_old(tmp_path: Path) -> None:
    modem = AtModem(ModemManner(), seed=3)
    watch = ModemWatch(str(tmp_path / "modem"), 115_200, every_s=0.05, draw=at_once)
    reader = LatestReader("modem", "modem", MODEM_FIGURES, watch.latest, fresh_s=30)
    async with modem_at(tmp_path / "modem", modem) as port, running(watch):
        await holds(lambda: watch.latest.now[0])
        port.pull()
        await holds(lambda: watch.latest.now[2])
        reading = reader.read()
        assert reading.figures["rssi_dbm"] == -71
        assert [fault.source for fault in reading.faults] == ["modem"]
        modem.poke("sim", "missing")
        port.plug()
        await holds(lambda: watch.latest.now[0].get("sim_state") == "missing")
        assert reader.read().faults == ()


async def test_a_receiver_on_a_serial_port_tells_its_health_and_no_place() -> None:
    with a_device() as device:
        watch = ReceiverWatch(f"serial:{device.path}", lambda: 60.0)
        async with running(watch):
            while not watch.latest.now[0]:  # as a receiver does, it tells its turn again and again
                device.send(rmc() + gga() + mon_rf(4))
                await asyncio.sleep(0.02)
    figures = watch.latest.now[0]
    assert figures == {"gnss_fix_quality": 1, "gnss_hdop": 0.9, "gnss_satellites": 11, "gnss_antenna": "open"}


async def test_a_receiver_that_is_away_or_silent_is_a_fault_that_shows_nothing_of_it(tmp_path: Path) -> None:
    with a_device() as device:
        watch = ReceiverWatch(f"serial:{device.path}", lambda: 0.05, look_s=0.2)
        reader = LatestReader("gnss", "receiver", GNSS_FIGURES, watch.latest, fresh_s=5)
        async with running(watch):
            device.send(rmc())
            await holds(lambda: reader.read().faults)
            assert LATITUDE not in str(reader.read())
            device.unplug()
            await holds(lambda: "no position" in str(reader.read().faults))


async def test_a_look_gives_way_to_a_position_and_none_begins_before_that_is_over(tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--every-s", "0.05") as receiver:
        watch = ReceiverWatch(receiver.source, lambda: 0.01, look_s=30.0)
        opener = GuardedOpener(devices := CountingOpener(HandClock()), [watch])
        async with running(watch):
            await receiver.says("connect", 2)
            thing = await opener.open(opening("position"), None)
            await holds(lambda: receiver.count("connect") == receiver.count("disconnect"))
            connects = receiver.count("connect")
            fix = await read_fix(receiver.source, 20.0, CLOCK)
            assert fix.quality == 8
            assert receiver.count("connect") <= connects + 1
            devices.things[0].events.put_nowait(Ended(CLOCK.mono_ms(), by_deadline=False))
            await thing.event()
            await receiver.says("connect", connects + 2)
        await holds(lambda: receiver.count("connect") == receiver.count("disconnect"))
        assert watch.latest.now[0]["gnss_fix_quality"] == 8


async def test_a_position_that_does_not_open_lets_looks_go_on(tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--every-s", "0.05") as receiver:
        watch = ReceiverWatch(receiver.source, lambda: 0.01)
        opener = GuardedOpener(CountingOpener(HandClock()), [watch])
        async with running(watch):
            await receiver.says("connect")
            thing = await opener.open(opening("position"), None)
            await thing.close()
            before = receiver.count("connect")
            await receiver.says("connect", before + 1)
