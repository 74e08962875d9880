"""What a device on a serial port of this machine is asked at a bench. Nothing on it is changed by that.

Errors of the line and of the device come back in words: what happened, and what to do.
"""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from firmware_bridge.errors import BridgeError
from firmware_bridge.images.installed import Installed
from firmware_bridge.mcu.figures import McuStats
from firmware_bridge.scanning import LISTENED_BAUDS, Answer, ScannedPort, scan_ports
from firmware_bridge.smp.framing import Framing
from firmware_bridge.transport.ports import PortFacts
from firmware_bridge.transport.serial_line import open_line

if TYPE_CHECKING:
    from firmware_bridge.smp.device import SlotState

SCAN_LIMIT_S = 30.0
FRAMINGS: dict[str, Framing] = {"SMP console": "console", "SMP raw": "raw"}


class BenchLook(NamedTuple):
    """What answered on a port. `slots` and `stats` are of a microcontroller; `trouble` says why not all is known;
    `in_use`: another program holds the port."""

    answers: Sequence[Answer]
    slots: "Sequence[SlotState]" = ()
    stats: McuStats | None = None
    trouble: str = ""
    in_use: bool = False

    @property
    def smp(self) -> Answer | None:
        """The answer of a microcontroller, None where none answered."""
        return next((one for one in self.answers if one.what in FRAMINGS), None)

    @property
    def running(self) -> Installed | None:
        """What the microcontroller runs; None where none has told."""
        active = next((slot for slot in self.slots if slot.image == 0 and slot.active), None)
        return None if active is None else Installed(active.version, active.digest_hex, confirmed=active.confirmed)


def port_fault(path: str) -> str:
    """Why `path` can not be a port of this machine, and what to do; empty where it can."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return "no such port here: give the whole path of one, as /dev/pts/4"
    return "" if stat.S_ISCHR(mode) else "that is no port: give the path of a device, as /dev/pts/4"


async def look_at(port: PortFacts) -> BenchLook:
    """Listen to a port, ask what is on it, and ask a microcontroller for its images and figures; takes at most about
    40 s. Never raises BridgeError."""
    from firmware_bridge.mcu.asking import stats_of, tried  # noqa: PLC0415 - heavy, and not for those without a bench
    from firmware_bridge.smp.device import SmpDevice  # noqa: PLC0415 - as above

    (found,) = await scan_ports([port], LISTENED_BAUDS, ask=True, limit_s=SCAN_LIMIT_S)
    look = BenchLook(found.answers, trouble=_trouble(found), in_use=found.in_use)
    answer = look.smp
    if answer is None:
        return look
    try:
        async with (
            await open_line(port.stable, baud=answer.baud) as line,
            SmpDevice.on(line, FRAMINGS[answer.what]) as device,
        ):
            look = look._replace(slots=await tried(device.images))
            return look._replace(stats=await tried(lambda: stats_of(device)))
    except BridgeError as error:
        return look._replace(trouble=str(error))


def _trouble(found: ScannedPort) -> str:
    if found.trouble or found.answers:
        return found.trouble
    speeds = ", ".join(map(str, LISTENED_BAUDS))
    return f"nothing answered at {speeds} bit/s; see to the cable and the power"
