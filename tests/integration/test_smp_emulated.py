"""Zephyr and MCUboot in QEMU: images go up, over both framings, and the bootloader boots what it was sent.

These machines have one slot that is booted: their application and their bootloader refuse to mark images for a test or
to confirm them. That much is held against the simulator.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from firmware_bridge.errors import DeviceRefused, DeviceSilent
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.progress import Progress
from firmware_bridge.smp.device import Limits, Parameters, SmpDevice
from firmware_bridge.smp.framing import Framing
from tests.support.smp_servers import emulated, servers

LIMITS = Limits(reply_s=4.0)
LIMIT_S = 120.0
_POLL_S = 0.2

pytestmark = pytest.mark.long


async def becomes(device: SmpDevice, wanted: Parameters) -> None:
    """Wait until the device answers with these buffers: each image here has its own."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            with suppress(DeviceSilent, DeviceRefused):
                if await device.parameters() == wanted:
                    return
            await asyncio.sleep(_POLL_S)


async def test_an_upload_that_was_broken_off_goes_on_and_lies_in_the_slot(tmp_path: Path) -> None:
    image = servers()["mps2_an385.serial_recovery_buf1024"].image.read_bytes()
    digest_hex, half = read_image(image).digest_hex, len(image) // 2
    async with emulated("mps2_an385.serial_recovery_buf2048", tmp_path) as line:
        enough = asyncio.Event()
        async with SmpDevice.on(line, limits=LIMITS) as device:
            running = await device.images()
            assert [(slot.slot, slot.active, slot.confirmed) for slot in running] == [(0, True, True)]

            def tell(progress: Progress) -> None:
                if progress.done_bytes > half:
                    enough.set()

            upload = asyncio.create_task(device.upload_image(image, tell=tell))
            async with asyncio.timeout(LIMIT_S):
                await enough.wait()
            upload.cancel()
            with suppress(asyncio.CancelledError):
                await upload
        told: list[Progress] = []
        async with SmpDevice.on(line, limits=LIMITS) as device:
            await device.upload_image(image, tell=told.append)
            assert told[1].done_bytes > half
            assert told[-1] == (len(image), len(image))
            (slot,) = [slot for slot in await device.images() if slot.slot == 1]
            assert slot.digest_hex == digest_hex
            told.clear()
            await device.upload_image(image, tell=told.append)
            assert told == [(len(image), len(image))]
            with pytest.raises(DeviceRefused, match="image test: refused: not supported"):
                await device.mark_for_test(digest_hex)
            with pytest.raises(DeviceRefused, match="image confirm: refused: not supported"):
                await device.confirm(digest_hex)


@pytest.mark.parametrize(
    ("config", "framing"), [("serial_recovery", "console"), ("serial_recovery_raw", "raw")], ids=["console", "raw"]
)
async def test_a_bootloader_takes_an_image_and_boots_it(config: str, framing: Framing, tmp_path: Path) -> None:
    other = servers()["mps2_an385.serial_recovery_buf1024"].image.read_bytes()
    content = other[:3000]
    async with emulated(f"mps2_an385.{config}", tmp_path) as line:
        async with SmpDevice.on(line, framing, LIMITS) as device:
            assert await device.parameters() == Parameters(384, 4)
            await device.write_file("/lfs1/one", content)
            assert await device.read_file("/lfs1/one") == content
            await device.reset(into_bootloader=True)
            await becomes(device, Parameters(1024, 1))
            await device.upload_image(other)
            await device.reset()
        async with SmpDevice.on(line, "console", LIMITS) as device:
            await becomes(device, Parameters(1024, 4))
            (slot,) = await device.images()
            assert (slot.slot, slot.active, slot.digest_hex) == (0, True, read_image(other).digest_hex)
