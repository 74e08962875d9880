"""`firmware-bridge` as it is used: its errors, its help, the spy as a process."""

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware_bridge import errors
from firmware_bridge.cli import app
from firmware_bridge.cli.output import print_facts, print_json, print_table
from firmware_bridge.cli.progress import ProgressBar, progress_line
from firmware_bridge.cli.spying import spied
from firmware_bridge.progress import Progress
from tests.support.ptys import LIMIT_S, Device, a_device

PROGRAM = "from firmware_bridge.cli.app import run; run()"
GGA = b"$GNGGA,120000.00,4852.60123,S,12323.60456,W,1,09,0.92,11.2,M,7.3,M,,*47\r\n"


@pytest.fixture
def device() -> Iterator[Device]:
    with a_device() as one:
        yield one


@asynccontextmanager
async def running(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(6 * LIMIT_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def first_line(process: asyncio.subprocess.Process, device: Device) -> str:
    """Let the device speak until the program shows it."""
    assert process.stdout is not None
    reading = asyncio.create_task(process.stdout.readline())
    while not reading.done():
        device.send(GGA)
        await asyncio.wait({reading}, timeout=0.2)
    return (await reading).decode()


async def test_the_spy_shows_what_a_device_says_until_it_is_interrupted(device: Device) -> None:
    async with running("spy", device.path) as process:
        line = await first_line(process, device)
        assert line.split(" ", 1)[1] == "← NMEA GNGGA quality 1, satellites 09, HDOP 0.92\n"
        process.send_signal(signal.SIGINT)
        output, complaints = await process.communicate()
    assert (process.returncode, complaints) == (130, b"")
    assert b"4852" not in output


async def test_the_spy_ends_when_the_port_is_unplugged(device: Device) -> None:
    async with running("spy", device.path) as process:
        await first_line(process, device)
        device.unplug()
        _, complaints = await process.communicate()
    assert process.returncode == 4
    assert complaints.decode() == f"firmware-bridge: {device.path}: it was unplugged or hung up; plug it in again\n"


async def test_the_spy_ends_without_a_word_when_nobody_reads_it(device: Device) -> None:
    async with running("spy", device.path) as process:
        await first_line(process, device)
        process.stdout._transport.close()  # type: ignore[union-attr]  # the pipe's only handle
        ended = asyncio.create_task(process.wait())
        while not ended.done():
            device.send(GGA)
            await asyncio.wait({ended}, timeout=0.2)
        assert process.stderr is not None
        assert await process.stderr.read() == b""
    assert process.returncode == 141


def test_the_spy_ends_by_itself_after_a_time(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    app.run(["spy", device.path, "--for-s", "1"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["spy"], "PORT is missing; see firmware-bridge spy --help"),
        (["spy", "x", "--baud", "12"], "--baud: a whole number from 300 to 4000000"),
        (["spy", "x", "--baud", "fast"], "--baud: a whole number from 300 to 4000000"),
        (["spy", "x", "y"], "'y' is too much; see firmware-bridge spy --help"),
        (["scan", "--limit-s", "0"], "--limit-s: a whole number from 1 to 600"),
        (["sing"], 'Unknown command "sing".'),
    ],
)
def test_a_wrong_command_line_is_said_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        app.run(words)
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"firmware-bridge: {said}")
    assert complaint.count("\n") == 1


def test_help_says_when_a_port_is_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    app.run(["scan", "--help"])
    assert "nothing is written to any port" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ImageRefused("unsigned", "it is not signed", "sign it"), 3),
        (errors.DeviceRefused("p", "echo", "no", 8), 3),
        (errors.PortBusy("p", "busy"), 4),
        (errors.DeviceSilent("p", "echo", 2.0), 5),
        (errors.ReplyUnreadable("p", "echo", "nonsense"), 5),
        (errors.UpdateFailed("booting", "silent"), 6),
        (errors.DeviceLeftUnsure("booting", "silent"), 7),
        (errors.LineOverrun("p", 3), 1),
    ],
)
def test_each_error_has_its_code_also_out_of_a_group(error: errors.BridgeError, code: int) -> None:
    assert app.exit_code(error) == code
    assert app.exit_code(app._first(ExceptionGroup("a", [ExceptionGroup("b", [error])]))) == code


