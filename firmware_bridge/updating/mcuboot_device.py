"""A device with MCUboot that speaks SMP, as something that can be updated."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from firmware_bridge.errors import DeviceError, DeviceRefused, DeviceSilent, PortError, ReplyUnreadable
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.judging import as_installed, judge
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.mcu.figures import NOT_FITTED, STATISTICS
from firmware_bridge.progress import Progress
from firmware_bridge.smp.device import SlotState, SmpDevice
from firmware_bridge.smp.exchange import Exchange
from firmware_bridge.smp.framing import Framing
from firmware_bridge.smp.limits import DEFAULT_LIMITS, Limits
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.device import MakeDevice
from protocols.health import QUANTITIES
from protocols.words import number

BOOT_LIMIT_S = 120.0
"""How long a restart may take: a swap of two slots, and the start of the program."""

_LOOK_S = 0.5
_STAYED_S = 10.0
"""A device that answers as before for so long has not heard that it is to restart."""
_WORD = "muster"
_WITHOUT_TRIAL = {
    0: "a single slot",
    2: "overwriting",
    4: "direct execution without going back",
    6: "loading into memory",
}
"""Ways of MCUboot, by its own numbers, in which a new image stays whatever becomes of it."""

_NOT_SUPPORTED = 8
_MOST_MV = 60_000


def mcuboot_maker(
    keys: Sequence[bytes],
    *,
    framing: Framing = "console",
    limits: Limits = DEFAULT_LIMITS,
    boot_limit_s: float = BOOT_LIMIT_S,
) -> MakeDevice:
    """What makes a device of a line. `keys` are the PEMs of its bootloader's public keys."""

    def make(line: Line) -> McubootDevice:
        return McubootDevice(line.name, SmpDevice(Exchange(line, framing, limits)), keys, boot_limit_s=boot_limit_s)

    return make


class McubootDevice:
    """Image 0 of a device with two slots. The line under `smp` has to open itself again where a restart takes the port
    away (`ReopeningLine`)."""

    def __init__(
        self,
        port: str,
        smp: SmpDevice,
        keys: Sequence[bytes],
        *,
        boot_limit_s: float = BOOT_LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._port = port
        self._smp = smp
        self._keys = tuple(keys)
        self._boot_limit_s = boot_limit_s
        self._clock = clock
        self._rest = rest
        self._last: dict[str, int] = {}
        self.beside: SlotState | None = None
        """What the slot that does not run held when the slots were last asked for; None for nothing that is known."""

    async def installed(self) -> Installed:
        """What runs now. It would not be booted again while another image waits for the next restart."""
        slots = await self._slots()
        active = self._active(slots)
        waits = any(slot.pending and not slot.active for slot in slots)
        return Installed(active.version, active.digest_hex, confirmed=active.confirmed and not waits)

    async def judge(self, image: bytes, board: str) -> Installed:
        """What `image` would be; raises ImageRefused."""
        read = await asyncio.to_thread(read_image, image)
        refused = judge(read, keys=self._keys, board=board, installed=None, permit=False)
        if refused is not None:
            raise refused
        return as_installed(read)

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:
        """Upload `image`, or what is missing of it; refused where the bootloader would not take it back."""
        bootloader = await self._smp.bootloader()
        if bootloader is not None and bootloader.mode in _WITHOUT_TRIAL:
            said = f"its bootloader works by {_WITHOUT_TRIAL[bootloader.mode]}, and could not go back"
            raise DeviceRefused(self._port, "image upload", said, _NOT_SUPPORTED)
        await self._smp.upload_image(image, tell=tell)

    async def try_once(self, image: bytes) -> None:
        """Mark `image`, restart, and return when the device says something else of its slots than before."""
        digest_hex = read_image(image).digest_hex
        slots = await self._slots()
        if self._active(slots).digest_hex == digest_hex:
            return
        sent = next((slot for slot in slots if slot.digest_hex == digest_hex), None)
        if sent is None:
            raise ReplyUnreadable(self._port, "image list", "the image that was sent is not there")
        if not sent.pending:
            await self._smp.mark_for_test(digest_hex)
            slots = await self._slots()
        await self._restart(slots)

    async def healthy(self) -> str | None:
        """Whether it answers, says sane figures of itself, and has not restarted since it was last asked."""
        if await self._smp.echo(_WORD) != _WORD:
            return "its echo is not what it was sent"
        try:
            if STATISTICS not in await self._smp.stat_groups():
                return None
        except DeviceRefused:
            return None
        figures = await self._smp.stats(STATISTICS)
        before, self._last = self._last, figures
        return why_unwell(figures, before)

    async def confirm(self) -> None:
        """Confirm what runs."""
        await self._smp.confirm(None)

    async def revert(self) -> None:
        """Restart, which ends a trial: MCUboot takes back what was not confirmed."""
        slots = await self._slots()
        if not self._active(slots).confirmed or any(slot.pending and not slot.active for slot in slots):
            await self._restart(slots)

    async def _slots(self) -> list[SlotState]:
        slots = [slot for slot in await self._smp.images() if slot.image == 0]
        self.beside = next((slot for slot in slots if not slot.active), None)
        return slots

    def _active(self, slots: Sequence[SlotState]) -> SlotState:
        active = next((slot for slot in slots if slot.active), None)
        if active is None:
            raise ReplyUnreadable(self._port, "image list", "none of its images runs")
        return active

    async def _restart(self, before: list[SlotState]) -> None:
        """Restart and wait until the slots are not what they were, at most for the limit; also return, for the caller
        to look again, when the device has not restarted."""
        self._last = {}
        lost: PortError | DeviceError | None = None
        until = self._clock() + self._boot_limit_s
        stayed_until = self._clock() + _STAYED_S
        try:
            await self._smp.reset()
        except (PortError, DeviceSilent, ReplyUnreadable) as error:
            lost = error  # a device that restarts at once answers no more
        while self._clock() < until:
            await self._rest(_LOOK_S)
            try:
                if await self._slots() != before or self._clock() >= stayed_until:
                    return
                lost = None
            except (PortError, DeviceError) as error:
                lost = error
                stayed_until = self._clock() + _STAYED_S
        if lost is not None:
            raise lost


def why_unwell(figures: dict[str, int], before: dict[str, int]) -> str | None:
    """Why a device that says `figures` of its group `unit` is not well, None when it is. `before` is what it said
    when it was last asked, empty for the first time."""
    for name in ("supply_mv", "battery_mv"):
        value = figures.get(name, NOT_FITTED)
        if value != NOT_FITTED and value > _MOST_MV:
            return f"it says a {QUANTITIES[name].label} of {_volts(value, 3)}, and 0 to {_volts(_MOST_MV)} can be right"
    if "uptime_s" not in figures:
        return "it does not say its uptime"
    if figures["uptime_s"] < before.get("uptime_s", 0):
        return "it has restarted by itself"
    if before and figures.get("watchdog_resets", 0) > before.get("watchdog_resets", 0):
        return "its watchdog has restarted it"
    return None


def _volts(millivolts: int, decimals: int = 0) -> str:
    return f"{number(millivolts / 1000, decimals)} V"
