"""Updates of a simulated microcontroller over a real port: the cable, the power, and what the commands say."""

import asyncio
import io
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from firmware_bridge.cli.app import run
from firmware_bridge.errors import UpdateFailed
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.simulation.faults import Faults
from firmware_bridge.simulation.mcu import UNWELL, Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from firmware_bridge.smp.limits import Limits
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.carrying_out import update
from firmware_bridge.updating.mcuboot_device import mcuboot_maker
from firmware_bridge.updating.reopening import ReopeningLine
from protocols.releases.permit import PERMIT_NAMESPACE, Permit, PermitSignature, SignedPermit
from tests.support.firmware_images import pem_of
from tests.support.mandates import ENGINEER, SUPERVISOR, House, signatories
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEY, KEYS, NEW, OLD, Sample, fitted

QUICK = Limits(reply_s=0.5, erase_s=2.0)
HOUSE = House(signatories(plain=True))
PEM = pem_of(KEY.public_key())


@asynccontextmanager
async def simulated(folder: Path, image: Sample = OLD, faults: Faults = Faults()) -> AsyncIterator[McuDevice]:  # noqa: B008 - frozen
    mcu = Mcu(fitted(image), KEYS, time.monotonic, McuFacts(board=BOARD, boot_s=0.05, stuck_s=0.5))
    async with McuDevice(mcu, folder / "mcu", baud=921_600, faults=faults) as device:
        yield device


async def bring(device: McuDevice, content: bytes, *, may_downgrade: bool = False, health_s: float = 8.0) -> Installed:
    port = str(device.port.link)

    async def open_again() -> Line:
        return await open_line(port, baud=921_600)

    line = ReopeningLine(port, open_again)
    try:
        made = mcuboot_maker([PEM], limits=QUICK, boot_limit_s=10.0)(line)
        return await update(
            made,
            content,
            board=BOARD,
            may_downgrade=may_downgrade,
            tell=lambda _told: None,
            health_limit_s=health_s,
            answer_limit_s=20.0,
        )
    finally:
        await line.close()


def runs(device: McuDevice) -> tuple[int, bool]:
    """The minor version that runs, and whether it stays."""
    booted = device.mcu.booted
    assert booted is not None
    return booted.image.version[1], booted.confirmed


async def test_a_device_is_brought_to_an_image_and_back_by_permit(tmp_path: Path) -> None:
    async with simulated(tmp_path) as device:
        done = await bring(device, NEW.content())
        assert done == Installed("1.2.0", NEW.digest().hex(), confirmed=True)
        device.cut_power()
        assert (await bring(device, NEW.content())).version == "1.2.0"
        assert (await bring(device, OLD.content(), may_downgrade=True)).version == "1.1.0"
        assert runs(device)[0] == 1


async def test_an_image_that_is_not_well_is_taken_back(tmp_path: Path) -> None:
    async with simulated(tmp_path) as device:
        with pytest.raises(UpdateFailed, match=r"a supply of 9[89]\.[0-9]{3} V, and 0 to 60 V can be right"):
            await bring(device, Sample(3, start=UNWELL).content(), health_s=2.0)
        assert runs(device)[0] == 1


