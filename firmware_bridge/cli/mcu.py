"""`firmware-bridge mcu`: what a unit's microcontroller measures."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.figures import Figure, Watch, show
from firmware_bridge.cli.options import Baud, Json, Port
from firmware_bridge.mcu.asking import stats_of, tried, version_of
from firmware_bridge.mcu.figures import McuStats
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.framing import Framing
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.first_look import naming_what_talks


def mcu(
    port: Port,
    *,
    baud: Baud = 115200,
    framing: Annotated[Framing, Parameter(help="How the device frames SMP.")] = "console",
    watch: Watch = None,
    json: Json = False,
) -> None:
    """Show supply, battery, ignition, inputs, resets and firmware of a unit's microcontroller; nothing is switched."""
    asyncio.run(_show(resolve(port), baud, framing, watch, json=json))


async def _show(path: str, baud: int, framing: Framing, every_s: int | None, *, json: bool) -> None:
    async with await open_line(path, baud=baud) as line, SmpDevice.on(line, framing) as device:
        async with naming_what_talks(line):
            version = await tried(lambda: version_of(device))

        async def seen() -> tuple[Mapping[str, Figure], Mapping[str, object]]:
            stats = await tried(lambda: stats_of(device))
            return stats.health(version, with_supply=True), _facts(stats)

        await show(seen, json=json, every_s=every_s)


def _facts(stats: McuStats) -> dict[str, object]:
    """What is no health figure: inputs, and for how long camera and microphone have power, ms."""
    facts = {
        "tamper": stats.tamper,
        "tamper_count": stats.tamper_count,
        "door": stats.door,
        "gpio": stats.gpio,
        "sensor_power_left_ms": stats.power_left_ms,
    }
    return {name: value for name, value in facts.items() if value is not None}
