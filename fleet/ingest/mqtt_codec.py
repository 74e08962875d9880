"""MQTT 3.1.1 as ingest speaks it, without I/O: bytes in, packets out.

Every length is bounded before anything is waited for: a PUBLISH above the payload limit is not gathered but skipped
as it streams in, and reported with its topic, so that one oversized message stops nobody. Source: OASIS MQTT 3.1.1.
"""

from collections.abc import Iterable, Sequence

import msgspec

from fleet.ingest.errors import MalformedPacket
from protocols.topics import MAX_PAYLOAD_BYTES

_PUBLISH = 3
_HEAD_ROOM_BYTES = 1024
"""How much topic and packet id may add to the largest payload before a message counts as oversized."""
_LONGEST_ANSWER = 64
"""Bytes of any packet that is not a PUBLISH; a SUBACK has two and one for each filter."""

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message. `packet_id` is 0 for QoS 0, which needs no acknowledgement."""

    topic: str
    payload: bytes
    packet_id: int


class OversizedPublish(msgspec.Struct, frozen=True, gc=False):
    """A message whose payload of `size_bytes` was thrown away unread."""

    topic: str
    size_bytes: int
    packet_id: int


class Connack(msgspec.Struct, frozen=True, gc=False):
    """The answer to CONNECT; return code 0 is success."""

    code: int
    session_present: bool


class Suback(msgspec.Struct, frozen=True, gc=False):
    """The answer to SUBSCRIBE: for each filter the QoS granted, or 128 for refused."""

    packet_id: int
    granted: tuple[int, ...]


class Pingresp(msgspec.Struct, frozen=True, gc=False):
    """The answer to PINGREQ."""


Packet = Publish | OversizedPublish | Connack | Suback | Pingresp


class PacketReader:
    """Splits what a broker sends into packets. After MalformedPacket it must not be fed again."""

    def __init__(self, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        """Payloads above `max_payload_bytes` come out as OversizedPublish."""
        self._gathered_bytes = max_payload_bytes + _HEAD_ROOM_BYTES
        self._rest = b""
        self._to_skip_bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes kept until the rest of their packet comes; bounded by the largest message gathered."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes; raises MalformedPacket."""
        if self._to_skip_bytes:
            skipped = min(self._to_skip_bytes, len(data))
            self._to_skip_bytes -= skipped
            data = data[skipped:]
        if self._rest:
            data = self._rest + data
        packets: list[Packet] = []
        start, end = 0, len(data)
        while end - start >= 2:
            kind, length = data[start], data[start + 1]
            body = start + 2
            if length & 0x80:
                read = _length(data, start + 1)
                if read is None:
                    break
                length, body = read
            if length > _LONGEST_ANSWER and kind >> 4 != _PUBLISH:
                raise MalformedPacket(f"packet type {kind >> 4} of {length} bytes")
            if length > self._gathered_bytes:
                after = self._skip(data, kind, body, length, packets)
                if after is None:
                    break
                start = after
                continue
            after = body + length
            if after > end:
                break
            packets.append(
                _publish(data, kind, body, after) if kind >> 4 == _PUBLISH else _other(kind, data[body:after])
            )
            start = after
        self._rest = data[start:]
        return packets

    def _skip(self, data: bytes, kind: int, body: int, length: int, packets: list[Packet]) -> int | None:
        """Report the oversized message at `body` and return where reading goes on; None until its head is here."""
        if len(data) - body < 2:
            return None
        head = 2 + int.from_bytes(data[body : body + 2]) + (2 if kind & 0x06 else 0)
        if head > length:
            raise MalformedPacket("a PUBLISH shorter than its topic")
        if len(data) - body < head:
            return None
        message = _publish(data, kind, body, body + head)
        packets.append(OversizedPublish(message.topic, length - head, message.packet_id))
        after = min(body + length, len(data))
        self._to_skip_bytes = body + length - after
        return after


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """The remaining length at `at` and where the body begins; None while it is incomplete."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, at + index + 1
    raise MalformedPacket("a remaining length of more than four bytes")


def _publish(data: bytes, kind: int, body: int, end: int) -> Publish:
    qos = kind & 0x06
    topic_at = body + 2
    payload_at = topic_at + ((data[body] << 8) | data[body + 1]) if end >= topic_at else end + 1
    packet_id = 0
    if qos:
        if qos != 0x02:
            raise MalformedPacket("a PUBLISH with a quality of service that was not subscribed to")
        if payload_at + 2 <= end:
            packet_id = (data[payload_at] << 8) | data[payload_at + 1]
        if not packet_id:
            raise MalformedPacket("a PUBLISH without packet id")
        topic_end, payload_at = payload_at, payload_at + 2
    else:
        topic_end = payload_at
    if payload_at > end:
        raise MalformedPacket("a PUBLISH shorter than its topic")
    try:
        topic = data[topic_at:topic_end].decode()
    except UnicodeDecodeError as error:
        raise MalformedPacket("a topic that is not UTF-8") from error
    return Publish(topic, data[payload_at:end], packet_id)


def _other(kind: int, body: bytes) -> Packet:
    match kind, len(body):
        case 0x20, 2 if body[0] <= 1:
            return Connack(body[1], bool(body[0]))
        case 0x90, size if size >= 3:
            return Suback(int.from_bytes(body[:2]), tuple(body[2:]))
        case 0xD0, 0:
            return Pingresp()
    raise MalformedPacket(f"packet type {kind >> 4}, flags {kind & 15}, {len(body)} bytes")


def connect(client_id: str, keep_alive_s: int) -> bytes:
    """CONNECT with a clean session, no will and no password."""
    body = _text("MQTT") + bytes([4, 0x02]) + keep_alive_s.to_bytes(2) + _text(client_id)
    return b"\x10" + _encoded_length(len(body)) + body


def subscribe(packet_id: int, filters: Sequence[str]) -> bytes:
    """SUBSCRIBE to each of `filters` at QoS 1."""
    body = packet_id.to_bytes(2) + b"".join(_text(one) + b"\x01" for one in filters)
    return b"\x82" + _encoded_length(len(body)) + body


def pubacks(packet_ids: Iterable[int]) -> bytes:
    """One PUBACK for each id, in order."""
    return b"".join(b"@\x02" + packet_id.to_bytes(2) for packet_id in packet_ids)


def publish(topic: str, payload: bytes) -> bytes:
    """PUBLISH at QoS 0."""
    head = _text(topic)
    return b"\x30" + _encoded_length(len(head) + len(payload)) + head + payload


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2) + encoded


def _encoded_length(length: int) -> bytes:
    encoded = bytearray()
    while True:
        length, low = divmod(length, 128)
        encoded.append(low | (0x80 if length else 0))
        if not length:
            return bytes(encoded)
