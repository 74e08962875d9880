"""The subscriber against brokers that refuse, break off, fall silent or send nonsense: it says so and tries again."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
import structlog
from structlog.testing import capture_logs

from fleet.broker_address import BrokerAddress
from fleet.ingest import subscriber as under_test
from fleet.ingest.link import Link
from fleet.ingest.mqtt_codec import OversizedPublish, Publish
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.metrics import Metrics
from tests.support.mqtt import packet, publish_packet
from tests.support.reporting import until
from tests.support.tls import Pki

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behaviour: TypeAlias = Callable[[Reader, Writer], Awaitable[None]]

CONNACK = packet(0x20, b"\0\0")
SUBACK = packet(0x90, b"\0\1" + b"\1" * len(filters()))


async def read_packet(reader: Reader) -> bytes:
    head = await reader.readexactly(2)
    assert head[1] < 0x80, "the packets read here are short"
    return head + await reader.readexactly(head[1])


async def welcome(reader: Reader, writer: Writer) -> None:
    """Take the connection and the subscription, as a broker should."""
    await read_packet(reader)
    writer.write(CONNACK)
    await reader.readexactly(2 + 2 + sum(len(one) + 3 for one in filters()))
    writer.write(SUBACK)


class Received:
    """What the subscriber passed on."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.packets: list[Publish | OversizedPublish] = []

    def receive(self, link: Link, packets: Sequence[Publish | OversizedPublish]) -> None:
        self.links.append(link)
        self.packets.extend(packets)


@asynccontextmanager
async def subscribed(pki: Pki, behaviours: list[Behaviour]) -> AsyncIterator[tuple[MqttSubscriber, Received]]:
    """A subscriber on a broker that behaves in these ways, one a connection, and the last from then on."""
    left = list(behaviours)

    async def serve(reader: Reader, writer: Writer) -> None:
        behaviour = left.pop(0) if len(left) > 1 else left[0]
        try:
            await behaviour(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    files = pki.server(pki.directory / "server")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files.key.parent / "ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files.chain, files.key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    address = BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1], pki.context(pki.controller()))
    subscriber = MqttSubscriber(address, "controller-ingest-test", filters(), Metrics())
    received = Received()
    running = asyncio.create_task(subscriber.run(received.receive))
    try:
        yield subscriber, received
        assert not running.done(), "a subscriber never ends by itself"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki.create(tmp_path / "pki")


async def refuses_to_connect(reader: Reader, writer: Writer) -> None:
    await read_packet(reader)
    writer.write(packet(0x20, b"\0\5"))
    await reader.read()


async def refuses_to_subscribe(reader: Reader, writer: Writer) -> None:
    await read_packet(reader)
    writer.write(CONNACK)
    await reader.readexactly(2 + 2 + sum(len(one) + 3 for one in filters()))
    writer.write(packet(0x90, b"\0\1\1\x80" + b"\1" * (len(filters()) - 2)))
    await reader.read()


async def answers_something_else(reader: Reader, writer: Writer) -> None:
    await read_packet(reader)
    writer.write(SUBACK)
    await reader.read()


async def talks_nonsense(reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def is_silent(reader: Reader, writer: Writer) -> None:
    await reader.read()


async def closes_at_once(reader: Reader, writer: Writer) -> None:
    return


async def falls_silent(reader: Reader, writer: Writer) -> None:
    await welcome(reader, writer)
    await reader.read()


async def breaks_off(reader: Reader, writer: Writer) -> None:
    await welcome(reader, writer)
    writer.write(publish_packet("up/unit-abcd2345/health", b"{}")[:-1])
    await writer.drain()


async def good(reader: Reader, writer: Writer) -> None:
    await welcome(reader, writer)
    while True:
        if await read_packet(reader) == b"\xc0\0":
            writer.write(b"\xd0\0")


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (refuses_to_connect, "does not authorise this certificate"),
        (refuses_to_subscribe, "refuses the subscription 'up/+/event'"),
        (answers_something_else, "answered CONNECT with something else"),
        (talks_nonsense, "not MQTT 3.1.1"),
        (is_silent, "no CONNACK"),
        (closes_at_once, "closed the connection"),
        (falls_silent, "no PINGRESP"),
        (breaks_off, "closed the connection"),
    ],
)
async def test_a_bad_connection_is_told_of_and_the_next_one_is_used(
    pki: Pki, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour, says: str
) -> None:
    monkeypatch.setattr(under_test, "_ANSWER_LIMIT_S", 0.3)
    monkeypatch.setattr(under_test, "_PING_EVERY_S", 0.1)
    monkeypatch.setattr(under_test, "_log", structlog.get_logger())
    with capture_logs() as logs:
        async with subscribed(pki, [behaviour, good]) as (subscriber, received):
            await until(lambda: any(says in log.get("detail", "") for log in logs))
            await until(lambda: subscriber.listening_since is not None)
            since = subscriber.listening_since
            await until(lambda: len([log for log in logs if log["event"] == "ingest listens"]) >= 1)
            assert subscriber.listening_since == since
            assert received.packets == []


