"""The microcontroller as a part: MCUboot over SMP, and the way back to the image that it ran before."""

import asyncio
from collections.abc import Callable, Sequence

from edge_agent.updating.device_part import HEALTH_LIMIT_S, LineOwner, bring_to, running_on
from edge_agent.updating.parts import Job, Note, PartStuck
from edge_agent.updating.plan import Running
from firmware_bridge.errors import BridgeError, ReplyUnreadable
from firmware_bridge.images.installed import Installed
from firmware_bridge.progress import Progress
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.exchange import Exchange
from firmware_bridge.smp.framing import Framing
from firmware_bridge.smp.limits import DEFAULT_LIMITS
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.carrying_out import Told, update
from firmware_bridge.updating.mcuboot_device import McubootDevice, mcuboot_maker


class FormerImage(McubootDevice):
    """A device that is brought to the image which lies in its other slot still, named by its hash.

    Its version is lower than what runs, and no permit is asked for: it ran when the update began. A bootloader that
    counts security refuses it all the same; then the device goes on with what it runs.
    """

    def __init__(self, line: Line, framing: Framing, was: Installed) -> None:
        super().__init__(line.name, SmpDevice(Exchange(line, framing, DEFAULT_LIMITS)), ())
        self._was = was

    async def judge(self, image: bytes, board: str) -> Installed:  # noqa: ARG002 - there is no file to judge
        """What it ran, if that is there still."""
        if not any(slot.digest_hex == self._was.digest for slot in await self._slots()):
            raise ReplyUnreadable(self._port, "image list", f"{self._was.version} is no longer there")
        return self._was

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:
        """Nothing: it is there."""

    async def try_once(self, image: bytes) -> None:  # noqa: ARG002 - it is named by its hash
        """Boot it once."""
        slots = await self._slots()
        if self._active(slots).digest_hex == self._was.digest:
            return
        if not any(slot.digest_hex == self._was.digest and slot.pending for slot in slots):
            await self._smp.mark_for_test(self._was.digest)
            slots = await self._slots()
        await self._restart(slots)


class McuPart:
    """The unit's microcontroller."""

    def __init__(
        self,
        owner: LineOwner,
        keys: Sequence[bytes],
        *,
        framing: Framing = "console",
        health_limit_s: float = HEALTH_LIMIT_S,
    ) -> None:
        """`keys` are the PEMs of the public keys of its bootloader."""
        self._owner = owner
        self._framing = framing
        self._health_limit_s = health_limit_s
        self._make = mcuboot_maker(keys, framing=framing)

    @property
    def updaters(self) -> frozenset[str]:
        """See UpdatablePart."""
        return frozenset({"mcuboot"})

    async def running(self) -> Running:
        """See UpdatablePart."""
        return await running_on(self._owner, self._make)

    async def bring(self, job: Job, note: Note) -> None:
        """See UpdatablePart."""
        image = await asyncio.to_thread(job.file.read_bytes)
        await bring_to(self._owner, self._make, job, image, note, health_limit_s=self._health_limit_s)

    async def take_back(self, job: Job) -> None:
        """See UpdatablePart."""
        was = Installed(job.progress.was_version, job.progress.was, confirmed=True)
        try:
            async with self._owner.exclusive() as line:
                device = FormerImage(line, self._framing, was)
                await update(
                    device, b"", board="", may_downgrade=True, tell=_nobody, health_limit_s=self._health_limit_s
                )
        except BridgeError as error:
            raise PartStuck(str(error)) from error


def _nobody(told: Told) -> None:
    pass
