"""Which ports there are and which one a person means, on a folder that stands for /dev."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.errors import PortMissing
from firmware_bridge.transport import ports
from firmware_bridge.transport.ports import PortFacts, list_ports, resolve
from firmware_bridge.transport.watching import PortChange, PortWatch
from tests.support.ptys import LIMIT_S, link, until


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


async def _next(watch: PortWatch) -> PortChange:
    return await asyncio.wait_for(anext(watch), LIMIT_S)


async def test_what_is_plugged_in_and_unplugged_is_told(dev: Path) -> None:
    before = list_ports(dev)
    watch = PortWatch(dev, every_s=0.01)
    watching = asyncio.create_task(_next(watch))
    await until(lambda: watch._known is not None)
    (dev / "ttyUSB7").touch()
    change = await watching
    assert (change.what, Path(change.port.path).name) == ("plugged", "ttyUSB7")
    (dev / "serial/by-id/usb-Maker_Receiver_A1-if00").unlink()
    (dev / "ttyACM0").unlink()
    change = await _next(watch)
    gone = next(each for each in before if each.path.endswith("ttyACM0"))
    assert change == PortChange("unplugged", gone)


async def test_a_device_that_comes_back_under_another_number_is_told_as_gone_and_come(dev: Path) -> None:
    watch = PortWatch(dev, every_s=0.01)
    watching = asyncio.create_task(_next(watch))
    await until(lambda: watch._known is not None)
    (dev / "ttyACM9").touch()
    link(dev / "serial/by-id", "usb-Maker_Receiver_A1-if00", "../../ttyACM9")
    came, gone = False, False
    change = await watching
    while not (came and gone):
        came |= change.what == "plugged" and change.port.path.endswith("9") and "A1" in change.port.stable
        gone |= change.what == "unplugged" and change.port.path.endswith("0") and "A1" in change.port.stable
        change = change if came and gone else await _next(watch)
