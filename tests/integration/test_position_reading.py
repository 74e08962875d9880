"""A fix read from a real terminal device, a FIFO and a socket; and every way in which there is none."""

import asyncio
import errno
import fcntl
import os
import socket
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.errors import PositionUnavailable
from edge_agent.position.messages import Fix
from edge_agent.position.reading import read_fix
from edge_agent.position.synthetic import burst
from tests.support.synthetic_receiver import running_receiver
from tests.support.waiting import until

SOON_S = 0.3
LONG_S = 60.0


def open_descriptors() -> set[str]:
    """Numbers and targets, but for the directory that is listed for it."""
    found = {f"{entry.name} {os.path.realpath(entry)}" for entry in Path("/proc/self/fd").iterdir()}
    return {each for each in found if not each.endswith("/fd")}


@contextmanager
def serial_line() -> Iterator[tuple[int, str]]:
    """A pseudo terminal, set as the system sets a receiver's: the receiver's end, and the device's path."""
    far, near = os.openpty()
    try:
        tty.setraw(near)
        os.set_blocking(far, False)
        yield far, os.ttyname(near)
    finally:
        os.close(near)
        os.close(far)


@asynccontextmanager
async def talking(fd: int, piece: bytes) -> AsyncIterator[None]:
    """Write `piece` again and again, as a receiver does, whether anybody reads or not."""

    async def talk() -> None:
        while True:
            try:
                os.write(fd, piece)
            except OSError as error:
                assert error.errno in {errno.EAGAIN, errno.EPIPE}  # noqa: PT017 - any other is the test's fault
            await asyncio.sleep(0.02)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def looked(source: str, limit_s: float = LONG_S) -> Fix:
    return await read_fix(source, limit_s, SystemClock())


async def reason(source: str, limit_s: float = LONG_S) -> str:
    with pytest.raises(PositionUnavailable) as caught:
        await looked(source, limit_s)
    return caught.value.reason


async def test_a_fix_comes_over_a_serial_line_with_noise_on_it() -> None:
    noise = b"\xb5\x62\x01\x07\x00$GNGGA,12" + b"\xff" * 300
    with serial_line() as (far, device):
        async with talking(far, noise + burst(0, has_fix=False) + noise + burst(1, has_fix=True)):
            fix = await looked(f"serial:{device}")
    assert (fix.quality, fix.satellites, fix.hdop) == (8, 11, 0.9)
    assert 0 <= fix.age_s < 10


async def test_what_a_serial_line_held_before_is_no_part_of_the_look() -> None:
    with serial_line() as (far, device):
        held = os.open(device, os.O_RDONLY | os.O_NOCTTY)
        os.write(far, burst(1, has_fix=True))

        async def arrived() -> bool:
            waiting = fcntl.ioctl(held, termios.FIONREAD, bytes(4))
            return int.from_bytes(waiting, sys.byteorder) == len(burst(1, has_fix=True))

        await until(arrived)
        os.close(held)
        assert await reason(f"serial:{device}", SOON_S) == "timeout"


async def test_a_fix_comes_through_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nmea")
    keeping = os.open(tmp_path / "nmea", os.O_RDWR | os.O_NONBLOCK)
    async with talking(keeping, burst(1, has_fix=True)):
        fix = await looked(f"fifo:{tmp_path}/nmea")
    os.close(keeping)
    assert fix.quality == 8


async def test_a_fix_comes_from_the_synthetic_receiver_which_says_who_looked_and_for_how_long(tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--every-s", "0.02", "--searching-turns", "3") as receiver:
        for turn in (1, 2):
            fix = await looked(receiver.source)
            await receiver.says("disconnect", turn)
            assert (fix.quality, receiver.count("connect")) == (8, turn)
        connect, disconnect = receiver.events()[1:3]
        assert connect["client"] == disconnect["client"] == 1
        assert connect["boot_ns"] < disconnect["boot_ns"]


async def test_a_receiver_that_finds_nothing_is_given_up_and_closed_in_time(tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--every-s", "0.02", "--searching-turns", "10000") as receiver:
        assert await reason(receiver.source, SOON_S) == "timeout"
        await receiver.says("disconnect")


async def test_a_receiver_that_is_not_there_is_missing(tmp_path: Path) -> None:
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(str(tmp_path / "nobody"))
    left_over.close()
    for source in (f"serial:{tmp_path}/a", f"fifo:{tmp_path}/a", f"unix:{tmp_path}/a", f"unix:{tmp_path}/nobody"):
        assert await reason(source) == "missing"


async def test_what_is_no_receiver_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(burst(1, has_fix=True))
    os.mkfifo(tmp_path / "nmea")
    for source in (f"serial:{tmp_path}/file", f"fifo:{tmp_path}/file", f"serial:{tmp_path}/nmea", "serial:/dev/null"):
        assert await reason(source) == "unreadable"
    assert await reason(f"serial:{tmp_path}") == "unreadable"


async def test_a_device_that_another_holds_for_itself_is_busy() -> None:
    with serial_line() as (_, device):
        holding = os.open(device, os.O_RDONLY | os.O_NOCTTY)
        fcntl.ioctl(holding, termios.TIOCEXCL)
        try:
            # Linux lets the administrator in all the same, who then hears nothing here.
            expected = "timeout" if os.geteuid() == 0 else "busy"
            assert await reason(f"serial:{device}", SOON_S) == expected
        finally:
            fcntl.ioctl(holding, termios.TIOCNXCL)
            os.close(holding)


async def test_a_receiver_that_ends_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        looking = asyncio.create_task(reason(f"unix:{tmp_path}/socket"))
        listener.settimeout(0)
        client, _ = await asyncio.get_running_loop().sock_accept(listener)
        client.send(b"$GNGGA,")
        client.close()
        assert await looking == "died"


async def test_nothing_stays_open_whatever_the_end(tmp_path: Path) -> None:
    before = open_descriptors()
    with serial_line() as (far, device):
        async with talking(far, burst(1, has_fix=True)):
            await looked(f"serial:{device}")
    with serial_line() as (_, device):
        await reason(f"serial:{device}", 0.05)
        cancelled = asyncio.create_task(looked(f"serial:{device}"))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait({cancelled})
    await reason(f"serial:{tmp_path}")
    assert open_descriptors() == before


async def test_no_error_shows_what_the_receiver_said(tmp_path: Path) -> None:
    with serial_line() as (far, device):
        async with talking(far, burst(1, has_fix=True).replace(b"*", b"0*")):
            with pytest.raises(PositionUnavailable) as caught:
                await looked(f"serial:{device}", SOON_S)
    assert "4852" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert "check the receiver" in str(caught.value)
