"""MQTT 3.1, 3.1.1, 5 and a bridge's 3.1.1, as bytes: so that the matrix can say what no client library would."""

import asyncio
import ssl
from collections.abc import Iterator

from tests.isolation.attempts import Protocol
from tests.support.mqtt import LIMIT_S, packet, text

CONNACK, PUBLISH, PUBACK, PINGRESP = 0x20, 0x30, 0x40, 0xD0
_HEADS: dict[Protocol, bytes] = {
    "3.1": text("MQIsdp") + b"\x03",
    "3.1.1": text("MQTT") + b"\x04",
    "5": text("MQTT") + b"\x05",
    "bridge": text("MQTT") + b"\x84",
}
_CLEAN, _WILL, _WILL_RETAIN = 0x02, 0x04, 0x20
_KEEP_ALIVE_S = 300
_LEAST = 2


def connect(
    protocol: Protocol,
    client_id: str,
    *,
    lasting: bool = False,
    will: tuple[str, bytes] | None = None,
    will_retained: bool = False,
) -> bytes:
    """A CONNECT; a will is of quality of service 1."""
    flags = 0 if lasting else _CLEAN
    fields = text(client_id)
    if will is not None:
        flags |= _WILL | 1 << 3 | (_WILL_RETAIN if will_retained else 0)
        fields += _properties(protocol) + text(will[0]) + text(will[1])
    head = _HEADS[protocol] + bytes([flags]) + _KEEP_ALIVE_S.to_bytes(2, "big")
    return packet(0x10, head + _properties(protocol) + fields)


def publish(protocol: Protocol, topic: str, payload: bytes, qos: int, *, retained: bool = False) -> bytes:
    """A PUBLISH with packet identifier 1."""
    number = b"\x00\x01" if qos else b""
    return packet(PUBLISH | qos << 1 | int(retained), text(topic) + number + _properties(protocol) + payload)


def subscribe(protocol: Protocol, topic_filter: str, qos: int) -> bytes:
    """A SUBSCRIBE with packet identifier 2."""
    return packet(0x82, b"\x00\x02" + _properties(protocol) + text(topic_filter) + bytes([qos]))


def puback(number: int) -> bytes:
    """A PUBACK, of any version."""
    return packet(0x40, number.to_bytes(2, "big"))


class Talk:
    """A TLS connection of packets, read many at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self.ended = False

    def send(self, data: bytes) -> None:
        """Send `data` as it is."""
        self._writer.write(data)

    def cut(self) -> None:
        """Break the connection without a farewell."""
        self.ended = True
        self._writer.transport.abort()

    async def packets(self) -> list[tuple[int, bytes]]:
        """Wait for packets: first byte and body of each; none when the broker ended the connection."""
        while not self.ended:
            found = list(self._whole())
            if found:
                return found
            try:
                data = await self._reader.read(1 << 16)
            except OSError:
                data = b""
            self._buffer += data
            self.ended = not data
        return []

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        while len(self._buffer) >= _LEAST:
            length = shift = 0
            for place in range(1, min(5, len(self._buffer))):
                length |= (self._buffer[place] & 0x7F) << shift
                shift += 7
                if not self._buffer[place] & 0x80:
                    break
            else:
                return
            end = place + 1 + length
            if len(self._buffer) < end:
                return
            yield self._buffer[0], bytes(self._buffer[place + 1 : end])
            del self._buffer[:end]


async def dial(host: str, port: int, context: ssl.SSLContext) -> Talk:
    """A connection; raises OSError, also when it takes too long."""
    async with asyncio.timeout(LIMIT_S):
        return Talk(*await asyncio.open_connection(host, port, ssl=context))


def read_publish(protocol: Protocol, first: int, body: bytes) -> tuple[str, bytes, int]:
    """Topic, payload and packet identifier (0 for none) of a PUBLISH."""
    size = int.from_bytes(body[:2], "big")
    topic, rest = body[2 : 2 + size].decode(errors="replace"), body[2 + size :]
    number = 0
    if first & 0x06:
        number, rest = int.from_bytes(rest[:2], "big"), rest[2:]
    if protocol == "5":
        rest = rest[1 + rest[0] :]
    return topic, rest, number


def _properties(protocol: Protocol) -> bytes:
    return b"\x00" if protocol == "5" else b""
