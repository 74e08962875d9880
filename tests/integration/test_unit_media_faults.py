"""What is wrong with a camera, a microphone or an offer is told with its reason, and soon."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from msgspec import structs

from edge_agent.media.messages import Answer, Fault, FaultReason, OfferUnusable, Stop
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import Child, faults_of, over_loopback, ready_child, receiver

SMALL = ("--size", "320x180", "--fps", "15")


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    over_loopback(monkeypatch)


async def faults_at_once(source: str, **more: Any) -> list[Fault]:
    """The faults of a child that is told to open `source` for picture and sound."""
    async with ready_child() as child, receiver() as peer:
        await child.tell(await peer.begin(source, **more))
        await child.until(Fault, lambda fault: fault.modality == "audio")
        await child.until(Fault, lambda fault: fault.modality == "video")
        return child.all(Fault)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("unix:{tmp}/nobody", "missing"),
        ("unix:{tmp}/left-over", "missing"),
        ("file:{tmp}/nothing.mp4", "missing"),
        ("file:{tmp}/no-media.mp4", "unreadable"),
        ("rtsp://user:hidden@127.0.0.1:9/1", "missing"),
        ("nonsense", "missing"),
    ],
)
async def test_what_is_not_there_is_told(tmp_path: Path, source: str, reason: FaultReason) -> None:
    with SyntheticCamera(tmp_path / "left-over"):
        pass
    (tmp_path / "no-media.mp4").write_bytes(b"x" * 10_000)
    faults = await faults_at_once(source.format(tmp=tmp_path))
    assert [fault.reason for fault in faults] == [reason, reason]
    assert all("hidden" not in fault.detail and len(fault.detail) > 20 for fault in faults)


async def test_devices_that_are_not_there_are_told() -> None:
    faults = await faults_at_once("v4l2:/dev/video99", audio_source="alsa:hw:99,0")
    assert {fault.modality: fault.reason for fault in faults} == {"video": "missing", "audio": "missing"}


async def test_a_program_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    faults = await faults_at_once("libcamera:0", audio_source="libcamera:0")
    assert {fault.reason for fault in faults} == {"missing"}


async def test_a_camera_that_somebody_uses_is_told(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", "--busy") as camera:
        assert [fault.reason for fault in await faults_at_once(camera.source)] == ["busy", "busy"]
        assert camera.named("connect") == []


async def began(child: Child, peer: Any, source: str) -> None:
    await peer.connect(child, await peer.begin(source))
    await peer.until(lambda seen: bool(seen.numbers))


async def test_a_camera_that_freezes_is_told(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            await began(child, peer, camera.source)
            os.kill(camera.pid, signal.SIGSTOP)
            await child.until(Fault, lambda fault: fault.modality == "video")
            await child.until(Fault, lambda fault: fault.modality == "audio")
            os.kill(camera.pid, signal.SIGCONT)
            assert sorted(faults_of(child)) == [("audio", "timeout"), ("video", "timeout")]


async def test_a_camera_that_ends_by_itself_is_told_once(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL, "--die-after-s", "1") as camera:
        async with ready_child() as child, receiver() as peer:
            await began(child, peer, camera.source)
            await child.until(Fault, lambda fault: fault.modality == "video")
            assert faults_of(child) == [("audio", "died"), ("video", "died")]


async def test_a_source_without_the_sound_that_was_asked_for_is_told(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            await peer.connect(child, await peer.begin(camera.source, audio_source="v4l2:/dev/video0"))
            await peer.until(lambda seen: bool(seen.numbers))
            await child.until(Fault)
            assert faults_of(child) == [("audio", "missing")]


async def test_the_camera_is_closed_when_the_child_is_killed(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            await began(child, peer, camera.source)
            end = await child.capture.close()
            camera.until_said("disconnect")
            assert end.cause == "asked"


async def offer_without(kind: str) -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if kind == "channel":
        connection.createDataChannel("commands")
    if kind != "video":
        connection.addTransceiver("video", direction="recvonly")
    if kind != "audio":
        connection.addTransceiver("audio", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    sdp = connection.localDescription.sdp
    await connection.close()
    return sdp.replace("H264", "H265").replace("VP8", "VP9") if kind == "codec" else sdp


@pytest.mark.parametrize("lack", ["video", "audio", "channel", "codec", "everything"])
async def test_an_offer_that_can_not_be_answered_opens_nothing(tmp_path: Path, lack: str) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            begin = await peer.begin(camera.source)
            sdp = "v=0\r\n" if lack == "everything" else await offer_without(lack)
            await child.tell(structs.replace(begin, offer_sdp=sdp))
            assert (await child.until(OfferUnusable)).detail
            await child.tell(Stop())
            assert (await child.capture.ended()).exit_status == 0
            assert child.all(Answer) == []
        assert camera.named("connect") == []


async def test_a_server_that_is_none_makes_the_offer_unusable(tmp_path: Path) -> None:
    async with ready_child() as child, receiver() as peer:
        begin = await peer.begin("unix:/nowhere")
        await child.tell(structs.replace(begin, addresses=("here",)))
        assert "here" in (await child.until(OfferUnusable)).detail


async def test_the_child_ends_when_the_agent_hangs_up(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child, receiver() as peer:
            await began(child, peer, camera.source)
            await child.hang_up()
            assert (await child.capture.ended()).exit_status == 0
            await asyncio.to_thread(camera.until_said, "disconnect")


async def test_the_child_ends_at_words_it_does_not_know() -> None:
    async with ready_child() as child:
        await child.capture.channel.send(b'{"kind":"dance"}')
        assert (await child.capture.ended()).exit_status == 0
