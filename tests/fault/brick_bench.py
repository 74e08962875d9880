"""One simulated device on a pty, the real path to it, and a witness of everything it ever starts."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware_bridge.errors import BridgeError
from firmware_bridge.images.installed import Installed
from firmware_bridge.simulation.boot import PRIMARY, Booted
from firmware_bridge.simulation.faults import Faults
from firmware_bridge.simulation.flash import Flash, Layout
from firmware_bridge.simulation.mcu import STUCK, UNWELL, Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from firmware_bridge.simulation.slot_images import is_signed
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.limits import Limits
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.carrying_out import update
from firmware_bridge.updating.mcuboot_device import mcuboot_maker
from firmware_bridge.updating.reopening import ReopeningLine
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEYS, Sample, fitted

LAYOUT = Layout(sector_bytes=512, image_sectors=6)
FACTS = McuFacts(board=BOARD, boot_s=0.005, stuck_s=0.3)
LIMITS = Limits(reply_s=0.2, erase_s=0.4, tries=3)
BAUD = 4_000_000
BACK_MS = 20
PEMS = [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in KEYS]

OLD = Sample(4, counter=4, size=1500)
NEW = Sample(5, counter=5, size=2000)
UNWELL_ONE = Sample(6, counter=6, size=1800, start=UNWELL)
STUCK_ONE = Sample(7, counter=7, size=1800, start=STUCK)
RUNNABLE = (OLD, NEW, UNWELL_ONE, STUCK_ONE)


class Witness:
    """Judges every start by the bytes in the flash, and counts what must not be."""

    def __init__(self, flash: Flash) -> None:
        self.counts: Counter[str] = Counter()
        self.confirmed = OLD.version
        self._flash = flash
        self._whole = {sample.digest(): sample.content() for sample in RUNNABLE}

    def started(self, booted: Booted | None) -> None:
        """Look at what was started."""
        self.counts["boots"] += 1
        if booted is None:
            self.counts["bricks"] += 1
            return
        image = booted.image
        content = self._whole.get(image.digest, b"")
        held = self._flash.read(self._flash.layout.slot(PRIMARY), image.total_bytes)
        self.counts["half_images"] += held != content
        self.counts["unsigned_boots"] += not is_signed(image, KEYS)
        self.counts["downgraded_boots"] += image.version < self.confirmed
        if booted.confirmed:
            self.confirmed = max(self.confirmed, image.version)


class Bench:
    """A device that runs OLD, and what can be done to it."""

    def __init__(self, device: McuDevice, line: Line, witness: Witness) -> None:
        self.device = device
        self.witness = witness
        self._line = line

    async def update(self, image: bytes) -> Installed:
        """The real thing, with shorter rests; raises as it does."""
        return await update(
            mcuboot_maker(PEMS, limits=LIMITS, boot_limit_s=5.0)(self._line),
            image,
            board=BOARD,
            may_downgrade=False,
            tell=lambda _told: None,
            health_limit_s=1.0,
            answer_limit_s=10.0,
            rest=_rest,
        )

    async def force(self, content: bytes, digest_hex: str) -> None:
        """Put an image on the device without judging it, for good, and restart: what somebody with a cable could do."""
        async with SmpDevice.on(self._line, limits=LIMITS) as smp:
            try:
                await smp.upload_image(content)
                await smp.confirm(digest_hex)
                await smp.reset()
            except BridgeError:  # the device may refuse, and its power may fail
                return

    async def settle(self) -> None:
        """Let nothing more go wrong, and wait until it has power and its cable."""
        self.device.set_faults(Faults(power_back_ms=BACK_MS, cable_back_ms=BACK_MS))
        await _until(lambda: self.device.mcu.powered and self.device.port.plugged)

    async def restart(self) -> Booted | None:
        """Take its power and give it back; what boots then."""
        starts = len(self.device.mcu.boots)
        self.device.cut_power()
        await _until(lambda: len(self.device.mcu.boots) > starts)
        return self.device.mcu.boots[-1]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a simulated device rings no event
            await asyncio.sleep(0.005)


async def _rest(wanted_s: float) -> None:
    await asyncio.sleep(min(wanted_s, 0.01))


@asynccontextmanager
async def bench(link: Path) -> AsyncIterator[Bench]:
    """A device at `link`."""
    flash = fitted(OLD, LAYOUT)
    witness = Witness(flash)
    mcu = Mcu(flash, KEYS, time.monotonic, FACTS, started=witness.started)

    async def open_again() -> Line:
        return await open_line(str(link), baud=BAUD)

    async with McuDevice(mcu, link, baud=BAUD) as device:
        line = ReopeningLine(str(link), open_again)
        try:
            yield Bench(device, line, witness)
        finally:
            await line.close()
