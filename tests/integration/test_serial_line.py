"""A line over a real pty: what it carries, whom it keeps out, and how it ends."""

import asyncio
import errno
import fcntl
import io
import os
import sys
import termios
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from serial import Serial, SerialException

from firmware_bridge.errors import LineOverrun, PortBusy, PortDenied, PortLost, PortMissing
from firmware_bridge.transport import claiming, serial_line
from firmware_bridge.transport.serial_line import QUEUE_BYTES, open_line
from firmware_bridge.transport.spy import Spy
from tests.support.ptys import LIMIT_S, Device, a_device, lines_of_threads, link, until


@pytest.fixture
def device() -> Iterator[Device]:
    with a_device() as one:
        yield one
    assert lines_of_threads() == []


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _all(read: Callable[[], Awaitable[bytes]], length: int) -> bytes:
    got = b""
    while len(got) < length:
        got += await read()
    return got


async def test_bytes_go_both_ways_whole(device: Device) -> None:
    content = bytes(range(256)) * 64
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        assert line.name == device.path
        back = asyncio.to_thread(device.send_all, content)
        heard, _ = await asyncio.gather(_all(line.read, len(content)), back)
        assert heard == content
        taken, _ = await asyncio.gather(asyncio.to_thread(device.received, len(content)), line.write(content))
        assert taken == content


async def test_more_than_a_queue_is_written_in_order(device: Device) -> None:
    content = os.urandom(QUEUE_BYTES * 2 + 17)
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        taken, _ = await asyncio.gather(asyncio.to_thread(device.received, len(content)), line.write(content))
    assert taken == content


async def test_a_second_opener_is_kept_out(device: Device) -> None:
    async with await open_line(device.path):
        with pytest.raises(PortBusy, match="another program holds it"):
            await open_line(device.path)
        with pytest.raises(SerialException):
            Serial(device.path, exclusive=True)
    async with await open_line(device.path):
        pass


async def test_another_program_that_holds_it_is_respected(device: Device) -> None:
    descriptor = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(PortBusy):
        await open_line(device.path)
    os.close(descriptor)
    async with await open_line(device.path):
        pass


