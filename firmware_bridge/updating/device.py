"""The plug-in point: what a device has to do so that firmware can be put on it. See docs/serial.md.

A plug-in is an entry point of the group `muster.firmware_bridge.updaters`; its name is a manifest's `updater`, its
value a MakeDevice. `mcuboot` is built in.
"""

from collections.abc import Callable
from typing import Protocol

from firmware_bridge.images.installed import Installed
from firmware_bridge.progress import Progress
from firmware_bridge.transport.line import Line

__all__ = ["Installed", "MakeDevice", "Progress", "UpdatableDevice"]


class UpdatableDevice(Protocol):
    """A device that boots new firmware on trial, and the old one again unless the new one is confirmed.

    Every method raises PortLost, DeviceSilent, DeviceRefused or ReplyUnreadable; all of them may be called again then,
    in whatever state the device is.
    """

    async def installed(self) -> Installed:
        """What runs now."""
        ...

    async def judge(self, image: bytes, board: str) -> Installed:
        """What `image` would be once it runs; raises ImageRefused for one that is damaged, unsigned, or made for
        another board. Nothing is sent."""
        ...

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:
        """Put `image` beside what runs, going on where an earlier try was broken off. It is not booted by this."""
        ...

    async def try_once(self, image: bytes) -> None:
        """Boot the image that was sent, once, and return when the device answers again."""
        ...

    async def healthy(self) -> str | None:
        """Why the device is not well, None when it is."""
        ...

    async def confirm(self) -> None:
        """Confirm what runs: it is booted again from now on."""
        ...

    async def revert(self) -> None:
        """Boot what ran before; does nothing when that is what runs."""
        ...


MakeDevice = Callable[[Line], UpdatableDevice]
