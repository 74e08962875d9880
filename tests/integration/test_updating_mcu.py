"""The microcontroller as a part of an update, on a simulated one: brought in, taken back, and not to be taken back."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from edge_agent.updating.lent_port import OwnPort
from edge_agent.updating.mcu_part import McuPart
from edge_agent.updating.parts import Job, PartFailed, PartSilent, PartStuck
from edge_agent.updating.state import PartProgress
from edge_agent.updating.telling import Change, Telling
from edge_agent.watch import Happening
from firmware_bridge.simulation.mcu import UNWELL, Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from protocols.releases.reports import UpdateState
from tests.support.firmware_images import pem_of
from tests.support.opening_desk import HandClock
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEY, KEYS, WRONG_KEY, Sample, fitted

BAUD = 921_600
OLD, NEW = Sample(1), Sample(2, size=900)


@asynccontextmanager
async def _fitted(directory: Path, image: Sample = OLD) -> AsyncIterator[tuple[McuDevice, McuPart]]:
    """A unit's microcontroller that runs `image`, and the part that updates it."""
    mcu = Mcu(fitted(image), KEYS, time.monotonic, McuFacts(board=BOARD, boot_s=0.01))
    async with McuDevice(mcu, directory / "mcu", baud=BAUD) as device:
        port = OwnPort(str(device.port.link), BAUD)
        yield device, McuPart(port, [pem_of(KEY.public_key())], health_limit_s=3.0)


async def _job(directory: Path, part: McuPart, image: Sample, version: str = "", *, permitted: bool = False) -> Job:
    content = image.content()
    (directory / "image").write_bytes(content)
    was = await part.running()
    progress = PartProgress(
        part="mcu",
        version=version or f"1.{image.minor}.0",
        target="mcu/image",
        sha256=sha256(content).hexdigest(),
        length=len(content),
        board=BOARD,
        updater="mcuboot",
        permitted=permitted,
        was_version=was.version,
        was=was.name,
    )
    return Job("UP-0123456789ab", progress, directory / "image")


class Notes:
    """What was noted, each state once."""

    def __init__(self) -> None:
        self.states: list[UpdateState] = []

    def note(self, state: UpdateState, done: int, total: int) -> None:
        assert 0 <= done <= total
        if state not in self.states:
            self.states.append(state)


async def test_it_is_brought_in_and_taken_back_without_a_permit(tmp_path: Path) -> None:
    async with _fitted(tmp_path) as (device, part):
        notes = Notes()
        job = await _job(tmp_path, part, NEW)
        assert (await part.running()).version == "1.1.0"
        await part.bring(job, notes.note)
        assert notes.states == ["installing", "trial"]
        assert (await part.running()).version == "1.2.0"
        await part.bring(job, notes.note)  # as after a restart that forgot that it was done
        await part.take_back(job)
        assert (await part.running()).name == job.progress.was
        boots = len(device.mcu.boots)
        await part.take_back(job)
        assert len(device.mcu.boots) == boots, "what is as it was is left alone"
        device.cut_power()
        device.mcu.power_on()
        assert (await part.running()).name == job.progress.was, "it was confirmed"


async def test_what_it_does_is_told_once_each(tmp_path: Path) -> None:
    told: list[Happening] = []

    async def spool(happening: Happening) -> None:
        told.append(happening)

    async with _fitted(tmp_path) as (_, part):
        job = await _job(tmp_path, part, NEW, version="1.2.0+0")
        change = Change("mcu", job.progress.was_version, "1.2.0")
        async with Telling(spool, HandClock()).following(job.update, change) as follower:
            await part.bring(job, follower.note)
    assert [one.kind for one in told] == ["update-installing", "update-installing", "update-trial"]
    assert told[-1].summary == "update UP-0123456789ab: the unit tries its MCU's new firmware: MCU 1.1.0 → 1.2.0"


@pytest.mark.long
async def test_a_security_counter_keeps_it_from_going_back(tmp_path: Path) -> None:
    async with _fitted(tmp_path) as (device, part):
        job = await _job(tmp_path, part, Sample(2, counter=2, size=900))
        await part.bring(job, Notes().note)
        device.cut_power()
        device.mcu.power_on()  # its bootloader counts what was confirmed when it starts it again
        with pytest.raises(PartStuck):
            await part.take_back(job)
        assert (await part.running()).version == "1.2.0", "it goes on with what it runs"


REFUSED = {
    "signed by another": Sample(2, key=WRONG_KEY),
    "not signed": Sample(2, key=None),
    "older": Sample(0),
    "unwell": Sample(3, start=UNWELL),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
async def test_what_must_not_stay_leaves_it_as_it_was(tmp_path: Path, case: str) -> None:
    async with _fitted(tmp_path) as (_, part):
        job = await _job(tmp_path, part, REFUSED[case])
        with pytest.raises(PartFailed):
            await part.bring(job, Notes().note)
        assert (await part.running()).name == job.progress.was


async def test_two_people_may_allow_an_older_one(tmp_path: Path) -> None:
    async with _fitted(tmp_path, NEW) as (_, part):
        job = await _job(tmp_path, part, OLD, permitted=True)
        await part.bring(job, Notes().note)
        assert (await part.running()).version == "1.1.0"


async def test_an_image_of_another_version_than_the_manifest_says_is_not_sent(tmp_path: Path) -> None:
    async with _fitted(tmp_path) as (device, part):
        job = await _job(tmp_path, part, NEW, version="1.9.0")
        with pytest.raises(PartFailed, match="as the manifest says"):
            await part.bring(job, Notes().note)
        assert len(device.mcu.boots) == 1


async def test_one_that_is_not_there_is_silent(tmp_path: Path) -> None:
    part = McuPart(OwnPort(str(tmp_path / "mcu"), BAUD), [pem_of(KEY.public_key())])
    with pytest.raises(PartSilent):
        await part.running()