async def test_on_a_real_port_even_root_is_kept_out(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_is_pty", lambda *_: False)
    keeper = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
    async with await open_line(device.path):
        unlocked = os.open(device.path, os.O_RDWR | os.O_NOCTTY) if os.geteuid() == 0 else -1
        with pytest.raises(PortBusy):
            await open_line(device.path)
    async with await open_line(device.path):
        pass
    fcntl.ioctl(keeper, termios.TIOCEXCL)
    with pytest.raises(PortBusy):
        await open_line(device.path)
    fcntl.ioctl(keeper, termios.TIOCNXCL)
    for descriptor in {keeper, unlocked} - {-1}:
        os.close(descriptor)


async def test_a_port_that_was_held_by_a_program_that_was_killed_is_free(device: Device) -> None:
    hold = "import sys,serial; port = serial.Serial(sys.argv[1], exclusive=True); print('held', flush=True); input()"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", hold, device.path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_S):
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        with pytest.raises(PortBusy):
            await open_line(device.path)
        holder.kill()
        await holder.communicate()
    async with await open_line(device.path):
        pass


async def test_a_port_that_is_not_there_or_none_says_what_to_do(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(PortMissing, match="scan"):
            await open_line(str(path))
    plain = tmp_path / "file"
    plain.write_bytes(b"")
    with pytest.raises(PortMissing, match="no serial port"):
        await open_line(str(plain))


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, PortDenied, "dialout"),
        (errno.EPERM, PortDenied, "dialout"),
        (errno.EBUSY, PortBusy, "end that one"),
        (errno.EAGAIN, PortBusy, "end that one"),
        (errno.EIO, PortMissing, "cable"),
        (errno.ENODEV, PortMissing, "No such device"),
    ],
)
async def test_what_the_system_says_is_told_with_what_to_do(
    number: int, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SerialException(number, os.strerror(number))

    monkeypatch.setattr("serial.Serial", refuse)
    with pytest.raises(kind, match=words):
        await open_line("/dev/ttyNONE")


async def test_a_speed_that_no_port_has_is_said_so(device: Device) -> None:
    with pytest.raises(PortMissing, match="choose a speed"):
        await open_line(device.path, baud=-1)


async def test_an_unplugged_port_ends_the_read_after_what_came_before(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        device.send(b"last words")
        reading = asyncio.create_task(_all(line.read, 10))
        assert await reading == b"last words"
        waiting = asyncio.create_task(line.read())
        device.unplug()
        with pytest.raises(PortLost, match="plug it in again"):
            await waiting
        with pytest.raises(PortLost):
            await line.read()
        with pytest.raises(PortLost):
            await line.write(b"x")
        await until(lambda: not lines_of_threads())


async def test_an_unplugged_port_ends_a_write_that_waits(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        writing = asyncio.create_task(line.write(bytes(QUEUE_BYTES)))
        await asyncio.to_thread(device.received, 1)
        device.unplug()
        with pytest.raises(PortLost):
            await writing


async def test_a_port_that_takes_nothing_counts_as_lost(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path, stuck_limit_s=0.2) as line:
        with pytest.raises(PortLost, match=r"took nothing for 0\.2 s"):
            await line.write(bytes(QUEUE_BYTES))


async def test_closing_ends_the_threads_of_a_stuck_line(device: Device) -> None:
    line = await open_line(device.path, stuck_limit_s=600)
    writing = asyncio.create_task(line.write(bytes(QUEUE_BYTES)))
    await asyncio.to_thread(device.received, 1)
    async with asyncio.timeout(LIMIT_S):
        await line.close()
        with pytest.raises(PortLost, match="closed"):
            await writing
        await until(lambda: not lines_of_threads())
    await line.close()


async def test_closing_ends_a_read_that_waits(device: Device) -> None:
    line = await open_line(device.path)
    reading = asyncio.create_task(line.read())
    await asyncio.sleep(0)
    await line.close()
    with pytest.raises(PortLost, match="closed"):
        await reading


async def test_after_a_write_was_cancelled_the_next_one_goes_through(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        writing = asyncio.create_task(line.write(b"a" * QUEUE_BYTES))
        await asyncio.to_thread(device.received, 1)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

        def until_b() -> bytes:
            got = b""
            while not got.endswith(b"b"):
                got += device.received(1)
            return got

        got, _ = await asyncio.gather(asyncio.to_thread(until_b), line.write(b"b"))
        assert len(got) < QUEUE_BYTES


async def test_two_writers_at_once_are_a_fault(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        writing = asyncio.create_task(line.write(bytes(QUEUE_BYTES)))
        await asyncio.to_thread(device.received, 1)
        with pytest.raises(RuntimeError, match="one task"):
            await line.write(b"x")
        writing.cancel()


async def test_what_nobody_takes_is_dropped_and_told_once(device: Device) -> None:
    sent = QUEUE_BYTES + 10_000
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        await asyncio.to_thread(device.send_all, bytes(sent))
        await until(lambda: line._incoming._dropped_bytes == 10_000)
        assert len(await _all(line.read, QUEUE_BYTES)) == QUEUE_BYTES
        with pytest.raises(LineOverrun) as told:
            await line.read()
        assert told.value.dropped_bytes == 10_000
        device.send(b"after")
        assert await _all(line.read, 5) == b"after"


async def test_what_was_discarded_does_not_come(device: Device) -> None:
    async with asyncio.timeout(LIMIT_S), await open_line(device.path) as line:
        device.send(b"old")
        await until(lambda: line._incoming._held)
        line.discard()
        device.send(b"new")
        assert await _all(line.read, 3) == b"new"


async def test_a_port_that_comes_back_under_its_stable_name_is_opened_again(device: Device, tmp_path: Path) -> None:
    stable = link(tmp_path, "mcu", device.path)
    line = await open_line(str(stable))
    device.unplug()
    with pytest.raises(PortLost):
        await asyncio.wait_for(line.read(), LIMIT_S)
    await line.close()
    with pytest.raises(PortMissing):
        await open_line(str(stable))
    with a_device() as again:
        link(tmp_path, "mcu", again.path)
        async with await open_line(str(stable)) as fresh:
            again.send(b"here")
            assert await asyncio.wait_for(_all(fresh.read, 4), LIMIT_S) == b"here"


async def test_the_spy_sees_both_ways_of_a_line(device: Device) -> None:
    seen = io.StringIO()
    async with asyncio.timeout(LIMIT_S), await open_line(device.path, spy=Spy(seen)) as line:
        await line.write(b"AT+CSQ\r\n")
        assert await asyncio.to_thread(device.received, 8) == b"AT+CSQ\r\n"
        device.send(b"+CSQ: 21,99\r\n\r\nOK\r\n")
        await until(lambda: "← OK" in seen.getvalue())
    lines = [line.split(" ", 1)[1] for line in seen.getvalue().splitlines()]
    assert lines == ["→ AT+CSQ", "← +CSQ: 21,99", "← OK"]


async def test_a_port_that_opens_after_nobody_waits_for_it_is_let_go(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_open, tried = threading.Event(), threading.Event()
    came_to_an_end: list[str] = []

    def slow(path: str, baud: int) -> claiming.Claimed:
        tried.set()
        assert may_open.wait(LIMIT_S)
        try:
            return claiming.claim(path, baud)
        finally:
            came_to_an_end.append(path)

    monkeypatch.setattr(serial_line, "claim", slow)
    opening = asyncio.create_task(open_line(device.path))
    await until(tried.is_set)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    monkeypatch.setattr(serial_line, "OPEN_LIMIT_S", 0.1)
    with pytest.raises(PortMissing, match=r"did not open within 0\.1 s"):
        await open_line(device.path)
    monkeypatch.undo()
    may_open.set()

    def is_free() -> bool:
        try:
            claiming.claim(device.path, 115_200).release()
        except PortBusy:
            return False
        return True

    await until(lambda: len(came_to_an_end) == 2 and is_free())
    async with await open_line(device.path):
        pass


async def test_a_driver_that_does_not_let_go_is_said_so(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    may_release = threading.Event()
    release = claiming.Claimed.release

    def stuck(claimed: claiming.Claimed) -> None:
        assert may_release.wait(LIMIT_S)
        release(claimed)

    monkeypatch.setattr(claiming.Claimed, "release", stuck)
    monkeypatch.setattr(serial_line, "CLOSE_LIMIT_S", 0.1)
    line = await open_line(device.path)
    with pytest.raises(PortLost, match="unplug the device"):
        await line.close()
    may_release.set()
    await until(lambda: not lines_of_threads())


async def test_lines_leave_neither_files_nor_threads_behind(device: Device) -> None:
    before = open_files()
    for _ in range(50):
        async with await open_line(device.path) as line:
            await line.write(b"x")
    assert lines_of_threads() == []
    assert open_files() == before
