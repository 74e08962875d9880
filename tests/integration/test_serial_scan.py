"""What answers on a port, and that nothing is written to one that nobody asked."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from firmware_bridge import scanning
from firmware_bridge.cli.app import run
from firmware_bridge.scanning import ScannedPort, scan_ports
from firmware_bridge.smp.framing import REQUESTS, Framing, decoder, encoder
from firmware_bridge.transport.ports import PortFacts
from firmware_bridge.transport.serial_line import open_line
from tests.support.ptys import LIMIT_S, Device, a_device, answering, lines_of_threads, until

GGA = b"$GNGGA,120000.00,4852.60123,S,12323.60456,W,1,09,0.92,11.2,M,7.3,M,,*47\r\n"
UBX = b"\xb5\x62\x01\x22\x00\x00\x23\x6a"


@pytest.fixture
def device() -> Iterator[Device]:
    with a_device() as one:
        yield one


@pytest.fixture(autouse=True)
def _listens_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers of these tests speak ten times a second."""
    monkeypatch.setattr(scanning, "LISTEN_S", 0.6)


def speaking_smp(framing: Framing) -> Callable[[bytes], bytes]:
    """What echoes as a device does: the same text under `r` in place of `d`, in an answer."""
    heard, encoded = decoder(framing, ops=REQUESTS), encoder(framing)

    def answer(content: bytes) -> bytes:
        return b"".join(encoded(_echo(message)) for message in heard.feed(content))

    return answer


def _echo(message: bytes) -> bytes:
    return bytes([message[0] | 1]) + message[1:8] + message[8:].replace(b"\x61d", b"\x61r", 1)


def a_modem() -> Callable[[bytes], bytes]:
    waiting = bytearray()

    def answer(content: bytes) -> bytes:
        waiting.extend(content)
        said = b""
        while b"\r" in waiting:
            command, _, rest = bytes(waiting).partition(b"\r")
            waiting[:] = rest
            said += b"\r\nOK\r\n" if command.upper() in {b"AT", b"ATE0"} else b"\r\nERROR\r\n"
        return said

    return answer


@contextmanager
def talking(device: Device, content: bytes) -> Iterator[list[bytes]]:
    """A receiver that says `content` ten times a second; yields what it was sent."""
    over, sent = threading.Event(), list[bytes]()
    keeper = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(device.end, False)

    def live() -> None:
        while not over.wait(0.1):
            with suppress(BlockingIOError):
                os.write(device.end, content)
            with suppress(BlockingIOError):
                sent.append(os.read(device.end, 4096))

    life = threading.Thread(target=live)
    life.start()
    try:
        yield sent
    finally:
        over.set()
        life.join(LIMIT_S)
        os.close(keeper)


async def scanned(device: Device, *, ask: bool, bauds: tuple[int, ...] = (115200,)) -> ScannedPort:
    facts = PortFacts(path=device.path, stable=device.path, label="a pty")
    (found,) = await scan_ports([facts], bauds, ask=ask, limit_s=30)
    return found


@pytest.mark.parametrize("framing", ["console", "raw"])
async def test_a_device_that_speaks_smp_is_found(device: Device, framing: Framing) -> None:
    with answering(device, speaking_smp(framing)):
        found = await scanned(device, ask=True)
    assert [(each.what, each.baud) for each in found.answers] == [(f"SMP {framing}", 115200)]
    assert (found.asked, found.in_use, found.trouble) == (True, False, "")


async def test_a_modem_is_found(device: Device) -> None:
    with answering(device, a_modem()):
        found = await scanned(device, ask=True)
    assert [each.what for each in found.answers] == ["AT"]


async def test_what_sends_everything_back_is_no_device(device: Device) -> None:
    with answering(device, lambda content: content):
        found = await scanned(device, ask=True)
    assert found.answers == []


@pytest.mark.parametrize(("content", "kinds"), [(GGA, ["NMEA"]), (UBX, ["UBX"]), (GGA + UBX, ["NMEA", "UBX"])])
async def test_a_receiver_is_heard_and_never_asked(device: Device, content: bytes, kinds: list[str]) -> None:
    with talking(device, content) as sent:
        found = await scanned(device, ask=True)
    assert [each.what for each in found.answers] == kinds
    assert sent == []


async def test_a_silent_port_is_not_written_to_unless_it_is_asked(device: Device) -> None:
    with answering(device, speaking_smp("console")) as sent:
        found = await scanned(device, ask=False)
        assert (found.answers, found.asked) == ([], False)
        assert sent == []


async def test_every_speed_is_tried_until_one_answers(device: Device) -> None:
    found = await scanned(device, ask=False, bauds=(9600, 38400))
    assert found.answers == []
    with talking(device, GGA):
        found = await scanned(device, ask=False, bauds=(9600, 38400))
    assert [each.baud for each in found.answers] == [9600]


async def test_a_port_in_use_is_said_so_and_left_alone(device: Device) -> None:
    async with await open_line(device.path):
        found = await scanned(device, ask=True)
    assert found.in_use
    assert "another program holds it" in found.trouble


async def test_a_port_that_takes_too_long_is_given_up(device: Device) -> None:
    facts = PortFacts(path=device.path, stable=device.path, label="")
    (found,) = await scan_ports([facts], (115200,), ask=True, limit_s=0.2)
    assert found.trouble == "not all was tried within 0.2 s"


async def test_a_port_that_is_unplugged_meanwhile_is_said_so(device: Device) -> None:
    scanning = asyncio.create_task(scanned(device, ask=True))
    await until(lines_of_threads)
    device.unplug()
    assert "plug it in again" in (await scanning).trouble


def test_the_command_prints_a_table_or_json(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(device, speaking_smp("console")):
        run(["scan", "--port", device.path, "--json"])
        (row,) = json.loads(capsys.readouterr().out)
        assert row["answers"] == [{"what": "SMP console", "baud": 115200}]
        run(["scan", "--port", device.path])
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["port", "label", "speed", "answers"]
    assert line.split() == [device.path, "—", "115200", "SMP", "console"]


def test_a_port_that_is_not_there_ends_the_command_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["scan", "--port", str(tmp_path / "none")])
    assert ended.value.code == 4
    said = capsys.readouterr().err
    assert said.startswith("firmware-bridge: ")
    assert said.count("\n") == 1
