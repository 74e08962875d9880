"""The contract with what is private in aiortc and aioice: who renews them learns here whether the relay still works.

One test for each name that `fleet.media` reaches for, and that everything else of the receiver stays as it was.
"""

import queue

import pytest
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpreceiver import NackGenerator, StreamStatistics
from aiortc.rtp import RtpPacket

from fleet.media import peers
from fleet.media.frames import EncodedFrame
from fleet.media.receiving import PacketTap, PictureBuffer
from fleet.media.tracks import hand_on_requests
from fleet.media.unit_stream import UnitStream, Viewer
from tests.support.media_relay_peers import LOOPBACK, Bytes, Unit, live_stream
from tests.support.media_relay_source import Camera
from tests.support.waiting import until

CAMERA = Camera()


async def receiver() -> RTCRtpReceiver:
    connection = peers.new_connection(LOOPBACK)
    return connection.addTransceiver("video", direction="recvonly").receiver


async def test_a_receiver_has_what_the_tap_replaces() -> None:
    one = vars(await receiver())
    assert isinstance(one["_RTCRtpReceiver__decoder_queue"], queue.Queue)
    assert isinstance(one["_RTCRtpReceiver__nack_generator"], NackGenerator)
    assert one["_RTCRtpReceiver__nack_generator"].missing == set()
    assert one["_RTCRtpReceiver__jitter_buffer"].capacity == 512
    assert one["_RTCRtpReceiver__remote_streams"] == {}


async def test_a_tap_changes_one_receiver_and_no_other() -> None:
    one, other = await receiver(), await receiver()
    PacketTap(one, "video", Bytes())
    assert type(vars(other)["_RTCRtpReceiver__decoder_queue"]) is queue.Queue
    assert "_send_rtcp_pli" in vars(one)
    assert "_send_rtcp_pli" not in vars(other)


async def test_pictures_have_a_buffer_of_their_own_and_sounds_have_not() -> None:
    connection = peers.new_connection(LOOPBACK)
    for kind, buffer in (("video", PictureBuffer), ("audio", JitterBuffer)):
        one = connection.addTransceiver(kind, direction="recvonly").receiver
        PacketTap(one, "video" if kind == "video" else "audio", Bytes())
        assert type(vars(one)["_RTCRtpReceiver__jitter_buffer"]) is buffer


def packet(number: int, picture: int, *, last: bool) -> RtpPacket:
    """A packet of a picture, as the receiver puts it into the buffer."""
    made = RtpPacket(sequence_number=number % 65536, timestamp=picture * 3600, marker=int(last))
    made._data = bytes([number % 256])  # type: ignore[attr-defined] # aiortc adds it when it unpacks a packet
    return made


@pytest.mark.parametrize("first", [7, 65535])
def test_a_picture_is_given_with_its_last_packet(first: int) -> None:
    buffer = PictureBuffer()
    given = [buffer.add(packet(first + place, place // 2, last=bool(place % 2)))[1] for place in range(6)]
    assert [frame is not None for frame in given] == [False, True] * 3
    pictures = [frame for frame in given if frame is not None]
    assert [frame.timestamp for frame in pictures] == [0, 3600, 7200]
    assert pictures[1].data == bytes([(first + 2) % 256, (first + 3) % 256])


def test_a_picture_that_lacks_a_packet_waits_for_it() -> None:
    buffer = PictureBuffer()
    assert buffer.add(packet(1, 0, last=False))[1] is None
    assert buffer.add(packet(3, 0, last=True))[1] is None
    assert buffer.add(packet(4, 1, last=True))[1] is None
    late = buffer.add(packet(2, 0, last=False))[1]
    assert late is not None
    assert late.data == bytes([1, 2, 3])
    after = buffer.add(packet(5, 2, last=True))[1]
    assert after is not None
    assert after.data == bytes([4])
    assert buffer.add(packet(2, 0, last=False)) == (False, None)


def test_a_picture_without_a_mark_is_given_with_the_next_one() -> None:
    buffer = PictureBuffer()
    assert buffer.add(packet(1, 0, last=False))[1] is None
    given = buffer.add(packet(2, 1, last=True))[1]
    assert given is not None
    assert (given.timestamp, given.data) == (0, bytes([1]))


async def test_statistics_count_packets_and_what_should_have_come() -> None:
    statistics = StreamStatistics(90_000)
    for number in (1, 2, 4):
        statistics.add(RtpPacket(sequence_number=number))
    assert (statistics.packets_received, statistics.packets_expected) == (3, 4)
    assert isinstance(statistics.jitter, int)


async def test_no_decoder_is_made_where_there_is_a_tap() -> None:
    async with live_stream(CAMERA) as (stream, _):
        taken = await _frames(stream, 10)
    assert all(frame.data for frame in taken)
    assert [frame.pts for frame in taken] == [place * 3600 for place in range(10)]


async def test_reports_and_round_trips_go_on_below_the_tap() -> None:
    async with live_stream(CAMERA) as (stream, unit):
        await _frames(stream, 30)
        transceiver = stream._connection.getTransceivers()[0]
        round_trip_ms = await peers.round_trip_ms(transceiver)
        assert round_trip_ms is not None
        assert 0 <= round_trip_ms < 1000
        await until(lambda: _is_reported(unit), limit_s=5)
        assert stream.figures.fps is not None


async def test_a_sender_tells_of_requests_for_a_keyframe() -> None:
    assert callable(RTCRtpSender._send_keyframe)
    async with live_stream(CAMERA) as (stream, unit):
        await _frames(stream, 2)
        hand_on_requests(unit.connection.getSenders()[0], stream.ask_keyframe)


async def test_a_connection_asks_no_server_that_was_not_given() -> None:
    connection = peers.new_connection(peers.PeerSettings())
    transceiver = connection.addTransceiver("video", direction="recvonly")
    assert peers.ice_of(transceiver).stun_server is None
    assert peers.ice_of(transceiver).turn_server is None
    await connection.close()


async def test_a_stream_given_up_is_missed_and_goes_on_with_the_next_keyframe() -> None:
    async with live_stream(CAMERA) as (stream, _):
        await _frames(stream, 5)
        stream._taps["video"].give_up()
        taken = await _frames(stream, 1)
        assert taken[0].is_keyframe
        assert stream.meter.keyframes_asked <= 1


async def _is_reported(unit: Unit) -> bool:
    """Whether the relay has told the unit that nothing was lost."""
    stats = await unit.connection.getStats()
    return [entry.packetsLost for entry in stats.values() if entry.type == "remote-inbound-rtp"] == [0]


async def _frames(stream: UnitStream, count: int) -> list[EncodedFrame]:
    """The next frames that a viewer is given."""
    seat = stream.join(Viewer("v-taker", "p-taker", "terminal"))
    stream.begin(seat)
    taken = [frame for _ in range(count) if (frame := await seat.lane.next_video())]
    stream.leave(seat, "closed")
    return taken
