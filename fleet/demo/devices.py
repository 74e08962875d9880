"""The demo's cameras and receivers: programs of their own, each behind a socket, as a camera is behind its cable.

They belong to the unit's package, so they are started by name and not imported.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from fleet.demo.parts import Parts

UNITS_WITH_DEVICES = 3
"""Each takes some 60 MB: enough of them to see several pictures at once."""

_UP_LIMIT_S = 30.0


class Devices(NamedTuple):
    """The sockets of one unit's camera with microphone, and of its receiver."""

    camera: Path
    receiver: Path

    def settings(self) -> dict[str, object]:
        """What the unit's settings file says of them. Only a demo lets people sign with keys that lie on a disk, and
        offers media on loopback."""
        return {
            "video_source": f"unix:{self.camera}",
            "audio_source": f"unix:{self.camera}",
            "gnss_source": f"unix:{self.receiver}",
            "plain_keys_may_sign": True,
            "media_loopback": True,
        }


def devices_of(name: str, sockets: Path) -> Devices:
    """The devices of the unit `name`, with their sockets in the folder `sockets`."""
    return Devices(sockets / f"{name}.camera", sockets / f"{name}.gnss")


async def start_devices(names: list[str], sockets: Path, parts: Parts) -> None:
    """Start a camera and a receiver for each unit; raises PartFailed when one does not come up."""
    for name in names:
        devices = devices_of(name, sockets)
        camera = [sys.executable, "-m", "edge_agent.media.synthetic", "--socket", str(devices.camera)]
        await parts.start(f"camera-{name}", *camera, "--size", "640x360", "--fps", "15")
        receiver = [sys.executable, "-m", "edge_agent.position.synthetic", "--socket", str(devices.receiver)]
        await parts.start(f"receiver-{name}", *receiver)
    sockets_of = [path for name in names for path in devices_of(name, sockets)]
    await parts.until("the cameras", lambda: all(path.exists() for path in sockets_of), _UP_LIMIT_S)
