"""Each kind of source, opened by a real media child, to a peer that looks."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from aiortc.codecs.h264 import h264_depayload

from edge_agent.media.annexb import units
from edge_agent.media.messages import Fault, FaultReason, Figures, Mode
from tests.support.media_unit_child import Child, Receiver, over_loopback, ready_child, receiver
from tests.support.media_unit_streams import RtspCamera, encoded, install_rpicam, write_file, write_sound
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    over_loopback(monkeypatch)


async def seen(child: Child, peer: Receiver, source: str, pictures: int = 15) -> Figures:
    """The figures of a child after `pictures` of `source` were received."""
    await peer.connect(child, await peer.begin(source))
    await peer.until(lambda received: len(received.numbers) >= pictures)
    return await child.until(Figures, lambda said: said.video is not None and said.video.fps > 1)


@pytest.mark.parametrize(
    ("name", "codec", "options", "mode"),
    [
        ("baseline.mp4", "libx264", {"profile": "baseline"}, "pass-through"),
        ("main.nut", "libx264", {"profile": "main", "bf": "0"}, "pass-through"),
        ("reordered.mp4", "libx264", {"profile": "main", "bf": "2", "b_strategy": "0"}, "re-encoding"),
        ("pictures.mkv", "mjpeg", {}, "re-encoding"),
        ("raw.nut", "rawvideo", {}, "re-encoding"),
    ],
)
async def test_a_file_is_sent_in_real_time_over_and_over(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], mode: Mode
) -> None:
    write_file(tmp_path / name, 30, codec, **options)
    async with ready_child() as child, receiver(["video"]) as peer:
        figures = await seen(child, peer, f"file:{tmp_path / name}", pictures=40)
        assert figures.video is not None
        assert figures.video.mode == mode
        assert figures.video.fps < 25
        backwards = [place for place, (one, other) in enumerate(pairwise(peer.numbers)) if other < one]
        assert 1 <= len(backwards) <= 2
        assert child.all(Fault) == []


async def test_sound_of_another_form_is_sent_as_well(tmp_path: Path) -> None:
    write_sound(tmp_path / "tone.m4a", seconds=3)
    async with ready_child() as child, receiver(["audio"]) as peer:
        await peer.connect(child, await peer.begin(f"file:{tmp_path / 'tone.m4a'}"))
        await peer.until(lambda received: len(received.sound) >= 60)
        assert child.all(Fault) == []
        peaks = [max(memoryview(bytes(frame.planes[0])[: frame.samples * 4]).cast("h")) for frame in peer.sound[-30:]]
        assert 1_500 < max(peaks) < 6_000


async def test_what_is_passed_through_arrives_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_file(path, 30, profile="baseline")
    with av.open(str(path)) as container:
        filtered = av.BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0])
        packets = [part for packet in container.demux(video=0) if packet.size for part in filtered.filter(packet)]
        pictures = {unit for packet in packets for unit in units(bytes(packet)) if unit[0] & 0x1F in {1, 5}}
    async with ready_child() as child, receiver(["video"]) as peer:
        received = bytearray()
        inner: Any = peer.connection.getTransceivers()[0].receiver
        handle = inner._handle_rtp_packet

        async def keep(packet: Any, arrival_time_ms: int) -> None:
            received.extend(h264_depayload(packet.payload) if packet.payload else b"")
            await handle(packet, arrival_time_ms=arrival_time_ms)

        inner._handle_rtp_packet = keep
        await seen(child, peer, f"file:{path}", pictures=40)
        arrived = [unit for unit in units(bytes(received)) if unit[0] & 0x1F in {1, 5}]
        assert len(arrived) > 20
        assert set(arrived[:-1]) <= pictures


def running(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


def programs(name: str) -> list[int]:
    """Processes with `name` in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if name.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


async def test_a_raspberry_pi_camera_is_passed_through_and_ends_with_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = install_rpicam(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with ready_child() as child, receiver(["video"]) as peer:
        figures = await seen(child, peer, "libcamera:1?size=320x180&fps=15")
        assert figures.video is not None
        assert figures.video.mode == "pass-through"
        words = told.read_text().split()
        assert {"--inline", "--nopreview"} <= set(words)
        assert words[words.index("--intra") + 1] == "30"
        assert words[words.index("--camera") + 1] == "1"
        started = programs(str(tmp_path / "rpicam-vid"))
        assert len(started) == 1
        await child.capture.close()

        async def gone() -> bool:
            return not running(started[0])

        await until(gone)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("ERROR: *** no cameras available ***\n", "missing"),
        ("ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a ***\n", "busy"),
        ("ERROR: *** something else ***\n", "unreadable"),
    ],
)
async def test_a_raspberry_pi_camera_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, reason: FaultReason
) -> None:
    install_rpicam(tmp_path, words)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with ready_child() as child, receiver(["video"]) as peer:
        await child.tell(await peer.begin("libcamera:0"))
        assert (await child.until(Fault)).reason == reason


async def test_a_network_camera_is_passed_through_and_only_its_picture_is_set_up() -> None:
    async with RtspCamera().serving() as camera, ready_child() as child, receiver(["video"]) as peer:
        figures = await seen(child, peer, f"rtsp://user:hidden@127.0.0.1:{camera.port}/1")
        assert figures.video is not None
        assert figures.video.mode == "pass-through"
        assert camera.set_up == ["video"]


@pytest.mark.parametrize(
    ("status", "mute", "reason"),
    [
        ("401 Unauthorized", False, "denied"),
        ("403 Forbidden", False, "denied"),
        ("404 Not Found", False, "missing"),
        ("200 OK", True, "timeout"),
    ],
)
async def test_a_network_camera_that_refuses_is_told_without_its_password(
    status: str, mute: bool, reason: FaultReason
) -> None:
    async with RtspCamera(status, mute=mute).serving() as camera, ready_child() as child, receiver(["video"]) as peer:
        await child.tell(await peer.begin(f"rtsp://user:hidden@127.0.0.1:{camera.port}/1"))
        fault = await child.until(Fault)
        assert fault.reason == reason
        assert "hidden" not in fault.detail


def test_the_stand_ins_write_whole_groups() -> None:
    stream = encoded(16)
    keys = [at for at, body in enumerate(stream) if any(unit[0] & 0x1F == 5 for unit in units(body))]
    assert keys == [0, 15]
