"""Simulated devices on their ports: names, cables, power, and the command that runs them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from firmware_bridge.cli.app import run
from firmware_bridge.errors import PortLost, SimulationFailed
from firmware_bridge.gnss.looking import look
from firmware_bridge.modem.dialogue import AtDialogue
from firmware_bridge.simulation.faults import Faults
from firmware_bridge.simulation.mcu import Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from firmware_bridge.simulation.mcu_state import state_of
from firmware_bridge.simulation.pty_device import PtyDevice
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.framing import Framing
from firmware_bridge.smp.limits import Limits
from firmware_bridge.transport.serial_line import SerialLine, open_line
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEYS, NEW, OLD, fitted

BAUD = 921_600
QUICK = Limits(reply_s=0.5, erase_s=0.5, tries=10)


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - a file and a simulated device ring no event
            await asyncio.sleep(0.02)


def microcontroller() -> Mcu:
    return Mcu(fitted(OLD), KEYS, time.monotonic, McuFacts(board=BOARD, boot_s=0.01))


async def read_all(line: SerialLine, count: int) -> bytes:
    content = b""
    async with asyncio.timeout(30):
        while len(content) < count:
            content += await line.read()
    return content


async def test_bytes_pass_both_ways(tmp_path: Path) -> None:
    heard = bytearray()
    sent = os.urandom(20_000)
    async with PtyDevice(tmp_path / "port", baud=BAUD, heard=heard.extend) as port:
        async with await open_line(str(port.link), baud=BAUD) as line:
            await line.write(sent)
            await until(lambda: len(heard) == len(sent))
            port.send(sent[:9000])
            assert await read_all(line, 9000) == sent[:9000]
        assert bytes(heard) == sent
        assert port.passed_bytes == 29_000
    assert not port.link.is_symlink()


async def test_a_line_that_is_emptied_while_bytes_come_is_not_lost(tmp_path: Path) -> None:
    async with (
        PtyDevice(tmp_path / "port", baud=4_000_000, heard=lambda _content: None) as port,
        await open_line(str(port.link), baud=BAUD) as line,
    ):
        await line.write(b"begin")
        for _ in range(5000):
            port.send(b"ten bytes!")
            await asyncio.sleep(0)
            line.discard()
        await line.write(b"still here")


async def test_a_cable_that_is_pulled_takes_the_port_and_gives_the_name_back(tmp_path: Path) -> None:
    heard = bytearray()
    async with PtyDevice(tmp_path / "port", baud=BAUD, heard=heard.extend) as port:
        out = asyncio.Event()
        line = await open_line(str(port.link), baud=BAUD)
        port.pull_after(10, out.set)
        await line.write(bytes(20))
        async with asyncio.timeout(10):
            await out.wait()
            with pytest.raises(PortLost):
                await line.read()
        await line.close()
        assert not port.link.is_symlink()
        assert len(heard) == 10
        port.plug()
        async with await open_line(str(port.link), baud=BAUD) as again:
            await again.write(b"again")
            await until(lambda: heard.endswith(b"again"))


async def test_a_file_in_the_links_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("mine")
    with pytest.raises(SimulationFailed, match="choose another link"):
        PtyDevice(tmp_path / "port", baud=BAUD, heard=lambda _content: None).plug()
    assert (tmp_path / "port").read_text() == "mine"


@pytest.mark.parametrize("framing", ["console", "raw"])
async def test_a_microcontroller_is_updated_by_hand(tmp_path: Path, framing: Framing) -> None:
    async with McuDevice(microcontroller(), tmp_path / "port", baud=BAUD, framing=framing) as device:
        line = await open_line(str(device.port.link), baud=BAUD)
        async with line, SmpDevice.on(line, framing, limits=QUICK) as smp:
            assert await smp.echo("muster") == "muster"
            await smp.upload_image(NEW.content())
            await smp.mark_for_test(NEW.digest().hex())
            await smp.reset()
            await until(lambda: len(device.mcu.boots) == 2)
            active = next(slot for slot in await smp.images() if slot.active)
            assert (active.digest_hex, active.confirmed) == (NEW.digest().hex(), False)
            assert state_of(device)["confirmed"] is False
            await smp.confirm(None)
            assert state_of(device)["confirmed"] is True
            assert await smp.sensor_power(5_000) > 0
            assert await smp.kick(60) == 60


async def test_a_bad_line_does_not_spoil_an_upload(tmp_path: Path) -> None:
    faults = Faults(lose=0.05, garble=0.05, duplicate=0.1, delay_ms=20)
    device = McuDevice(microcontroller(), tmp_path / "port", baud=BAUD, faults=faults, seed=5)
    async with device:
        line = await open_line(str(device.port.link), baud=BAUD)
        async with line, SmpDevice.on(line, limits=QUICK) as smp:
            await smp.upload_image(NEW.content())
            digests = [slot.digest_hex for slot in await smp.images()]
    assert digests == [OLD.digest().hex(), NEW.digest().hex()]


async def test_power_that_fails_at_a_message_comes_back(tmp_path: Path) -> None:
    told: list[str] = []
    device = McuDevice(microcontroller(), tmp_path / "port", baud=BAUD, told=told.append)
    async with device:
        device.set_faults(Faults(power_at_message=2, power_back_ms=50))
        line = await open_line(str(device.port.link), baud=BAUD)
        async with line, SmpDevice.on(line, limits=QUICK) as smp:
            assert await smp.echo("one") == "one"
            assert await smp.echo("two") == "two"
    assert "power is off" in told
    assert len(device.mcu.boots) == 2


async def started(name: str, link: Path, *more: str) -> asyncio.subprocess.Process:
    program = Path(sys.executable).parent / "firmware-bridge"
    process = await asyncio.create_subprocess_exec(
        program, "simulate", name, "--link", str(link), *more, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while str(link) not in (await process.stdout.readline()).decode():
            continue
    return process


async def stopped(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(number)
    async with asyncio.timeout(30):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def poked(capsys: pytest.CaptureFixture[str], link: Path, *wishes: str) -> dict[str, object]:
    capsys.readouterr()
    await asyncio.to_thread(run, ["simulate", "poke", str(link), *wishes, "--json"])
    state = msgspec.json.decode(capsys.readouterr().out, type=dict[str, object])
    assert isinstance(state, dict)
    return state


async def test_a_microcontroller_is_run_poked_and_keeps_its_flash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, state = tmp_path / "mcu", tmp_path / "state"
    process = await started("mcu", link, "--state", str(state), "--baud", str(BAUD))
    try:
        shown = await poked(capsys, link, "tamper=1", "battery_mv=none", "supply_mv=11000")
        assert shown["runs"] == "1.0.0"
        async with await open_line(str(link), baud=BAUD) as line, SmpDevice.on(line, limits=QUICK) as smp:
            figures = await smp.stats("unit")
        assert (figures["tamper_count"], figures["battery_mv"]) == (1, 0xFFFFFFFF)
        assert 10_900 < figures["supply_mv"] < 11_100
        await asyncio.to_thread(run, ["simulate", "poke", str(link)])
        lines = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in capsys.readouterr().out.splitlines()}
        assert (lines["confirmed"], lines["housing"], lines["battery voltage"]) == ("yes", "open", "not fitted")
        assert lines["supply"].endswith(" V")
        await asyncio.to_thread(run, ["stats", str(link), "unit", "--baud", str(BAUD)])
        out = capsys.readouterr().out
        assert [name for name in figures if "_" in name and name in out] == []
        assert "housing was opened           once" in out
        flash = (state / "flash.bin").read_bytes()
        with pytest.raises(SystemExit):
            await poked(capsys, link, "supply_mv=much")
        assert "whole number" in capsys.readouterr().err
        process.kill()
        await process.wait()
    finally:
        if process.returncode is None:
            await stopped(process)
    again = await started("mcu", link, "--state", str(state))
    try:
        assert (await poked(capsys, link))["runs"] == "1.0.0"
        assert (state / "flash.bin").read_bytes() == flash
    finally:
        assert await stopped(again, signal.SIGINT) == 0
    assert not link.is_symlink()


async def test_a_receiver_and_a_modem_are_run_and_poked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sky, radio = tmp_path / "gnss", tmp_path / "modem"
    gnss = await started("gnss", sky, "--every-s", "0.05", "--searching", "0", "--baud", "115200")
    modem = await started("modem", radio, "--spontaneous", "0.5")
    try:
        async with await open_line(str(sky), baud=115_200) as line:
            assert (await look(line, 20)).antenna == "ok"
            assert (await poked(capsys, sky, "antenna=short"))["antenna"] == "short"
            line.discard()
            async with asyncio.timeout(20):
                while (await look(line, 20)).antenna != "short":
                    continue
        assert (await poked(capsys, radio, "rssi=5"))["rssi"] == 5
        async with await open_line(str(radio)) as line:
            assert "+CSQ: 5,99" in await AtDialogue(line).ask("AT+CSQ")
    finally:
        assert [await stopped(gnss), await stopped(modem)] == [0, 0]


async def test_poking_at_nothing_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(run, ["simulate", "poke", str(tmp_path / "none")])
    assert ended.value.code == 1
    assert "start it, and name the same --link" in capsys.readouterr().err


async def test_a_units_three_devices_run_in_one_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = Path(sys.executable).parent / "firmware-bridge"
    process = await asyncio.create_subprocess_exec(program, "simulate", "unit", str(tmp_path / "unit"))
    try:
        await until(lambda: all((tmp_path / "unit" / f"{name}.control").exists() for name in ("mcu", "gnss", "modem")))
        assert (await poked(capsys, tmp_path / "unit" / "mcu"))["runs"] == "1.0.0"
        assert (await poked(capsys, tmp_path / "unit" / "gnss"))["antenna"] == "ok"
        assert (await poked(capsys, tmp_path / "unit" / "modem"))["sim"] == "ready"
    finally:
        assert await stopped(process) == 0
    assert os.listdir(tmp_path / "unit") == []  # noqa: PTH208 - names only, and at once
