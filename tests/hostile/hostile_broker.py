"""A broker in the hands of an adversary: it speaks MQTT 3.1.1 and 5 with a certificate of the fleet, and obeys nobody.

It takes everything, acknowledges everything at once, and asks its `Plan` what to pass on. No topic rule holds here.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from tests.isolation.speech import Talk
from tests.support.mqtt import packet, text
from tests.support.tls import Pki

_RETAIN, _QOS_1, _DUP = 0x01, 0x02, 0x08
_MQTT_5 = 5
_WILL = 0x04


class Post(NamedTuple):
    """A message on its way."""

    topic: str
    payload: bytes
    retained: bool = False


class Plan(Protocol):
    """What the adversary does with what it gets."""

    def take(self, post: Post) -> None:
        """A client has sent `post`, or left it as its will; never raises."""


@dataclass(eq=False)
class _Client:
    talk: Talk
    level: int
    client_id: str
    will: Post | None
    filters: list[str] = field(default_factory=list)
    last_id: int = 0

    def post(self, post: Post, *, again: bool = False) -> None:
        self.last_id = self.last_id % 65535 + 1
        head = text(post.topic) + self.last_id.to_bytes(2, "big") + (b"\x00" if self.level == _MQTT_5 else b"")
        first = 0x30 | _QOS_1 | (_RETAIN if post.retained else 0) | (_DUP if again else 0)
        self.talk.send(packet(first, head + post.payload))


class HostileBroker:
    """`async with HostileBroker(pki, directory)`; then give it a `plan`. A `tests.support.mqtt.Broker`."""

    host = "127.0.0.1"

    def __init__(self, pki: Pki, directory: Path, mqtt: str = "5") -> None:
        self.pki = pki
        self.mqtt = mqtt
        self.unit_port = self.controller_port = 0
        self.plan: Plan | None = None
        self._directory = directory
        self._clients: dict[str, _Client] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._door: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port, or again on the same one."""
        files = self.pki.server(self._directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self._directory / "ca.crt")
        context.load_cert_chain(files.chain, files.key)
        self._door = await asyncio.start_server(self._knock, self.host, self.unit_port, ssl=context)
        self.unit_port = self.controller_port = self._door.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Stop listening, and break every connection."""
        if self._door is not None:
            self._door.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def log(self) -> str:
        """An adversary keeps none."""
        return ""

    @property
    def clients(self) -> list[str]:
        """Client ids of those who are connected."""
        return sorted(self._clients)

    def deliver(self, post: Post, *, again: bool = False) -> None:
        """Send `post` to whoever subscribed to its topic."""
        for client in list(self._clients.values()):
            if any(_matches(post.topic, each) for each in client.filters):
                client.post(post, again=again)

    def push(self, client_id: str, post: Post) -> None:
        """Send `post` to one client, whatever it subscribed to."""
        client = self._clients.get(client_id)
        if client is not None:
            client.post(post)

    def cut(self, client_id: str) -> None:
        """Break the client's connection."""
        client = self._clients.get(client_id)
        if client is not None:
            client.talk.cut()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.kill()

    def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Talk(reader, writer)), name="hostile broker: connection")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, talk: Talk) -> None:
        client: _Client | None = None
        try:
            while packets := await talk.packets():
                for first, body in packets:
                    if first >> 4 == 1:
                        client = _connected(talk, body)
                        old = self._clients.get(client.client_id)
                        if old is not None:
                            old.talk.cut()
                        self._clients[client.client_id] = client
                    elif client is not None:
                        self._obey(client, first, body)
        finally:
            talk.cut()
            if client is not None:
                if self._clients.get(client.client_id) is client:
                    del self._clients[client.client_id]
                if client.will is not None:
                    self._hand_over(client.will)

    def _obey(self, client: _Client, first: int, body: bytes) -> None:
        is_5 = client.level == _MQTT_5
        match first >> 4:
            case 3:
                self._published(client, first, body)
            case 8:
                number, rest = body[:2], body[2:]
                rest = rest[1 + rest[0] :] if is_5 else rest
                granted = b""
                while rest:
                    topic_filter, rest = _text(rest)
                    client.filters.append(topic_filter)
                    granted, rest = granted + b"\x01", rest[1:]
                client.talk.send(packet(0x90, number + (b"\x00" if is_5 else b"") + granted))
            case 12:
                client.talk.send(b"\xd0\x00")
            case 14:
                client.will = None
            case _:
                pass  # PUBACKs, mostly: who keeps nothing needs none

    def _published(self, client: _Client, first: int, body: bytes) -> None:
        topic, rest = _text(body)
        if first & 0x06:
            client.talk.send(packet(0x40, rest[:2]))
            rest = rest[2:]
        if client.level == _MQTT_5:
            size, used = _varint(rest)
            rest = rest[used + size :]
        self._hand_over(Post(topic, rest))

    def _hand_over(self, post: Post) -> None:
        if self.plan is None:
            self.deliver(post)
        else:
            self.plan.take(post)


def _connected(talk: Talk, body: bytes) -> _Client:
    _, rest = _text(body)
    level, flags, rest = rest[0], rest[1], rest[4:]
    rest = _without_properties(level, rest)
    client_id, rest = _text(rest)
    will = None
    if flags & _WILL:
        rest = _without_properties(level, rest)
        topic, rest = _text(rest)
        size = int.from_bytes(rest[:2], "big")
        will = Post(topic, rest[2 : 2 + size])
    talk.send(packet(0x20, b"\x00\x00" + (b"\x00" if level == _MQTT_5 else b"")))
    return _Client(talk, level, client_id, will)


def _without_properties(level: int, data: bytes) -> bytes:
    if level != _MQTT_5:
        return data
    size, used = _varint(data)
    return data[used + size :]


def _varint(data: bytes) -> tuple[int, int]:
    value = 0
    for place in range(4):
        value |= (data[place] & 0x7F) << 7 * place
        if not data[place] & 0x80:
            return value, place + 1
    raise ValueError("a length of more than four bytes")


def _text(data: bytes) -> tuple[str, bytes]:
    size = int.from_bytes(data[:2], "big")
    return data[2 : 2 + size].decode(), data[2 + size :]


def _matches(topic: str, topic_filter: str) -> bool:
    levels, wanted = topic.split("/"), topic_filter.split("/")
    return len(levels) == len(wanted) and all(one in {"+", level} for one, level in zip(wanted, levels, strict=True))
