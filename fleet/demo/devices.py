"""The demo's devices: cameras, each behind a socket as a camera is behind its cable, and what hangs on a unit's serial
ports: a microcontroller, a receiver and a modem.

They are programs of other packages, so they are started by name and not imported.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from fleet.demo.parts import Parts, program
from fleet.demo.place import Place

UNITS_WITH_DEVICES = 3
"""Each takes some 120 MB: enough of them to see several pictures at once."""

_UP_LIMIT_S = 30.0
_WATCHDOG_S = 60


class Devices(NamedTuple):
    """One unit's camera with microphone, and the folder with its serial ports `mcu`, `gnss` and `modem`."""

    camera: Path
    ports: Path

    def settings(self) -> dict[str, object]:
        """What the unit's settings file says of them. Only a demo lets people sign with keys that lie on a disk, and
        offers media on loopback."""
        return {
            "video_source": f"unix:{self.camera}",
            "audio_source": f"unix:{self.camera}",
            "gnss_source": f"serial:{self.ports / 'gnss'}",
            "gnss_health": True,
            "mcu": str(self.ports / "mcu"),
            "mcu_watchdog_s": _WATCHDOG_S,
            "mcu_sensor_power": True,
            "modem": str(self.ports / "modem"),
            "plain_keys_may_sign": True,
            "media_loopback": True,
        }

    @property
    def signs(self) -> list[Path]:
        """What is there once all of them are up."""
        return [self.camera, *(self.ports / name for name in ("mcu", "gnss", "modem"))]


def devices_of(name: str, sockets: Path) -> Devices:
    """The devices of the unit `name`, with their sockets and ports in the folder `sockets`."""
    return Devices(sockets / f"{name}.camera", sockets / name)


async def start_devices(names: list[str], place: Place, sockets: Path, parts: Parts) -> None:
    """Start the devices of each unit in `place`, where its microcontroller's flash is kept; raises PartFailed when one
    does not come up."""
    for number, name in enumerate(names, start=1):
        devices = devices_of(name, sockets)
        devices.ports.mkdir()
        camera = [sys.executable, "-m", "edge_agent.media.synthetic", "--socket", str(devices.camera)]
        await parts.start(f"camera-{name}", *camera, "--size", "640x360", "--fps", "15")
        serial = [program("firmware-bridge"), "simulate", "unit", str(devices.ports), "--seed", str(number)]
        await parts.start(f"serial-{name}", *serial, "--state", str(place.unit(name) / "mcu"))
    signs = [path for name in names for path in devices_of(name, sockets).signs]
    await parts.until("cameras and serial devices", lambda: all(path.exists() for path in signs), _UP_LIMIT_S)
