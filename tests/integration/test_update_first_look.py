"""A port on which nothing speaks SMP: an update ends soon, and says what is there."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from firmware_bridge.cli.app import exit_code
from firmware_bridge.errors import DeviceSilent
from firmware_bridge.simulation.nmea_player import Manner, Receiver
from firmware_bridge.simulation.pty_device import PtyDevice
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.limits import Limits
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.first_look import LOOK_S, look_first, naming_what_talks
from firmware_bridge.updating.mcuboot_device import mcuboot_maker
from firmware_bridge.updating.reopening import ReopeningLine

QUICK = Limits(reply_s=0.1, tries=2)


async def first(line: Line) -> None:
    await look_first(mcuboot_maker([], limits=QUICK)(line), line)


async def echoed(line: Line) -> None:
    async with SmpDevice.on(line, "console", QUICK) as device, naming_what_talks(line):
        await device.echo("muster")


async def looked_at(port: PtyDevice, look: Callable[[Line], Awaitable[object]] = first) -> DeviceSilent:
    async def open_again() -> Line:
        return await open_line(str(port.link))

    line = ReopeningLine(str(port.link), open_again)
    try:
        with pytest.raises(DeviceSilent) as caught:
            await look(line)
    finally:
        await line.close()
    assert exit_code(caught.value) == 5
    return caught.value


@pytest.mark.parametrize("look", [first, echoed])
async def test_a_receiver_on_the_port_is_named(look: Callable[[Line], Awaitable[object]], tmp_path: Path) -> None:
    async def talk() -> None:
        receiver = Receiver(Manner(protocol="nmea"), 1)
        while True:
            port.send(receiver.next_turn())
            await asyncio.sleep(0.1)  # a receiver's own pace

    async with PtyDevice(tmp_path / "gnss", baud=921_600, heard=lambda _content: None) as port:
        talking = asyncio.create_task(talk())
        try:
            error = await looked_at(port, look)
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError):
                await talking
    assert "a receiver talks on this port (NMEA); name the device's own port" in str(error)


async def test_a_port_without_a_word_tells_what_may_be_wrong(tmp_path: Path) -> None:
    async with PtyDevice(tmp_path / "mcu", baud=921_600, heard=lambda _content: None) as port:
        error = await looked_at(port)
    for said in ("the cable", "the power", "--baud", "--framing", f"scan --port {port.link}"):
        assert said in str(error)


def test_all_tries_of_one_question_fit_into_the_first_look() -> None:
    limits = Limits()
    assert limits.wait_s(16) * limits.tries <= LOOK_S
