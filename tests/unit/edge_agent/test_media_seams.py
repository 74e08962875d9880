"""What the media child relies on in aiortc, aioice, PyAV and FFmpeg beyond their promises.

An update that breaks one of these fails here.
"""

import fractions
import inspect
from typing import Any

import aioice.ice
import av
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRemoteInboundRtpStreamStats, RTCRtpSender
from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.opus import OpusEncoder
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
)

from edge_agent.media.adapting import Shape
from edge_agent.media.addressing import use_addresses
from edge_agent.media.annexb import units
from edge_agent.media.encoding import SOUND_BASE, SOUND_HZ, VIDEO_BASE, PictureEncoder, SoundEncoder
from edge_agent.media.feedback import Feedback
from edge_agent.media.messages import Begin
from edge_agent.media.peer import add_track, new_connection
from edge_agent.media.sources import PROMPT
from edge_agent.media.tracks import PacketTrack

SPS, PPS, IDR = b"\x67\x42\xc0\x1e", b"\x68\xce\x3c\x80", b"\x65" + bytes(range(1, 255)) * 20


def feedback_of(sender: RTCRtpSender) -> tuple[Feedback, list[str]]:
    asked: list[str] = []
    return Feedback(sender, lambda: asked.append("key frame")), asked


async def test_every_rtcp_packet_of_a_sender_goes_through_the_seam() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sender = connection.addTransceiver("video", direction="sendonly").sender
    feedback, asked = feedback_of(sender)
    router: Any = sender.transport._rtp_router
    router.register_sender(sender, ssrc=sender._ssrc)
    remb = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(123_000, [sender._ssrc]))
    pli = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=sender._ssrc)
    fir = RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=sender._ssrc)
    odd = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=sender._ssrc, fci=b"none")
    info = RtcpReceiverInfo(
        ssrc=sender._ssrc, fraction_lost=64, packets_lost=9, highest_sequence=1, jitter=0, lsr=0, dlsr=0
    )
    report = RtcpRrPacket(ssrc=1, reports=[info])
    await sender.transport._handle_rtcp_data(b"".join(bytes(packet) for packet in (remb, pli, fir, odd, report)))
    await feedback.refresh()
    assert feedback.estimate_bit_s == 123_000
    assert len(asked) == feedback.keyframe_requests == 2
    assert feedback.loss == pytest.approx(0.25)
    await connection.close()


def test_the_statistics_have_their_names() -> None:
    assert {"fractionLost", "roundTripTime"} <= set(inspect.signature(RTCRemoteInboundRtpStreamStats).parameters)


def test_an_encoded_picture_is_packed_unchanged() -> None:
    packet: Any = av.Packet(b"".join(b"\x00\x00\x00\x01" + unit for unit in (SPS, PPS, IDR)))
    packet.pts, packet.time_base = 9_000, VIDEO_BASE
    payloads, timestamp = H264Encoder().pack(packet)
    assert timestamp == 9_000
    assert list(units(b"".join(h264_depayload(payload) for payload in payloads))) == [SPS, PPS, IDR]


def test_encoded_sound_is_packed_unchanged() -> None:
    packet: Any = av.Packet(b"\x01\x02\x03")
    packet.pts, packet.time_base = 960, SOUND_BASE
    assert OpusEncoder().pack(packet) == ([b"\x01\x02\x03"], 960)


async def test_a_sender_takes_packets_from_its_track_and_encodes_nothing() -> None:
    source = inspect.getsource(RTCRtpSender._next_encoded_frame)
    assert "recv()" in source
    assert "self.__encoder.pack(data)" in source


async def test_candidates_are_gathered_on_the_chosen_addresses_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", aioice.ice.get_host_addresses)
    use_addresses(("127.0.0.1",))
    connection = aioice.ice.Connection(ice_controlling=True)
    await connection.gather_candidates()
    assert {candidate.host for candidate in connection.local_candidates} == {"127.0.0.1"}
    await connection.close()


def test_addresses_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="here"):
        use_addresses(("here",))


async def test_no_server_is_asked_that_was_not_named() -> None:
    connection = new_connection(Begin(opening="o", modalities=("video",), offer_sdp=""))
    sender = add_track(connection, PacketTrack("video"), "video")
    gatherer: Any = sender.transport.transport.iceGatherer
    assert gatherer._connection.stun_server is None
    assert gatherer._connection.turn_server is None
    await connection.close()


def frame(width: int, height: int, at: int) -> av.VideoFrame:
    made = av.VideoFrame(width, height, "yuv420p")
    for number, plane in enumerate(made.planes):
        plane.update(bytes((at * 7 + number + place * place % 251) % 256 for place in range(plane.buffer_size)))
    made.pts, made.time_base = at * 6_000, VIDEO_BASE
    return made


def kinds(body: bytes) -> set[int]:
    return {unit[0] & 0x1F for unit in units(body)}


def test_the_encoder_makes_a_key_picture_with_its_sets_when_asked_and_no_other() -> None:
    encoder = PictureEncoder()
    made = [encoder.encode(frame(160, 96, at), 200_000, Shape(), 15, key=at in {0, 7}) for at in range(15)]
    assert [at for at, (body,) in enumerate(made) if 5 in kinds(body)] == [0, 7]
    assert all({5, 7, 8} <= kinds(made[at][0]) for at in (0, 7))


def test_the_encoders_rate_follows() -> None:
    encoder, sizes = PictureEncoder(), {400_000: 0, 150_000: 0}
    for at in range(90):
        target = 400_000 if at < 45 else 150_000
        (body,) = encoder.encode(frame(320, 180, at), target, Shape(), 15, key=at == 0)
        sizes[target] += len(body) if at % 45 > 15 else 0
    assert sizes[150_000] < sizes[400_000] * 0.7


def test_a_small_change_of_rate_brings_no_key_picture() -> None:
    encoder = PictureEncoder()
    made = [encoder.encode(frame(160, 96, at), 200_000 - at * 1_000, Shape(), 15, key=False) for at in range(20)]
    assert [at for at, (body,) in enumerate(made) if 5 in kinds(body)] == [0]


def test_sound_of_another_rate_becomes_packets_of_20_ms() -> None:
    encoder, packets = SoundEncoder(), 0
    for _ in range(10):
        sound = av.AudioFrame(format="s16", layout="stereo", samples=4_410)
        sound.sample_rate, sound.time_base = 44_100, fractions.Fraction(1, 44_100)
        packets += len(encoder.encode(sound))
    assert 45 <= packets <= 50
    assert SOUND_HZ == 48_000


def test_no_option_throws_away_the_first_picture() -> None:
    assert "fflags" not in PROMPT
