"""Which ports there are and which one a person means, on a folder that stands for /dev."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from firmware_bridge.errors import PortMissing
from firmware_bridge.transport import ports
from firmware_bridge.transport.ports import PortFacts, list_ports, resolve
from firmware_bridge.transport.watching import PortsSeen, PortWatch
from tests.support.ptys import LIMIT_S, link


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    for name in ("ttyUSB0", "ttyUSB1", "ttyACM0", "null"):
        (tmp_path / name).touch()
    link(tmp_path / "serial/by-id", "usb-Maker_Receiver_A1-if00", "../../ttyACM0")
    link(tmp_path / "serial/by-id", "usb-Maker_Bridge_B2-if00-port0", "../../ttyUSB1")
    link(tmp_path / "serial/by-path", "pci-0000:00-usb-0:1", "../../ttyUSB1")
    link(tmp_path / "serial/by-path", "pci-0000:00-usb-0:2", "../../ttyUSB0")
    link(tmp_path / "serial/by-path", "pci-0000:00-usb-0:3", "../../gone")
    return tmp_path


def test_a_port_is_named_by_what_it_is_else_by_where_it_is_else_by_its_number(dev: Path) -> None:
    (dev / "ttyAMA0").touch()
    names = {Path(each.path).name: str(Path(each.stable).relative_to(dev)) for each in list_ports(dev)}
    assert names == {
        "ttyACM0": "serial/by-id/usb-Maker_Receiver_A1-if00",
        "ttyAMA0": "ttyAMA0",
        "ttyUSB0": "serial/by-path/pci-0000:00-usb-0:2",
        "ttyUSB1": "serial/by-id/usb-Maker_Bridge_B2-if00-port0",
    }


def test_ports_that_no_list_shows_can_be_added(tmp_path: Path) -> None:
    assert list_ports(tmp_path, ["/dev/pts/9"]) == [PortFacts(path="/dev/pts/9", stable="/dev/pts/9", label="9")]


def test_without_udev_and_ports_there_are_none(tmp_path: Path) -> None:
    assert list_ports(tmp_path) == []


def test_the_systems_own_ports_can_be_listed() -> None:
    assert len(list_ports()) <= ports.MAX_PORTS


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ttyACM0", "serial/by-id/usb-Maker_Receiver_A1-if00"),
        ("usb-Maker_Bridge_B2-if00-port0", "serial/by-id/usb-Maker_Bridge_B2-if00-port0"),
        ("receiver", "serial/by-id/usb-Maker_Receiver_A1-if00"),
        ("0:2", "serial/by-path/pci-0000:00-usb-0:2"),
    ],
)
def test_a_person_may_name_a_port_as_they_know_it(dev: Path, name: str, found: str) -> None:
    assert resolve(name, dev) == str(dev / found)


def test_a_path_is_taken_as_it_is(dev: Path) -> None:
    assert resolve(str(dev / "null"), dev) == str(dev / "null")


def test_a_serial_number_names_a_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def known(_dev: Path) -> Iterator[PortFacts]:
        yield PortFacts(path="/dev/x", stable="/dev/x", label="Bridge", serial_number="0001")
        yield PortFacts(path="/dev/y", stable="/dev/y", label="Bridge", serial_number="0002")

    monkeypatch.setattr(ports, "_plain", known)
    assert resolve("0002", tmp_path) == "/dev/y"
    with pytest.raises(PortMissing, match="2 ports could be meant: /dev/x, /dev/y"):
        resolve("bridge", tmp_path)


@pytest.mark.parametrize("name", ["", "nothing", "/dev/no/such", "null"])
def test_a_name_of_no_port_says_where_to_look(dev: Path, name: str) -> None:
    with pytest.raises(PortMissing, match="scan"):
        resolve(name, dev)


async def _next(watch: PortWatch) -> PortsSeen:
    return await asyncio.wait_for(anext(watch), LIMIT_S)


def _names(ports: Sequence[PortFacts]) -> list[str]:
    return [Path(each.path).name for each in ports]


async def test_the_first_look_tells_what_is_there_and_each_after_it_what_was_plugged_in_and_unplugged(
    dev: Path,
) -> None:
    watch = PortWatch(dev, every_s=0.01)
    before = list_ports(dev)
    assert await _next(watch) == PortsSeen(before)
    (dev / "ttyUSB7").touch()
    seen = await _next(watch)
    assert _names(seen.plugged) == ["ttyUSB7"]
    assert not seen.unplugged
    assert list(seen.ports) == list_ports(dev)
    (dev / "serial/by-id/usb-Maker_Receiver_A1-if00").unlink()
    (dev / "ttyACM0").unlink()
    gone = next(each for each in before if each.path.endswith("ttyACM0"))
    unplugged: list[PortFacts] = []
    while not unplugged or "ttyACM0" in _names(seen.ports):
        seen = await _next(watch)
        unplugged += seen.unplugged
    assert unplugged[0] == gone


async def test_without_ports_the_first_look_says_so(tmp_path: Path) -> None:
    assert await _next(PortWatch(tmp_path)) == PortsSeen([])


async def test_a_device_that_comes_back_under_another_number_is_told_as_gone_and_come(dev: Path) -> None:
    watch = PortWatch(dev, every_s=0.01)
    await _next(watch)
    (dev / "ttyACM9").touch()
    link(dev / "serial/by-id", "usb-Maker_Receiver_A1-if00", "../../ttyACM9")
    came, gone = False, False
    while not (came and gone):
        seen = await _next(watch)
        came |= any(port.path.endswith("9") and "A1" in port.stable for port in seen.plugged)
        gone |= any(port.path.endswith("0") and "A1" in port.stable for port in seen.unplugged)


async def test_a_port_that_no_list_shows_is_watched_once_it_was_added_and_looked_for_at_once(tmp_path: Path) -> None:
    watch = PortWatch(tmp_path, every_s=10 * LIMIT_S)
    await _next(watch)
    path = tmp_path / "simulated"
    path.touch()
    watch.add(str(path))
    seen = await _next(watch)
    assert _names(seen.ports) == _names(seen.plugged) == ["simulated"]
    path.unlink()
    watch.add(str(path))
    seen = await _next(watch)
    assert (_names(seen.ports), _names(seen.unplugged)) == ([], ["simulated"])
