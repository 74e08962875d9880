"""MQTT clients for tests: aiomqtt for what a good client does, bare packets for what it would never send."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import aiomqtt

from protocols.topics import unmounted
from tests.support.tls import ClientFiles, Pki

LIMIT_S = 10.0
PINGREQ = b"\xc0\x00"
_PINGRESP = 0xD0


class Broker(Protocol):
    """What the two brokers under test have in common."""

    pki: Pki
    host: str
    mqtt: str
    unit_port: int
    controller_port: int

    async def start(self) -> None: ...
    async def kill(self) -> None: ...
    def log(self) -> str: ...


def client(
    broker: Broker, files: ClientFiles, identifier: str, *, port: int, will: aiomqtt.Will | None = None
) -> aiomqtt.Client:
    """An aiomqtt client with the certificate in `files`."""
    version = aiomqtt.ProtocolVersion.V5 if broker.mqtt == "5" else aiomqtt.ProtocolVersion.V311
    context = broker.pki.context(files)
    return aiomqtt.Client(
        broker.host, port, identifier=identifier, will=will, protocol=version, tls_context=context, timeout=LIMIT_S
    )


def unit_client(
    broker: Broker, files: ClientFiles, unit_id: str, *, will: aiomqtt.Will | None = None
) -> aiomqtt.Client:
    """A unit's client, with its id as client id, on the units' port."""
    return client(broker, files, unit_id, port=broker.unit_port, will=will)


def controller_client(broker: Broker, files: ClientFiles, name: str = "controller-test") -> aiomqtt.Client:
    """A controller's client on the controllers' port."""
    return client(broker, files, name, port=broker.controller_port)


async def received_until(reader: aiomqtt.Client, last: bytes) -> list[tuple[str, bytes]]:
    """Topics (without a mount point) and payloads of what `reader` gets before the payload `last`; TimeoutError when
    that never comes."""
    received: list[tuple[str, bytes]] = []
    async with asyncio.timeout(LIMIT_S):
        async for message in reader.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if payload == last:
                return received
            received.append((unmounted(message.topic.value), payload))
    raise AssertionError("the client stopped reading")


async def until_disconnected(reader: aiomqtt.Client) -> None:
    """Wait until the broker ends `reader`'s connection; TimeoutError when it does not."""
    try:
        async with asyncio.timeout(LIMIT_S):
            async for _ in reader.messages:
                pass
    except aiomqtt.MqttError:
        return


def text(value: str | bytes) -> bytes:
    """A string with its two-byte length."""
    encoded = value.encode() if isinstance(value, str) else value
    return len(encoded).to_bytes(2, "big") + encoded


def packet(first_byte: int, body: bytes) -> bytes:
    """An MQTT packet: its first byte, the length of `body`, and `body`."""
    length, rest = bytearray(), len(body)
    while True:
        rest, low = divmod(rest, 128)
        length.append(low | (0x80 if rest else 0))
        if not rest:
            return bytes([first_byte]) + bytes(length) + body


def connect_packet(
    client_id: str, *, will: tuple[str, bytes] | None = None, flags: int = 0x02, level: int = 4, keepalive_s: int = 60
) -> bytes:
    """A CONNECT; `flags` are the connect flags (clean session unless told), those of a will are added."""
    flags |= 0x04 if will else 0
    fields = text(client_id) + (text(will[0]) + text(will[1]) if will else b"")
    return packet(0x10, text("MQTT") + bytes([level, flags]) + keepalive_s.to_bytes(2, "big") + fields)


def publish_packet(topic: str, payload: bytes, *, qos: int = 0, retain: bool = False, packet_id: int = 1) -> bytes:
    """A PUBLISH."""
    number = packet_id.to_bytes(2, "big") if qos else b""
    return packet(0x30 | qos << 1 | int(retain), text(topic) + number + payload)


def subscribe_packet(*filters: str, qos: int = 1, packet_id: int = 1) -> bytes:
    """A SUBSCRIBE."""
    return packet(0x82, packet_id.to_bytes(2, "big") + b"".join(text(each) + bytes([qos]) for each in filters))


class Wire:
    """A bare connection to a broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Send `data` as it is."""
        self.writer.write(data)

    async def read(self) -> tuple[int, bytes] | None:
        """The next packet's first byte and body; None when the broker ended the connection."""
        try:
            async with asyncio.timeout(LIMIT_S):
                first = (await self.reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    byte = (await self.reader.readexactly(1))[0]
                    length |= (byte & 0x7F) << shift
                    shift += 7
                    if not byte & 0x80:
                        return first, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def connect(self, data: bytes) -> int | None:
        """Send a CONNECT; the return code of the CONNACK, None when the broker ended the connection instead."""
        self.send(data)
        answer = await self.read()
        return answer[1][1] if answer is not None else None


@asynccontextmanager
async def wire(host: str, port: int, context: ssl.SSLContext) -> AsyncIterator[Wire]:
    """A bare TLS connection, cut without farewell at the end."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def stands_after(broker: Broker, files: ClientFiles, client_id: str, data: bytes, *, port: int) -> bool:
    """Connect, send `data`, and wait until the broker has dealt with it; whether it left the connection standing."""
    async with wire(broker.host, port, broker.pki.context(files)) as bare:
        assert await bare.connect(connect_packet(client_id)) == 0
        bare.send(data + PINGREQ)
        while (answer := await bare.read()) is not None:
            if answer[0] == _PINGRESP:
                return True
        return False


async def connect_code(host: str, port: int, context: ssl.SSLContext, data: bytes) -> int | None:
    """What a CONNECT of these bytes is answered with; None when there is no CONNACK or no TLS at all."""
    try:
        async with wire(host, port, context) as bare:
            return await bare.connect(data)
    except OSError:
        return None