def test_a_spy_file_is_added_to_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "spy.txt"
    for _ in range(2):
        with spied(file) as spy:
            assert spy is not None
            spy.heard(b"OK\r\nhalf")
    assert [line.split(" ", 1)[1] for line in file.read_text().splitlines()] == [
        "← OK",
        "← 4 bytes of no protocol known here",
    ] * 2
    with spied(None) as none:
        assert none is None
    with pytest.raises(errors.BridgeError, match="--spy"), spied(tmp_path):
        pass


def test_a_spy_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with spied(Path("-")) as spy:
        assert spy is not None
        spy.said(b"AT\r")
    assert capsys.readouterr().err.endswith("→ AT\n")


def test_a_spy_that_fails_is_remarked_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with spied(Path("/dev/full")) as spy:
        assert spy is not None
        spy.said(b"AT\r")
    assert "the spy stopped writing" in capsys.readouterr().err


def test_what_is_printed_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("x\x1b[2J", None), ("long\nname", 3)], empty="none")
    print_table(("a",), [], empty="none")
    print_facts([("name", "x"), ("longer name", ""), ("a\nb", 1)])
    print_json({"a": "\x9b"})
    assert capsys.readouterr().out.splitlines() == [
        "a               b",
        "x\\u001b[2J      —",
        "long\\u000aname  3",
        "none",
        "name         x",
        "longer name  —",
        "a\\u000ab     1",
        '{"a":"\\u009b"}',
    ]


def test_progress_says_rate_and_time_left() -> None:
    half = Progress(done_bytes=10 * 1024, total_bytes=20 * 1024)
    assert progress_line("image", half, 2048.0, columns=None) == "image  50%  10.0 of 20.0 KiB  2.0 KiB/s  5 s left"
    fine = progress_line("image", half, 0.0, columns=100)
    assert "███████████████ " in fine
    assert "left" not in fine


@pytest.mark.parametrize("columns", [120, 80, 60, 40, 20])
@pytest.mark.parametrize("what", ["sent", "/lfs/" + 60 * "a"])
def test_progress_stays_within_the_terminal(columns: int, what: str) -> None:
    line = progress_line(what, Progress(300 * 1024, 1000 * 1024), 8000.0, columns=columns)
    assert len(line) == columns - 1


def test_what_a_device_holds_already_is_no_part_of_the_rate() -> None:
    stream = io.StringIO()
    with ProgressBar("image", stream) as bar:
        for done in (0, 500_000):
            bar.tell(Progress(done, 1_000_000))
    assert stream.getvalue().splitlines()[-1].endswith("0.0 KiB/s")


def test_progress_in_a_file_is_a_line_for_every_tenth() -> None:
    stream = io.StringIO()
    with ProgressBar("image", stream) as bar:
        for done in range(101):
            bar.tell(Progress(done, 100))
    assert len(stream.getvalue().splitlines()) == 11


async def test_a_scan_of_this_machines_ports_is_no_error() -> None:
    async with running("scan", "--limit-s", "20") as process:
        output, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    assert output


@pytest.mark.parametrize(("redirected", "code"), [(">/dev/full", 1), (">&-", 0), ("<&-", 0)])
async def test_closed_and_full_outputs_are_no_tracebacks(redirected: str, code: int) -> None:
    command = f'exec "$0" -c "$1" scan {redirected}'
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        command,
        sys.executable,
        PROGRAM,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, complaints = await process.communicate()
    assert process.returncode == code
    assert b"Traceback" not in complaints
    assert (b"can not be written: No space left" in complaints) == (code == 1)
