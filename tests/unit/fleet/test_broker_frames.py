"""Packets from a stream, bounded before they are read."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.broker import frames
from fleet.broker.errors import PeerFault
from fleet.broker.frames import Frame, read_frame
from fleet.broker.packets import read_packet
from tests.support.mqtt import connect_packet, packet, publish_packet, subscribe_packet, text

LIMIT = 1000


class Stream:
    """Bytes to read, and the largest count that was ever asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.most = 0

    async def read_exactly(self, count: int) -> bytes:
        self.most = max(self.most, count)
        if count > len(self.data):
            partial, self.data = self.data, b""
            raise asyncio.IncompleteReadError(partial, count)
        taken, self.data = self.data[:count], self.data[count:]
        return taken


async def read_all(data: bytes) -> list[Frame]:
    stream = Stream(data)
    found = []
    while (frame := await read_frame(stream.read_exactly, LIMIT)) is not None:
        found.append(frame)
    assert stream.most <= LIMIT
    return found


@given(st.lists(st.binary(max_size=LIMIT), max_size=5))
def test_frames_come_back_as_they_were_sent(bodies: list[bytes]) -> None:
    sent = b"".join(packet(0x30, body) for body in bodies)
    assert asyncio.run(read_all(sent)) == [Frame(frames.PUBLISH, 0, body) for body in bodies]


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused_and_never_more_than_the_limit(noise: bytes) -> None:
    async def read() -> str:
        try:
            found = await read_all(noise)
        except PeerFault as fault:
            return fault.reason
        return "whole" if sum(len(frame.body) for frame in found) <= len(noise) else "more than was sent"

    assert asyncio.run(read()) in {"whole", "malformed", "too-large", "cut-short"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packet(0x30, b"x" * (LIMIT + 1)), "too-large"),
        (b"\x30\xff\xff\xff\x7f", "too-large"),
        (b"\x30\xff\xff\xff\xff\x01", "malformed"),
        (b"\x30\x05abc", "cut-short"),
        (b"\x30", "cut-short"),
        (b"\x00\x00", "malformed"),
        (b"\xf0\x00", "malformed"),
        (b"\x20\x02\x00\x00", "malformed"),
        (b"\x80\x00", "malformed"),
        (b"\x50\x02\x00\x01", "malformed"),
        (b"\x62\x02\x00\x01", "malformed"),
    ],
    ids=["over", "huge", "long-length", "cut", "bare", "type-0", "type-15", "connack", "flags", "pubrec", "pubrel"],
)
async def test_faulty_frames_are_named(data: bytes, reason: str) -> None:
    with pytest.raises(PeerFault) as caught:
        await read_all(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "good",
    [
        connect_packet("unit-0000000a", will=("up/unit-0000000a/lwt", b"\xff\x00")),
        publish_packet("up/unit-0000000a/health", b"payload"),
        publish_packet("up/unit-0000000a/health", b"", qos=1),
        subscribe_packet("down/unit-0000000a/ack", "down/unit-0000000a/command"),
        packet(0xA2, b"\x00\x07" + text("down/unit-0000000a/ack")),
        packet(0x40, b"\x00\x07"),
        packet(0xC0, b""),
        packet(0xE0, b""),
    ],
    ids=["connect", "publish", "publish-1", "subscribe", "unsubscribe", "puback", "pingreq", "disconnect"],
)
async def test_whole_packets_are_read(good: bytes) -> None:
    (frame,) = await read_all(good)
    assert (await read_packet(frame)).fixed_header.packet_type == frame.packet_type


@pytest.mark.parametrize(
    "body",
    [
        (0x30, b"\xff\xff"),
        (0x30, b"\x00\x05ab"),
        (0x30, text("a/+")),
        (0x30, text(b"\xff\xfe") + b"x"),
        (0x32, text("topic")),
        (0x82, b"\x00\x01" + text("a")),
        (0x82, b"\x00\x01" + text("a") + b"\x01\x00"),
        (0x82, b"\x00"),
        (0x40, b"\x00"),
        (0x40, b"\x00\x01\x02"),
        (0xC0, b"x"),
        (0xE0, b"x"),
        (0x10, text("MQTT") + b"\x04"),
        (0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("unit") + b"surplus"),
    ],
)
async def test_packets_that_do_not_fill_their_length_are_malformed(body: tuple[int, bytes]) -> None:
    (frame,) = await read_all(packet(*body))
    with pytest.raises(PeerFault) as caught:
        await read_packet(frame)
    assert caught.value.reason == "malformed"


@given(st.sampled_from([0x10, 0x30, 0x32, 0x40, 0x82, 0xA2, 0xC0, 0xE0]), st.binary(max_size=60))
def test_no_body_breaks_the_reading(first: int, body: bytes) -> None:
    async def read() -> str:
        (frame,) = await read_all(packet(first, body))
        try:
            await read_packet(frame)
        except PeerFault as fault:
            return fault.reason
        return "read"

    assert asyncio.run(read()) in {"read", "malformed"}
