"""The receive-side codec: against paho's own bytes, against hostile bytes, however they are cut."""

import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from fleet.ingest import mqtt_codec as codec
from fleet.ingest.errors import MalformedPacket

TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=60)
PUBLISHES = st.builds(codec.Publish, TOPICS, st.binary(max_size=300), st.integers(0, 65_535))

NO_SOCKET = socket.socket()


def frame(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + codec._encoded_length(len(body)) + body


def publish_bytes(message: codec.Publish) -> bytes:
    packet_id = message.packet_id.to_bytes(2) if message.packet_id else b""
    return frame(0x32 if message.packet_id else 0x30, codec._text(message.topic) + packet_id + message.payload)


def paho(client_id: str = "") -> Client:
    """A paho client that believes it is connected."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    client._sock = NO_SOCKET
    return client


def paho_bytes(client: Client) -> bytes:
    """What paho would write now."""
    written = b"".join(bytes(packet["packet"]) for packet in client._out_packet)
    client._out_packet.clear()
    return written


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[first:last] for first, last in pairwise(edges)]


def test_what_we_write_is_what_paho_writes() -> None:
    client = paho("controller-ingest-a")
    client._send_connect(30)
    assert paho_bytes(client) == codec.connect("controller-ingest-a", 30)
    client._send_subscribe(dup=False, topics=[(b"up/+/health", 1), (b"$share/fleet/up/+/lwt", 1)])
    assert paho_bytes(client) == codec.subscribe(1, ["up/+/health", "$share/fleet/up/+/lwt"])
    client._send_puback(1)
    client._send_puback(65_535)
    assert paho_bytes(client) == codec.pubacks([1, 65_535])
    client._send_pingreq()
    assert paho_bytes(client) == codec.PINGREQ
    client._send_disconnect()
    assert paho_bytes(client) == codec.DISCONNECT


def test_golden_frames() -> None:
    assert codec.connect("ab", 60).hex() == "100e00044d5154540402003c00026162"
    assert codec.subscribe(7, ["a/b"]).hex() == "820800070003612f6201"
    read = codec.PacketReader().feed(bytes.fromhex("20020100 9003000701 d000 32090003612f62000a6869"))
    assert read == [
        codec.Connack(0, session_present=True),
        codec.Suback(7, (1,)),
        codec.Pingresp(),
        codec.Publish("a/b", b"hi", 10),
    ]


@given(PUBLISHES, st.booleans(), st.booleans())
def test_reads_what_paho_publishes(message: codec.Publish, retain: bool, dup: bool) -> None:
    client = paho()
    qos = 1 if message.packet_id else 0
    client._send_publish(message.packet_id, message.topic.encode(), message.payload, qos, retain, dup)
    assert codec.PacketReader().feed(paho_bytes(client)) == [message]


@given(TOPICS, st.binary(max_size=300) | st.just(bytes(20_000)))
def test_publishes_what_paho_publishes(topic: str, payload: bytes) -> None:
    client = paho()
    client._send_publish(0, topic.encode(), payload, 0)
    assert codec.publish(topic, payload) == paho_bytes(client)
    assert codec.PacketReader().feed(codec.publish(topic, payload)) == [codec.Publish(topic, payload, 0)]


@given(st.lists(PUBLISHES, max_size=6), st.lists(st.integers(0, 3000), max_size=8))
def test_reads_the_same_however_the_stream_is_cut(messages: list[codec.Publish], places: list[int]) -> None:
    stream = b"".join(map(publish_bytes, messages)) + b"\xd0\x00"
    reader = codec.PacketReader()
    read = [packet for part in cut(stream, places) for packet in reader.feed(part)]
    assert read == [*messages, codec.Pingresp()]
    assert reader.waiting_bytes == 0


@given(st.integers(0, 400), st.lists(st.integers(0, 3000), max_size=5), PUBLISHES)
def test_skips_an_oversized_message_and_reads_on(excess: int, places: list[int], following: codec.Publish) -> None:
    limit_bytes = 100
    size = limit_bytes + codec._HEAD_ROOM_BYTES + excess
    stream = publish_bytes(codec.Publish("up/unit-one/health", bytes(size), 9)) + publish_bytes(following)
    reader = codec.PacketReader(limit_bytes)
    read = []
    for part in cut(stream, places):
        read += reader.feed(part)
        assert reader.waiting_bytes <= limit_bytes + codec._HEAD_ROOM_BYTES + 5
    assert read == [codec.OversizedPublish("up/unit-one/health", size, 9), following]


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_read_refused_or_waited_for_within_bounds(parts: list[bytes]) -> None:
    reader = codec.PacketReader()
    try:
        for part in parts:
            for packet in reader.feed(part):
                assert isinstance(packet, codec.Packet)
    except MalformedPacket:
        return
    assert reader.waiting_bytes <= sum(map(len, parts))


@given(st.integers(0, 255), st.binary(max_size=40))
def test_any_single_packet_is_read_or_refused(kind: int, body: bytes) -> None:
    reader = codec.PacketReader()
    try:
        packets = reader.feed(frame(kind, body))
    except MalformedPacket:
        return
    assert len(packets) == 1
    assert reader.waiting_bytes == 0


@pytest.mark.parametrize(
    ("hexadecimal", "says"),
    [
        ("30ffffffff01", "more than four"),
        ("320300016 1", "without packet id"),
        ("3205000161 0000", "without packet id"),
        ("3405000161 0001", "not subscribed"),
        ("3003000561", "shorter than its topic"),
        ("3000", "shorter than its topic"),
        ("3203000561", "without packet id"),
        ("3003 0001ff", "not UTF-8"),
        ("2002 0200", "packet type 2"),
        ("2003 000000", "packet type 2"),
        ("9002 0001", "packet type 9"),
        ("d001 00", "packet type 13"),
        ("1000", "packet type 1"),
        ("f000", "packet type 15"),
        ("20ffff7f", "packet type 2"),
    ],
)
def test_refuses(hexadecimal: str, says: str) -> None:
    with pytest.raises(MalformedPacket, match=says):
        codec.PacketReader().feed(bytes.fromhex(hexadecimal.replace(" ", "")))


def test_a_topic_that_claims_more_than_its_oversized_message_is_refused() -> None:
    with pytest.raises(MalformedPacket, match="shorter than its topic"):
        codec.PacketReader(10).feed(frame(0x30, b"\xff\xff" + bytes(2000)))
