"""Whether anything that can be updated is at the other end of a line, found out before an update waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmware_bridge.errors import DeviceError, DeviceSilent, LineOverrun, PortError
from firmware_bridge.scanning import Kind, listened
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.device import UpdatableDevice

LOOK_S = 12.0
"""Longer than an SMP request with all its tries."""

_REQUEST = "what it runs"
_ON_IT: dict[Kind, str] = {
    "NMEA": "a receiver talks on this port (NMEA)",
    "UBX": "a receiver talks on this port (UBX)",
    "AT": "a modem talks on this port (AT)",
}
_OTHER_PORT = "name the device's own port: firmware-bridge scan lists them"
_SILENT = (
    "see to the cable, the power, --baud and --framing; firmware-bridge scan --port {port} asks what is on it; "
    "a device that is just restarting may take two minutes: begin again then"
)


async def look_first(device: UpdatableDevice, line: Line, *, limit_s: float = LOOK_S) -> None:
    """Return as soon as `device` on `line` has said anything, a refusal or an unreadable answer too, and where the
    line is lost: who updates waits for that.

    Raises DeviceSilent when nothing was heard of it for `limit_s` seconds, with what else is heard on the line.
    """
    try:
        async with asyncio.timeout(limit_s):
            await _heard_of(device)
            return
    except PortError:
        return
    except (DeviceSilent, TimeoutError):
        remedy = await _other_port(line)
    raise DeviceSilent(line.name, _REQUEST, limit_s, remedy or _SILENT.format(port=line.name))


@asynccontextmanager
async def naming_what_talks(line: Line) -> AsyncIterator[None]:
    """Have a DeviceSilent of a question inside say what else talks on `line`, where something does."""
    try:
        yield
    except DeviceSilent as silent:
        remedy = await _other_port(line)
        if not remedy:
            raise
        raise DeviceSilent(silent.port, silent.request, silent.limit_s, remedy) from silent


async def _other_port(line: Line) -> str:
    """What talks on `line` and is no device that speaks SMP, with what to do; empty where nothing does."""
    others = [_ON_IT[kind] for kind in await listened(line) if kind in _ON_IT]
    return f"{others[0]}; {_OTHER_PORT}" if others else ""


async def _heard_of(device: UpdatableDevice) -> None:
    while True:
        try:
            await device.installed()
        except LineOverrun:
            continue
        except DeviceSilent:
            raise
        except DeviceError:
            return
        return