async def test_whoever_updates_is_told_what_can_be_behind_an_image_that_did_not_stay(
    tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    words = ("--board", BOARD, "--key", written("key.pem", PEM), "--baud", "921600")
    async with simulated(tmp_path, Sample(1, counter=4)) as device:
        low = written("low.bin", Sample(2, counter=3).content())
        code, _, err = await said_by("update", str(device.port.link), low, *words)
        assert code == 6, err
        assert "- the bootloader asks for a higher security counter than the image's 3" in err
        last = err.splitlines()[-1]
        assert last == "firmware-bridge: booting: the device went back by itself to 1.1.0"
        unwell = written("unwell.bin", Sample(3, counter=4, start=UNWELL).content())
        code, _, err = await said_by("update", str(device.port.link), unwell, *words, "--health-s", "1")
        assert code == 6, err
        assert "- its program: have it mended" in err
        assert err.splitlines()[-1].endswith("; the device runs 1.1.0 again")
        assert runs(device)[0] == 1


@pytest.mark.parametrize(
    "faults",
    [
        Faults(cable_after_bytes=900, cable_back_ms=300),
        Faults(power_at_message=6, power_back_ms=300),
        Faults(power_at_write=9, power_back_ms=300),
        Faults(lose=0.05, garble=0.05, duplicate=0.05, delay_ms=20),
    ],
    ids=["cable", "power at a message", "power at a write", "noise"],
)
async def test_an_update_goes_on_after(faults: Faults, tmp_path: Path) -> None:
    async with simulated(tmp_path, faults=faults) as device:
        assert (await bring(device, NEW.content())).version == "1.2.0"
        assert runs(device)[0] == 2


def ran(*words: str) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run(words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return code, out.getvalue(), err.getvalue()


async def said_by(*words: str) -> tuple[int, str, str]:
    """What the command answers, while the device goes on in this thread."""
    async with asyncio.timeout(60):
        return await asyncio.to_thread(ran, *words)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, bytes], str]:
    def write(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


async def test_the_command_says_each_step(tmp_path: Path, written: Callable[[str, bytes], str]) -> None:
    new, key = written("new.bin", NEW.content()), written("key.pem", PEM)
    async with simulated(tmp_path) as device:
        options = ("--board", BOARD, "--key", key, "--baud", "921600")
        port = str(device.port.link)
        code, out, err = await said_by("update", port, new, *options)
        assert (code, out) == (0, f"the device runs 1.2.0, confirmed, hash {NEW.digest().hex()}\n"), err
        for said in ("looking what", "sending the image", "KiB/s", "restarting", "is well", "confirm the image"):
            assert said in err
        code, out, _ = await said_by("update", port, new, *options, "--json")
        assert (code, json.loads(out)["version"]) == (0, "1.2.0")

        code, _, err = await said_by("update", port, written("old.bin", OLD.content()), *options)
        assert code == 3
        assert "older than 1.2.0" in err
        code, _, err = await said_by("update", port, new, "--board", "other", "--key", key)
        assert code == 3
        assert f"made for {BOARD}" in err
        assert "looking" not in err


async def test_a_security_counter_holds_from_the_restart_after_the_confirmation(
    tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    words = ("--board", BOARD, "--key", written("key.pem", PEM), "--baud", "921600")
    high, low = Sample(4, counter=2), Sample(5, counter=1)
    async with simulated(tmp_path) as device:
        port = str(device.port.link)
        code, _, err = await said_by("update", port, written("high.bin", high.content()), *words)
        assert code == 0, err
        assert "its security counter 2 holds once the device was restarted after that; until then" in err
        assert err.splitlines()[-1].endswith(f"firmware-bridge reset {port}")
        code, _, err = await said_by("update", port, written("low.bin", low.content()), *words)
        assert (code, runs(device)[0]) == (0, 5), err
        assert "sending the image; 1.1.0, which is in the slot that does not run, is overwritten\n" in err
    async with simulated(tmp_path) as device:
        assert (await bring(device, high.content())).version == "1.4.0"
        code, _, err = await said_by("reset", port, "--baud", "921600")
        assert code == 0, err
        code, _, err = await said_by("update", port, written("low.bin", low.content()), *words)
        assert (code, runs(device)[0]) == (6, 4), err
        assert "- the bootloader asks for a higher security counter than the image's 1," in err


async def test_a_pulled_cable_is_said_and_no_progress_is_shown_as_lost(
    tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    words = ("--board", BOARD, "--key", written("key.pem", PEM), "--baud", "921600")
    image = written("new.bin", Sample(2, size=1200).content())
    async with simulated(tmp_path, faults=Faults(cable_after_bytes=1900, cable_back_ms=300)) as device:
        code, _, err = await said_by("update", str(device.port.link), image, *words)
    assert code == 0, err
    before, after = err.split("the line was lost; waiting for it, 180 s at most; ctrl-c is safe: ")
    said, after = after.split("\n", 1)
    assert said.startswith("the device runs what it ran; begin the update again")
    assert "sent " in before
    assert after.startswith("going on at "), err
    assert not after.startswith("going on at 0.0"), err
    assert "   0%" not in after


async def test_an_image_for_a_board_is_not_sent_to_a_device_that_nobody_named(
    tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    async with simulated(tmp_path) as device:
        given = (str(device.port.link), written("new.bin", NEW.content()), "--key", written("key.pem", PEM))
        code, _, err = await said_by("update", *given, "--board", "", "--baud", "921600")
        assert (code, f"give --board {BOARD}" in err, "looking" in err) == (3, True, False), err
        assert runs(device)[0] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_whoever_interrupts_an_update_is_told_what_the_device_runs(
    number: signal.Signals, tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    words = ("--board", BOARD, "--key", written("key.pem", PEM), "--baud", "921600")
    async with simulated(tmp_path, faults=Faults(delay_ms=500)) as device, asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from firmware_bridge.cli.app import run; run()",
            "update",
            str(device.port.link),
            written("new.bin", NEW.content()),
            *words,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            said = b""
            while b"sending" not in said:
                said = await process.stderr.readline()
                assert said, "it ended by itself"
            process.send_signal(number)
            rest = (await process.stderr.read()).decode()
            assert (await process.wait(), "interrupted: the device runs what it ran" in rest) == (130, True), rest
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert runs(device) == (1, True)


def permit_for(content: bytes, *signers: str) -> SignedPermit:
    """Leave for a bench, from an hour ago for two hours, signed by keys on disk."""
    now = datetime.now(UTC).replace(microsecond=0)
    asked = Permit(
        part="mcu",
        sha256=sha256(content).hexdigest(),
        version="1.1.0+0",
        units=[],
        not_before=now - timedelta(hours=1),
        not_after=now + timedelta(hours=1),
        reason="1.2.0 is not right",
    )
    text = asked.text()
    made = [
        PermitSignature(person_id=one, signature=HOUSE.people[one].sign(text.encode(), PERMIT_NAMESPACE))
        for one in signers
    ]
    return SignedPermit(text=text, signatures=made)


async def test_two_people_permit_older_firmware_on_the_bench(
    tmp_path: Path, written: Callable[[str, bytes], str]
) -> None:
    old = OLD.content()
    term = {"valid_from": datetime.now(UTC) - timedelta(days=1), "valid_until": datetime.now(UTC) + timedelta(days=1)}
    people = written("people", HOUSE.people_list(log_policy="", TO_12=term, SV_03=term).text().encode())
    async with simulated(tmp_path, NEW) as device:
        given = (str(device.port.link), written("old.bin", old), "--board", BOARD, "--key", written("key", PEM))
        options = ("--baud", "921600", "--people", people, "--permit")
        alone = written("alone", msgspec.json.encode(permit_for(old, ENGINEER)))
        code, _, err = await said_by("update", *given, *options, alone)
        assert (code, "1 of two people" in err) == (3, True), err
        for_other = written("other", msgspec.json.encode(permit_for(NEW.content(), ENGINEER, SUPERVISOR)))
        code, _, err = await said_by("update", *given, *options, for_other)
        assert (code, "the permit is for" in err) == (3, True), err
        assert runs(device)[0] == 2
        both = written("both", msgspec.json.encode(permit_for(old, ENGINEER, SUPERVISOR)))
        code, out, err = await said_by("update", *given, *options, both)
        assert (code, "runs 1.1.0" in out) == (0, True), err
        assert runs(device)[0] == 1


async def test_a_restart_that_ends_a_trial_is_asked_for(tmp_path: Path) -> None:
    async with simulated(tmp_path) as device:
        port = str(device.port.link)
        code, out, err = await said_by("reset", port, "--baud", "921600")
        assert (code, out) == (0, "the device restarts\n"), err
        async with await open_line(port, baud=921_600) as line:
            made = mcuboot_maker([PEM], limits=QUICK, boot_limit_s=10.0)(line)
            await made.send(NEW.content(), lambda _progress: None)
            await made.try_once(NEW.content())
        code, _, err = await said_by("reset", port, "--baud", "921600")
        assert (code, "1.2.0 is on trial" in err, "say --yes" in err) == (1, True, True), err
        code, out, err = await said_by("reset", port, "--yes", "--baud", "921600")
        assert (code, "1.1.0 runs again" in out) == (0, True), err


async def test_single_acts_say_what_will_be(tmp_path: Path) -> None:
    async with simulated(tmp_path, NEW) as device:
        port = str(device.port.link)
        code, _, err = await said_by("erase", port, "--baud", "921600")
        assert code == 1
        assert "say --yes" in err
        code, out, err = await said_by("erase", port, "--yes", "--baud", "921600")
        assert (code, "is erased" in out) == (0, True), err
        code, out, err = await said_by("confirm", port, "--yes", "--baud", "921600")
        assert (code, "1.2.0 is confirmed" in out) == (0, True), err
        code, out, err = await said_by("images", port, "--baud", "921600")
        assert (code, out.rstrip().endswith("runs, confirmed")) == (0, True), err
        code, _, err = await said_by("test", port, "ffff", "--yes", "--baud", "921600")
        assert code == 1
        assert read_image(NEW.content()).digest_hex[:16] in err