async def test_messages_pass_and_are_acknowledged_in_order(pki: Pki) -> None:
    heard: list[bytes] = []

    async def sends(reader: Reader, writer: Writer) -> None:
        await welcome(reader, writer)
        for number in (7, 8):
            writer.write(publish_packet("up/unit-abcd2345/health", b"{}", qos=1, packet_id=number))
        while True:
            heard.append(await read_packet(reader))

    async with subscribed(pki, [sends]) as (_, received):
        await until(lambda: len(received.packets) == 2)
        received.links[0].acknowledge([7, 8])
        received.links[0].acknowledge([])
        await until(lambda: len(heard) == 2)
    assert heard == [b"\x40\2\0\7", b"\x40\2\0\x08"]
    assert received.packets == [Publish("up/unit-abcd2345/health", b"{}", number) for number in (7, 8)]


async def test_a_paused_link_reads_nothing_until_it_is_resumed(pki: Pki) -> None:
    more = asyncio.Event()

    async def sends(reader: Reader, writer: Writer) -> None:
        await welcome(reader, writer)
        writer.write(publish_packet("up/unit-abcd2345/health", b"first"))
        await more.wait()
        for _ in range(2000):
            writer.write(publish_packet("up/unit-abcd2345/health", bytes(60_000)))
            await writer.drain()
        await reader.read()

    async with subscribed(pki, [sends]) as (_, received):
        await until(lambda: len(received.packets) == 1)
        received.links[0].pause()
        received.links[0].pause()
        more.set()
        await asyncio.sleep(0.3)
        assert len(received.packets) == 1
        received.links[0].resume()
        await until(lambda: len(received.packets) == 2001)


async def test_a_link_that_has_ended_does_nothing(pki: Pki) -> None:
    async def sends(reader: Reader, writer: Writer) -> None:
        await welcome(reader, writer)
        writer.write(publish_packet("up/unit-abcd2345/health", b"{}", qos=1))
        await writer.drain()

    connected_again = asyncio.Event()
    got: list[bytes] = []

    async def listens(reader: Reader, writer: Writer) -> None:
        await welcome(reader, writer)
        connected_again.set()
        while True:
            got.append(await read_packet(reader))

    async with subscribed(pki, [sends, listens]) as (_, received):
        async with asyncio.timeout(10):
            await connected_again.wait()
        link = received.links[0]
        link.pause()
        link.resume()
        link.acknowledge([1])
    assert all(one[0] != 0x40 for one in got), "an acknowledgement went over another connection"


async def test_answers_wait_while_the_broker_takes_no_more(pki: Pki) -> None:
    read_on = asyncio.Event()
    total = 0

    async def is_slow(reader: Reader, writer: Writer) -> None:
        nonlocal total
        await welcome(reader, writer)
        await read_on.wait()
        while data := await reader.read(65_536):
            total += len(data)

    async with subscribed(pki, [is_slow]) as (subscriber, _):
        async with asyncio.timeout(10):
            await subscriber.writable()
        published = 0
        waiting = asyncio.ensure_future(subscriber.writable())
        await asyncio.sleep(0)
        while waiting.done():
            subscriber.publish([("down/unit-abcd2345/ack", bytes(60_000))])
            published += 1
            waiting = asyncio.ensure_future(subscriber.writable())
            await asyncio.sleep(0)
            assert published < 10_000, "nothing bounds what waits to be sent"
        read_on.set()
        async with asyncio.timeout(10):
            await waiting
        await until(lambda: total >= published * 60_000)


async def test_answers_wait_for_a_connection(pki: Pki) -> None:
    async with subscribed(pki, [refuses_to_connect, good]) as (subscriber, _):
        subscriber.publish([("down/unit-abcd2345/ack", b"lost")])
        async with asyncio.timeout(10):
            await subscriber.writable()
        assert subscriber.listening_since is not None
