"""On a narrow link the child encodes the picture again, smaller, and answers requests for key frames."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, pack_remb_fci

from edge_agent.media.messages import Figures, Mode
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import Child, Receiver, over_loopback, ready_child, receiver


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    over_loopback(monkeypatch)


def in_mode(mode: Mode) -> Any:
    return lambda said: said.video is not None and said.video.mode == mode and said.video.fps > 1


class Narrow:
    """Says over and over to the unit that the link carries `bit_s` and no more."""

    def __init__(self, peer: Receiver, bit_s: int) -> None:
        self.bit_s = bit_s
        inner: Any = peer.connection.getTransceivers()[0].receiver
        inner.__dict__["_RTCRtpReceiver__remote_bitrate_estimator"].add = self._add

    def _add(self, *, ssrc: int, **_: object) -> tuple[int, list[int]]:
        return self.bit_s, [ssrc]


async def ask_keyframe(peer: Receiver) -> None:
    inner: Any = peer.connection.getTransceivers()[0].receiver
    ssrc = next(iter(inner.__dict__["_RTCRtpReceiver__active_ssrc"]))
    await inner._send_rtcp_pli(ssrc)


async def began(child: Child, peer: Receiver, camera: SyntheticCamera) -> None:
    await peer.connect(child, await peer.begin(camera.source))
    await peer.until(lambda seen: bool(seen.numbers))


@pytest.mark.long
async def test_a_low_estimate_has_the_picture_encoded_again_within_it_and_a_high_one_ends_that(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", "--fps", "15", "--grain") as camera:
        async with ready_child() as child, receiver(["video"]) as peer:
            await began(child, peer, camera)
            link = Narrow(peer, 45_000)
            again = (await child.until(Figures, in_mode("re-encoding"))).video
            assert again is not None
            assert again.target_kbit_s < 45
            await peer.until(lambda seen: (320, 180) in seen.sizes)
            small = len(peer.numbers)
            await peer.until(lambda seen: len(seen.numbers) > small + 20)
            assert all(one < other for one, other in pairwise(peer.numbers))
            link.bit_s = 5_000_000
            before = child.all(Figures)
            await child.until(Figures, lambda said: in_mode("pass-through")(said) and said not in before, 60)
            count = len(peer.numbers)
            await peer.until(lambda seen: len(seen.numbers) > count + 20)
            assert peer.sizes[-1] == (640, 360)
            assert all(one < other for one, other in pairwise(peer.numbers))


@pytest.mark.long
async def test_a_camera_with_rare_key_frames_is_encoded_again_when_one_is_asked_for(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", "--size", "320x180", "--fps", "15", "--gop-s", "60") as camera:
        async with ready_child() as child, receiver(["video"]) as peer:
            await began(child, peer, camera)
            await child.until(Figures, lambda said: said.video is not None and said.video.gop_s > 2.5)
            async with asyncio.timeout(20):
                while not any(in_mode("re-encoding")(said) for said in child.all(Figures)):
                    await ask_keyframe(peer)
                    await asyncio.sleep(0.1)
            count = len(peer.numbers)
            await peer.until(lambda seen: len(seen.numbers) > count + 15)
            assert all(one < other for one, other in pairwise(peer.numbers))


def test_the_packets_of_these_tests_are_those_of_the_standard() -> None:
    remb = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(100_000, [7]))
    assert bytes(remb)[12:16] == b"REMB"
    assert RTCP_PSFB_PLI == 1
