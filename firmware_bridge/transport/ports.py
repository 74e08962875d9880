"""Serial ports: which there are, and which one a person means.

Names of the kernel (`ttyUSB0`) change from one plugging in to the next. Stable ones are udev's links: by what the
device says of itself under `serial/by-id`, else by where it is plugged in under `serial/by-path`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware_bridge.errors import PortMissing

DEV = Path("/dev")
MAX_PORTS = 256
_KINDS = ("ttyUSB*", "ttyACM*", "ttyAMA*")
"""What is looked for where the folder is not the system's own, whose ports pyserial knows best."""
_SHOWN = 5


class PortFacts(NamedTuple):
    """A port. `stable` is its by-id link, else its by-path link, else `path`; texts are empty where not known."""

    path: str
    stable: str
    label: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str = ""
    manufacturer: str = ""
    product: str = ""


def list_ports(dev: Path = DEV, extra: Sequence[str] = ()) -> list[PortFacts]:
    """The ports under `dev` and those named `extra`, as a pty, which no list shows; 256 at most, by path. Blocks a
    little."""
    by_id, by_path = _links(dev / "serial" / "by-id"), _links(dev / "serial" / "by-path")
    found = {each.path: each for each in (_system_ports() if dev == DEV else _plain(dev))}
    for path in (*by_id, *by_path, *extra):
        found.setdefault(path, PortFacts(path=path, stable=path, label=""))
    return [_named(each, by_id, by_path) for _, each in sorted(found.items())][:MAX_PORTS]


def resolve(name: str, dev: Path = DEV) -> str:
    """The path of the port that a person calls `name`: a path, a by-id name, the kernel's name, a serial number, or a
    part of a label or by-id name that only one port has. The stable one where there is one, so that it can be opened
    again after it was unplugged. Raises PortMissing."""
    if "/" in name:
        if not Path(name).exists():
            raise PortMissing(name, "there is no such port; `firmware-bridge scan` lists those there are")
        return name
    ports = list_ports(dev)
    exact = [each for each in ports if name and name in _names(each)]
    found = exact or [each for each in ports if name and name.lower() in f"{each.label}\n{each.stable}".lower()]
    if len(found) == 1:
        return found[0].stable
    if not found:
        raise PortMissing(name, "no port is called so; `firmware-bridge scan` lists those there are")
    which = ", ".join(each.stable for each in found[:_SHOWN])
    raise PortMissing(name, f"{len(found)} ports could be meant: {which}; name one of them")


def _names(port: PortFacts) -> set[str]:
    return {Path(port.path).name, Path(port.stable).name, port.serial_number} - {""}


def _links(folder: Path) -> dict[str, str]:
    """The link for each device; the first by name where there are several."""
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return {}
    found: dict[str, str] = {}
    for link in links[:MAX_PORTS]:
        if link.exists():
            found.setdefault(str(link.resolve()), str(link))
    return found


def _plain(dev: Path) -> Iterable[PortFacts]:
    for kind in _KINDS:
        for path in dev.glob(kind):
            yield PortFacts(path=str(path.resolve()), stable=str(path), label="")


def _system_ports() -> Iterable[PortFacts]:
    from serial.tools.list_ports import comports  # noqa: PLC0415 - who lists no ports need not load it

    for port in comports():
        said = "" if port.description in {None, "n/a"} else port.description
        yield PortFacts(
            path=port.device,
            stable=port.device,
            label=said,
            vid=port.vid,
            pid=port.pid,
            serial_number=port.serial_number or "",
            manufacturer=port.manufacturer or "",
            product=port.product or "",
        )


def _named(port: PortFacts, by_id: dict[str, str], by_path: dict[str, str]) -> PortFacts:
    stable = by_id.get(port.path) or by_path.get(port.path) or port.path
    return port._replace(stable=stable, label=port.label or Path(stable).name)
