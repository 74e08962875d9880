"""A device on a serial line as a part: what microcontroller and modem have in common."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from edge_agent.updating.parts import Job, Note, PartFailed, PartSilent, PartUnsure
from edge_agent.updating.plan import Running
from firmware_bridge.errors import BridgeError, DeviceLeftUnsure
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.carrying_out import Told, update
from firmware_bridge.updating.device import UpdatableDevice
from protocols.releases.version import same_version

HEALTH_LIMIT_S = 60.0


class LineOwner(Protocol):
    """Who has a device's line, and lends it."""

    def exclusive(self) -> AbstractAsyncContextManager[Line]:
        """The line, for nobody else while the block runs; raises PortError. It opens itself again when the device
        takes its port away by restarting."""
        ...


async def running_on(owner: LineOwner, make: Callable[[Line], UpdatableDevice]) -> Running:
    """What the device says it runs; raises PartSilent."""
    try:
        async with owner.exclusive() as line:
            installed = await make(line).installed()
    except BridgeError as error:
        raise PartSilent(str(error)) from error
    return Running(installed.version, installed.digest)


async def bring_to(
    owner: LineOwner,
    make: Callable[[Line], UpdatableDevice],
    job: Job,
    image: bytes,
    note: Note,
    *,
    health_limit_s: float,
) -> None:
    """Have the device run `image`, confirmed; raises PartFailed, PartUnsure."""

    def tell(told: Told) -> None:
        if told.progress is not None:
            note("installing", told.progress.done_bytes, told.progress.total_bytes)
        elif told.stage in {"checking", "confirming"}:
            note("trial", 0, 0)

    progress = job.progress
    try:
        async with owner.exclusive() as line:
            device = make(line)
            would_be = await device.judge(image, progress.board)
            if not same_version(would_be.version, progress.version):
                raise PartFailed(f"the image is {would_be.version}, not {progress.version} as the manifest says")
            await update(
                device,
                image,
                board=progress.board,
                may_downgrade=progress.permitted,
                tell=tell,
                health_limit_s=health_limit_s,
            )
    except DeviceLeftUnsure as error:
        raise PartUnsure(str(error)) from error
    except BridgeError as error:
        raise PartFailed(str(error)) from error
