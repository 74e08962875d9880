"""A simulated device on a pty, updated at the console's bench by keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from firmware_bridge.simulation.flash import Layout
from firmware_bridge.simulation.mcu import UNWELL, Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from tests.support.firmware_images import pem_of
from tests.support.ptys import until
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEY, KEYS, NEW, WRONG_KEY, Sample, fitted
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console

LAYOUT = Layout(sector_bytes=1024, image_sectors=12)
LONG = Sample(2, size=6000)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short names are typed faster."""
    monkeypatch.chdir(tmp_path)


@asynccontextmanager
async def bench(
    folder: Path, size: tuple[int, int] = (80, 24), *, baud: int = 115_200
) -> AsyncIterator[tuple[McuDevice, StubConsole]]:
    """A console at the bench, whose cursor is on a device that has said it runs 1.1.0."""
    mcu = Mcu(fitted(layout=LAYOUT), KEYS, monotonic, McuFacts(board=BOARD, boot_s=0.05, stuck_s=0.5))
    async with McuDevice(mcu, folder / "mcu", baud=baud) as device, console(StubClient(1), folder, size) as screen:
        await screen.press("F", "b")
        await screen.press("p", *"./mcu", "enter")
        await screen.sees("▸mcu", "not asked")
        await screen.press("b")
        await screen.sees("SMP console at 115200", "u update")
        yield device, screen


def minor(device: McuDevice) -> int:
    assert device.mcu.booted is not None
    return device.mcu.booted.image.version[1]


async def fill(screen: StubConsole, folder: Path, content: bytes, board: str = BOARD) -> None:
    """Fill the form with `content`, a board and the right key, up to where it has been judged."""
    (folder / "new.bin").write_bytes(content)
    (folder / "key.pem").write_bytes(pem_of(KEY.public_key()))
    await screen.press("u")
    await screen.sees("Update mcu", "mcu runs 1.1.0", "enter next field")
    for text in ("new.bin", board, "key.pem"):
        await screen.press("ctrl+u", *text, "enter")


@pytest.mark.parametrize("size", SIZES)
async def test_a_device_is_updated_by_keys_after_the_image_was_judged_and_a_second_enter(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with bench(tmp_path, size) as (device, screen):
        await fill(screen, tmp_path, LONG.content())
        await screen.sees("new.bin may be sent: 1.2.0 for muster_mcu", "Enter once more begins it", "enter begin it")
        assert minor(device) == 1
        await screen.press("enter")
        await screen.sees("updating, ", "x breaks it off")
        await screen.press("q")
        await screen.sees("a device is being updated")
        await screen.press("1")
        await screen.misses("BENCH")
        await screen.press("F", "b")
        await screen.sees("▸mcu", "updat")
        await screen.sees("updated: it runs 1.2.0, confirmed")
        assert all(len(line) <= size[0] for line in screen.lines)
        assert minor(device) == 2
        await screen.press("b")
        await screen.sees("1.2.0", "runs, confirmed")
        await screen.press("u")
        await screen.sees("new.bin", "key.pem", "mcu runs 1.2.0")


async def test_what_may_not_be_sent_is_refused_in_the_form_as_the_command_does(tmp_path: Path) -> None:
    async with bench(tmp_path) as (device, screen):
        asked = device.messages
        await fill(screen, tmp_path, NEW.content(), "other_board")
        await screen.sees("the image is made for muster_mcu, the device is other_board")
        await screen.press("enter", "escape", "escape")
        await screen.misses("Update mcu")
        for content, why in (
            (Sample(0).content(), "older than 1.1.0"),
            (Sample(2, key=WRONG_KEY).content(), "signed by a key that is not given"),
            (NEW.content()[:-50], "image"),
        ):
            await fill(screen, tmp_path, content)
            await screen.sees(why)
            assert "Enter once more" not in screen.text
            await screen.press("escape", "escape")
            await screen.misses("Update mcu")
        await fill(screen, tmp_path, NEW.content(), "")
        await screen.sees("it was not said what the device", "fill in the board")
        await screen.press("ctrl+u", "enter")
        await screen.sees("key: the PEM of a public key")
        assert device.messages == asked


async def test_what_was_judged_is_judged_again_when_a_field_changes(tmp_path: Path) -> None:
    async with bench(tmp_path) as (device, screen):
        await fill(screen, tmp_path, NEW.content())
        await screen.sees("Enter once more begins it")
        await screen.press("x")
        await screen.misses("Enter once more begins it")
        await screen.press("enter")
        await screen.sees("name a file that can be read")
        await screen.press("escape", "escape")
        await screen.misses("Update mcu")
        assert minor(device) == 1


async def test_an_image_that_is_not_well_is_taken_back_and_said_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as (device, screen):
        screen.app.bench.health_limit_s = 1.0
        await fill(screen, tmp_path, Sample(3, start=UNWELL).content())
        await screen.press("enter")
        await screen.sees("not updated: ", "1.1.0", "what can be behind it", "- its program: have it mended")
        assert minor(device) == 1


async def test_an_update_is_broken_off_and_goes_on_when_it_is_begun_again(tmp_path: Path) -> None:
    image = LONG.content()
    async with bench(tmp_path, baud=9600) as (device, screen):
        await fill(screen, tmp_path, image)
        await screen.press("enter")
        await screen.sees("2 of 5: sending the image", " KiB/s  ", " left")
        await screen.press("x")
        await screen.sees("Break off the update of mcu", "what it has is not")
        await screen.press("y")
        await screen.sees("not updated: broken off", "The device runs what it ran")
        assert screen.app.bench.running is None
        assert minor(device) == 1
        await screen.press("b")
        await screen.sees("SMP console at 115200", "u update")
        await screen.press("u", "enter", "enter", "enter")
        await screen.sees("Enter once more begins it")
        await screen.press("enter")
        await screen.sees("updated: it runs 1.2.0, confirmed")
        assert minor(device) == 2


async def test_a_console_that_ends_breaks_the_update_off(tmp_path: Path) -> None:
    async with bench(tmp_path, baud=9600) as (_, screen):
        await fill(screen, tmp_path, LONG.content())
        await screen.press("enter")
        await screen.sees("sending the image")
        running = screen.app.bench.running
        assert running is not None
    await until(lambda: running.is_broken_off)


async def test_the_question_whether_to_break_off_goes_when_the_update_is_over(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, screen):
        await fill(screen, tmp_path, NEW.content())
        await screen.press("enter")
        await screen.sees("x breaks it off")
        await screen.press("x")
        await screen.sees("Break off the update of mcu")
        await screen.misses("Break off the update of mcu")
        await screen.sees("updated: it runs 1.2.0, confirmed")
