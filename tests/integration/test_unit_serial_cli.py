"""`firmware-bridge mcu|modem|gnss`, each as a process against a simulated device on a port."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from firmware_bridge.simulation.at_modem import AtModem, ModemManner
from firmware_bridge.simulation.pty_device import PtyDevice
from tests.support.ptys import a_device
from tests.support.serial_unit import serial_unit
from tests.unit.firmware_bridge.gnss_streams import gga, mon_rf, rmc

LIMIT_S = 60.0
_MMCLI = """#!/bin/sh
case "$*" in
*signal-get*) echo '{"modem":{"signal":{"lte":{"rsrp":"-120.00"},"refresh":{"rate":"30"}}}}' ;;
*) echo '{"modem":{"3gpp":{"imei":"490154203237518","registration-state":"denied"},"generic":{"sim":"--"}}}' ;;
esac
"""


async def said(*words: str, path: str = "") -> tuple[int, str, str]:
    command = [sys.executable, "-c", "from firmware_bridge.cli.app import run; run()", *words]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={"PATH": path}
    )
    output, complaint = await asyncio.wait_for(process.communicate(), LIMIT_S)
    return process.returncode or 0, output.decode(), complaint.decode()


@asynccontextmanager
async def modem_on(link: Path) -> AsyncIterator[AtModem]:
    modem = AtModem(ModemManner(), seed=1)

    def heard(content: bytes) -> None:
        for each in modem.take(content):
            port.send(each.content, each.delay_s)

    async with PtyDevice(link, baud=921_600, heard=heard) as port:
        yield modem


async def test_a_microcontroller_is_shown_with_units_and_standing(tmp_path: Path) -> None:
    async with serial_unit(tmp_path) as unit:
        unit.board.watchdog_resets = 12
        port = str(unit.device.port.link)
        code, table, complaint = await said("mcu", port, "--baud", "921600")
        assert (code, complaint) == (0, "")
        lines = {line.split("  ")[0]: line.split() for line in table.splitlines()}
        assert lines["battery voltage"][-3:-1] == ["12.8", "V"]
        assert lines["watchdog resets"][-2:] == ["12", "bad"]
        assert lines["door"] == ["door", "closed", "—"]
        assert lines["camera and microphone power"][-2] == "off"
        code, document, _ = await said("mcu", port, "--json")
        figures = json.loads(document)
        assert figures["mcu_version"] == "1.1.0"
        assert figures["sensor_power_left_ms"] == 0


async def test_a_modem_is_shown(tmp_path: Path) -> None:
    async with modem_on(tmp_path / "modem") as modem:
        modem.poke("sim", "missing")
        code, document, complaint = await said("modem", str(tmp_path / "modem"), "--json")
        assert (code, complaint) == (0, "")
        figures = json.loads(document)
    assert (figures["rssi_dbm"], figures["sim_state"]) == (-71.0, "missing")


async def test_a_modem_of_modem_manager_is_shown_without_what_names_it(tmp_path: Path) -> None:
    program = tmp_path / "mmcli"
    program.write_text(_MMCLI)
    program.chmod(0o755)
    code, table, complaint = await said("modem", "mmcli", path=f"{tmp_path}:/usr/bin:/bin")
    assert (code, complaint) == (0, "")
    assert "denied" in table
    assert "-120 dBm  bad" in table.replace("−", "-")
    assert "4901" not in table


async def test_without_modem_manager_that_is_said(tmp_path: Path) -> None:
    code, _, complaint = await said("modem", "mmcli", path=str(tmp_path))
    assert code == 4
    assert "install ModemManager" in complaint


async def test_a_receiver_is_shown_and_its_place_is_not() -> None:
    with a_device() as device:
        asking = asyncio.create_task(said("gnss", device.path, "--json"))
        while not asking.done():
            device.send(rmc() + gga() + mon_rf(2))
            await asyncio.sleep(0.1)
        code, document, complaint = asking.result()
    assert (code, complaint) == (0, "")
    assert json.loads(document) == {
        "gnss_fix_quality": 1,
        "gnss_hdop": 0.9,
        "gnss_satellites": 11,
        "gnss_antenna": "ok",
    }


async def test_a_silent_receiver_is_an_error_of_its_own(tmp_path: Path) -> None:
    with a_device() as device:
        code, output, complaint = await said("gnss", device.path, "--for-s", "1")
    assert (code, output) == (5, "")
    assert "no answer within 1 s" in complaint
