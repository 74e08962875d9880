"""The media child under its supervisor: from the synthetic camera over WebRTC to a peer that looks and listens."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge_agent.media.messages import Began, Connection, Fault, Figures, Stop
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import Child, faults_of, over_loopback, ready_child, receiver

SMALL = ("--size", "320x180", "--fps", "15")


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    over_loopback(monkeypatch)


def tone_hz(frames: list[Any]) -> float:
    """How often the sound crosses zero upwards in a second."""
    bodies = [bytes(frame.planes[0])[: frame.samples * 4] for frame in frames]
    samples = [value for body in bodies for value in memoryview(body).cast("h")[::2]]
    return sum(1 for one, other in pairwise(samples) if one < 0 <= other) / (len(samples) / 48_000)


def open_files(child: Child) -> list[str]:
    """What the child has open, beside its standard streams."""
    facts = Path(f"/proc/self/fdinfo/{child.capture._pid_fd}").read_text().splitlines()
    pid = next(line.split()[1] for line in facts if line.startswith("Pid:"))
    return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if int(path.name) > 2]


def kind_of(link: str) -> str:
    return link.partition(":")[0]


async def test_picture_and_tone_arrive_and_the_picture_is_passed_through(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            assert camera.named("connect") == []
            await peer.connect(child, await peer.begin(camera.source))
            await peer.until(lambda seen: len(seen.numbers) >= 30 and len(seen.sound) >= 60)
            assert all(one < other for one, other in pairwise(peer.numbers))
            assert peer.numbers[-1] - peer.numbers[0] < 60
            assert abs(tone_hz(peer.sound[-25:]) - 440) < 15
            said = await child.until(Figures, lambda said: said.video is not None and said.video.fps > 5)
            assert said.video is not None
            assert said.video.mode == "pass-through"
            assert (said.video.width, said.video.height) == (320, 180)
            assert said.audio is not None
            assert said.audio.kbit_s > 5
            assert {began.modality for began in child.all(Began)} == {"video", "audio"}
            assert {kind_of(link) for link in open_files(child)} <= {"socket", "pipe", "anon_inode"}
            await child.until(Connection, lambda said: said.state == "connected")
            await child.tell(Stop())
            assert (await child.capture.ended()).exit_status == 0
            camera.until_said("disconnect")
        assert len(camera.named("connect")) == 1
        assert faults_of(child) == []


@pytest.mark.parametrize("modality", ["video", "audio"])
async def test_only_what_was_asked_for_is_opened(tmp_path: Path, modality: Any) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver([modality]) as peer:
            await peer.connect(child, await peer.begin(camera.source))
            await peer.until(lambda seen: bool(seen.numbers if modality == "video" else seen.sound))
            assert [said["modalities"] for said in camera.named("connect")] == [[modality]]


async def test_a_camera_that_dies_is_told(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            await peer.connect(child, await peer.begin(camera.source))
            await peer.until(lambda seen: bool(seen.numbers))
            camera.kill()
            await child.until(Fault, lambda fault: fault.modality == "video")
            assert faults_of(child) == [("audio", "died"), ("video", "died")]
