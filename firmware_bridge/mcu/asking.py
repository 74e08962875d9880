"""Asks a unit's microcontroller, over SMP, what it measures and what it runs."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from firmware_bridge.errors import DeviceRefused, DeviceSilent, ReplyUnreadable
from firmware_bridge.mcu.figures import STATISTICS, McuStats, shown_version, stats_in
from firmware_bridge.smp.device import SmpDevice

TRIES = 3
T = TypeVar("T")


async def tried(ask: Callable[[], Awaitable[T]], tries: int = TRIES) -> T:
    """What `ask` gives, asked anew after a lost or damaged message, `tries` times at the most. Raises what it raises
    the last time."""
    for _ in range(tries - 1):
        try:
            return await ask()
        except (DeviceSilent, ReplyUnreadable):
            continue
    return await ask()


async def stats_of(device: SmpDevice) -> McuStats:
    """What it measures now. Raises DeviceSilent, DeviceRefused, ReplyUnreadable, PortLost."""
    return stats_in(await device.stats(STATISTICS))


async def version_of(device: SmpDevice) -> str | None:
    """The version of the image that runs; None where it does not tell. Raises DeviceSilent, ReplyUnreadable,
    PortLost."""
    try:
        slots = await device.images()
    except DeviceRefused:
        return None
    return next((shown_version(slot.version) for slot in slots if slot.active and slot.image == 0), None)
