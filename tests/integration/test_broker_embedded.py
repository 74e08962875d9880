"""The embedded broker alone: bounds, silence, take-over, and that nothing is left behind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from fleet.broker.embedded import EmbeddedBroker
from fleet.broker.errors import NotLoopback, PortTaken, TlsUnusable
from fleet.broker.limits import MAX_PACKET_BYTES, Limits
from protocols.topics import MAX_PAYLOAD_BYTES, down, up
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mqtt import (
    LIMIT_S,
    Wire,
    connect_packet,
    controller_client,
    packet,
    publish_packet,
    received_until,
    subscribe_packet,
    text,
    unit_client,
    wire,
)
from tests.support.tls import ClientFiles, Pki

UNIT, OTHER = "unit-0000000a", "unit-0000000b"
HOST = "127.0.0.1"
DISCONNECT = packet(0xE0, b"")


class Bench:
    """A broker in this process, and the certificates of its clients."""

    def __init__(self, broker: EmbeddedBroker, pki: Pki) -> None:
        self.broker = broker
        self.pki = pki
        self.files: dict[str, ClientFiles] = {UNIT: pki.unit(UNIT), OTHER: pki.unit(OTHER)}
        self.files["controller"] = pki.controller()
        self.host, self.mqtt = HOST, "3.1.1"
        self.unit_port = self.controller_port = broker.port

    async def start(self) -> None:
        raise NotImplementedError

    async def kill(self) -> None:
        raise NotImplementedError

    def log(self) -> str:
        return ""

    @asynccontextmanager
    async def bare(self, identity: str, client_id: str | None = None, keepalive_s: int = 60) -> AsyncIterator[Wire]:
        """A connection of `identity`, past its CONNACK."""
        async with wire(HOST, self.unit_port, self.pki.context(self.files[identity])) as bare:
            assert await bare.connect(connect_packet(client_id or identity, keepalive_s=keepalive_s)) == 0
            yield bare

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; the loop turns meanwhile."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110  # what is looked at is the broker's own state
                await asyncio.sleep(0)

    async def left_behind(self) -> None:
        """Wait until no connection is left, then check that nothing else is."""
        broker = self.broker
        await self.until(lambda: not broker._connections)
        assert (broker._serving, broker._sessions, broker._subscriptions) == ({}, {}, {})
        await self.until(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith("broker-")])


Start = Callable[[Limits], Awaitable[Bench]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    pki = Pki.create(tmp_path / "pki")
    pki.server(tmp_path / "server")
    async with AsyncExitStack() as stack:

        async def begin(limits: Limits) -> Bench:
            broker = EmbeddedBroker(HOST, 0, tmp_path / "server", limits)
            await broker.start()
            stack.push_async_callback(broker.shutdown)
            return Bench(broker, pki)

        yield begin


@pytest.fixture
async def bench(start: Start) -> Bench:
    return await start(Limits())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "192.0.2.1", "", "127.0.0.1.example"])
async def test_it_listens_on_loopback_addresses_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotLoopback, match=r"use 127\.0\.0\.1"):
        EmbeddedBroker(host, 0, tmp_path)


async def test_it_does_not_start_without_its_files(tmp_path: Path) -> None:
    Pki.create(tmp_path / "pki").server(tmp_path / "server")
    Pki.create(tmp_path / "other").server(tmp_path / "foreign")
    (tmp_path / "server" / "server.key").write_bytes((tmp_path / "foreign" / "server.key").read_bytes())
    for directory in (tmp_path / "nowhere", tmp_path / "server"):
        with pytest.raises(TlsUnusable, match=r"server\.key"):
            EmbeddedBroker(HOST, 0, directory)


async def test_a_taken_port_is_said(bench: Bench, tmp_path: Path) -> None:
    second = EmbeddedBroker(HOST, bench.unit_port, tmp_path / "server")
    with pytest.raises(PortTaken, match="choose another port"):
        await second.start()


@pytest.mark.parametrize(
    "first",
    [
        b"\x00" * 8,
        b"GET / HTTP/1.1\r\n\r\n",
        DISCONNECT,
        publish_packet(up(UNIT, "health"), b"x"),
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c"),
        packet(0x10, text("MQTT") + b"\x04\x06\x00\x3c" + text(UNIT)),
        packet(0x10, text("MQTT") + b"\x04\x03\x00\x3c" + text(UNIT)),
        b"\x10\xff\xff\xff\x7f",
        b"\x10\xff\xff\xff\xff\x01",
    ],
    ids=["zeros", "http", "disconnect", "publish", "no-client-id", "no-will", "reserved-flag", "huge", "bad-length"],
)
async def test_a_faulty_first_packet_ends_the_connection(bench: Bench, first: bytes) -> None:
    async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
        bare.send(first)
        answer = await bare.read()
        assert answer is None or answer[1][1] != 0
        assert answer is None or await bare.read() is None
    await bench.left_behind()


@pytest.mark.parametrize(
    "faulty",
    [
        b"\x00\x00",
        b"\xf0\x00",
        b"\x30\xff\xff\xff\xff\x01",
        packet(0x30, b"\xff\xff"),
        packet(0x30, b"x" * (MAX_PACKET_BYTES + 1)),
        publish_packet("a/+/b", b"x"),
        publish_packet(up(UNIT, "health"), b"x", retain=True),
        publish_packet(up(UNIT, "health"), b"x", qos=2),
        publish_packet(up(UNIT, "health"), b"x", qos=3),
        packet(0x82, b"\x00\x01"),
        subscribe_packet(down(UNIT, "ack"), qos=3),
        packet(0x80, b"\x00\x01" + text(down(UNIT, "ack")) + b"\x01"),
        packet(0x62, b"\x00\x01"),
        packet(0x20, b"\x00\x00"),
        connect_packet(UNIT),
    ],
)
async def test_a_faulty_later_packet_ends_the_connection(bench: Bench, faulty: bytes) -> None:
    async with bench.bare(UNIT) as bare:
        bare.send(faulty)
        assert await bare.read() is None
    await bench.left_behind()


async def test_noise_before_tls_harms_nobody(bench: Bench) -> None:
    for noise in (b"", b"\x10\x0c" + text("MQTT"), b"\x16\x03\x01\xff\xff" + b"x" * 100):
        reader, writer = await asyncio.open_connection(HOST, bench.unit_port)
        writer.write(noise)
        writer.write_eof()
        async with asyncio.timeout(LIMIT_S):
            await reader.read()
        writer.transport.abort()
    async with bench.bare(UNIT) as bare:
        bare.send(packet(0xC0, b""))
        assert await bare.read() == (0xD0, b"")


async def test_a_client_without_a_connect_is_not_waited_for(start: Start) -> None:
    bench = await start(Limits(connect_s=0.05))
    async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
        bare.send(b"\x10")
        assert await bare.read() is None
    await bench.left_behind()


async def test_a_silent_client_is_cut_off_and_its_will_sent(start: Start) -> None:
    bench = await start(Limits())
    async with controller_client(bench, bench.files["controller"]) as controller:
        await controller.subscribe("up/+/lwt", qos=1)
        async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
            will = (up(UNIT, "lwt"), b"gone")
            assert await bare.connect(connect_packet(UNIT, will=will, keepalive_s=1)) == 0
            assert await bare.read() is None
        assert await received_until(controller, b"gone") == []


async def test_a_farewell_sends_no_will(bench: Bench) -> None:
    async with controller_client(bench, bench.files["controller"]) as controller:
        await controller.subscribe("up/+/lwt", qos=1)
        async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
            assert await bare.connect(connect_packet(UNIT, will=(up(UNIT, "lwt"), b"gone"))) == 0
            bare.send(DISCONNECT)
            assert await bare.read() is None
        async with bench.bare(OTHER) as other:
            other.send(publish_packet(up(OTHER, "lwt"), b"last"))
            assert await received_until(controller, b"last") == []


async def test_connections_are_limited(start: Start) -> None:
    bench = await start(Limits(connections=2))
    async with bench.bare(UNIT), bench.bare(OTHER):
        with pytest.raises((OSError, AssertionError)):
            async with bench.bare("controller", "controller-a"):
                pytest.fail("a third connection was let in")
    await bench.left_behind()
    async with bench.bare("controller", "controller-a"):
        pass


async def test_messages_before_a_farewell_are_all_passed_on(bench: Bench) -> None:
    burst = [publish_packet(up(UNIT, "event"), str(number).encode(), qos=number % 2) for number in range(50)]
    async with controller_client(bench, bench.files["controller"]) as controller:
        await controller.subscribe("up/+/event", qos=1)
        async with bench.bare(UNIT) as bare:
            bare.send(b"".join(burst) + publish_packet(up(UNIT, "event"), b"last") + DISCONNECT)
            received = await received_until(controller, b"last")
    assert received == [(up(UNIT, "event"), str(number).encode()) for number in range(50)]


async def test_the_lower_quality_of_service_holds(bench: Bench) -> None:
    async with bench.bare("controller", "controller-a") as controller, bench.bare(UNIT) as unit:
        controller.send(subscribe_packet("up/+/health", qos=1) + subscribe_packet("up/+/event", qos=0))
        assert [await controller.read(), await controller.read()] == [(0x90, b"\0\1\1"), (0x90, b"\0\1\0")]
        for channel, qos, expected in (("health", 0, 0x30), ("health", 1, 0x32), ("event", 1, 0x30)):
            unit.send(publish_packet(f"up/{UNIT}/{channel}", b"x", qos=qos))
            answer = await controller.read()
            assert answer is not None
            assert answer[0] == expected


async def test_quality_of_service_2_is_granted_as_1_and_shared_subscriptions_are_refused(bench: Bench) -> None:
    async with bench.bare("controller", "controller-a") as controller:
        controller.send(subscribe_packet("up/+/health", "$share/fleet/up/+/health", "up/#", qos=2))
        assert await controller.read() == (0x90, b"\x00\x01\x01\x80\x80")


async def test_a_lasting_session_is_not_kept_and_said_so(bench: Bench) -> None:
    for _ in range(2):
        async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
            bare.send(connect_packet(UNIT, flags=0x00))
            assert await bare.read() == (0x20, b"\x00\x00")
            bare.send(subscribe_packet(down(UNIT, "ack")))
            assert await bare.read() == (0x90, b"\x00\x01\x01")
    await bench.left_behind()


async def test_unacknowledged_messages_fill_a_window_and_acknowledging_opens_it(start: Start) -> None:
    bench = await start(Limits(inflight=2))
    async with bench.bare("controller", "controller-a") as controller, bench.bare(UNIT) as unit:
        controller.send(subscribe_packet("up/+/health"))
        await controller.read()
        for number in range(3):
            unit.send(publish_packet(up(UNIT, "health"), str(number).encode(), qos=1))
            assert await unit.read() == (0x40, b"\x00\x01")
        first, second = await controller.read(), await controller.read()
        assert first is not None
        assert second is not None
        assert (first[1][-1:], second[1][-1:]) == (b"0", b"1")
        controller.send(packet(0xC0, b""))
        assert await controller.read() == (0xD0, b""), "the third message came before there was room for it"
        controller.send(packet(0x40, first[1][-3:-1]))
        third = await controller.read()
        assert third is not None
        assert third[1][-1:] == b"2"


async def test_a_unit_that_takes_nothing_does_not_hold_up_the_others(start: Start) -> None:
    bench = await start(Limits(unit_queue=4, inflight=1))
    async with (
        controller_client(bench, bench.files["controller"]) as controller,
        bench.bare(UNIT) as stuck,
        unit_client(bench, bench.files[OTHER], OTHER) as other,
    ):
        stuck.send(subscribe_packet(down(UNIT, "command")))
        await stuck.read()
        await other.subscribe(down(OTHER, "command"), qos=1)
        for _ in range(20):
            await controller.publish(down(UNIT, "command"), b"x" * MAX_PAYLOAD_BYTES, qos=1)
        await controller.publish(down(OTHER, "command"), b"last", qos=1)
        assert await received_until(other, b"last") == []
        handler, _ = bench.broker._serving[UNIT]
        # One in the window and unacknowledged, one taken from the queue and waiting for the window, four queued.
        assert handler.dropped == 14


async def test_units_wait_for_a_controller_that_is_behind_and_not_for_ever(start: Start) -> None:
    bench = await start(Limits(controller_queue=2, inflight=1, controller_patience_s=0.05))
    async with bench.bare("controller", "controller-a") as controller, bench.bare(UNIT) as unit:
        controller.send(subscribe_packet("up/+/health"))
        await controller.read()
        for _ in range(6):
            unit.send(publish_packet(up(UNIT, "health"), b"x", qos=1))
            assert await unit.read() == (0x40, b"\x00\x01")
        handler, _ = bench.broker._serving["controller-a"]
        # One unacknowledged, one waiting for the window, two queued.
        assert handler.dropped == 2


async def test_a_client_that_stops_reading_is_cut_off(start: Start) -> None:
    bench = await start(Limits(send_s=0.2, inflight=1000, unit_queue=1000))
    async with controller_client(bench, bench.files["controller"]) as controller, bench.bare(UNIT) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's TLS transport has it
        deaf.send(subscribe_packet(down(UNIT, "command")))
        await bench.until(lambda: bool(bench.broker._subscriptions))
        async with asyncio.timeout(LIMIT_S):
            while UNIT in bench.broker._serving:
                await controller.publish(down(UNIT, "command"), b"x" * MAX_PAYLOAD_BYTES, qos=1)


async def test_the_session_of_a_later_connection_is_the_one_that_counts(bench: Bench) -> None:
    async with (
        controller_client(bench, bench.files["controller"]) as controller,
        bench.bare(UNIT) as first,
        bench.bare(UNIT) as second,
        bench.bare(UNIT) as third,
    ):
        assert [await first.read(), await second.read()] == [None, None]
        third.send(subscribe_packet(down(UNIT, "ack")))
        assert await third.read() == (0x90, b"\x00\x01\x01")
        await controller.publish(down(UNIT, "ack"), b"hello", qos=0)
        assert await third.read() == (0x30, text(down(UNIT, "ack")) + b"hello")


async def test_connections_at_the_same_moment_leave_one(bench: Bench) -> None:
    context = bench.pki.context(bench.files[UNIT])
    async with AsyncExitStack() as stack:
        bares = [await stack.enter_async_context(wire(HOST, bench.unit_port, context)) for _ in range(5)]
        for bare in bares:
            bare.send(connect_packet(UNIT))
        ended = [asyncio.create_task(bare.reader.read()) for bare in bares]
        await bench.until(lambda: sum(task.done() for task in ended) == len(bares) - 1)
        assert all(task.result() == packet(0x20, b"\x00\x00") for task in ended if task.done())
        assert list(bench.broker._sessions) == [UNIT]
        (last,) = (bare for bare, task in zip(bares, ended, strict=True) if not task.done())
        last.send(DISCONNECT)
        await asyncio.wait(ended, timeout=LIMIT_S)
    await bench.left_behind()


async def test_nothing_is_left_of_clients_that_came_and_went(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    for number in range(30):
        async with wire(HOST, bench.unit_port, bench.pki.context(bench.files[UNIT])) as bare:
            bare.send(connect_packet(UNIT, will=(up(UNIT, "lwt"), b"gone")))
            if number % 3:
                bare.send(subscribe_packet(down(UNIT, "ack")) + publish_packet(up(UNIT, "health"), b"x", qos=1))
            if number % 2:
                assert await bare.read() is not None
            if number % 5 == 0:
                bare.send(DISCONNECT)
    await bench.left_behind()
    assert caplog.records == []


async def test_shutting_down_ends_every_connection_and_may_be_said_twice(bench: Bench) -> None:
    async with bench.bare(UNIT) as unit, bench.bare("controller", "controller-a") as controller:
        await bench.broker.shutdown()
        assert [await unit.read(), await controller.read()] == [None, None]
        await bench.left_behind()
        await bench.broker.shutdown()
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncio.open_connection(HOST, bench.unit_port)


async def test_the_process_stops_cleanly_with_clients_connected(tmp_path: Path) -> None:
    pki = Pki.create(tmp_path / "pki")
    files = pki.unit(UNIT)
    async with EmbeddedBrokerProcess(pki) as broker:
        assert broker.log() == f'{{"listening": {broker.unit_port}}}'
        async with wire(HOST, broker.unit_port, pki.context(files)) as bare:
            assert await bare.connect(connect_packet(UNIT)) == 0
            assert await broker.terminate() == 0
            assert await bare.read() is None
        assert broker.log() == f'{{"listening": {broker.unit_port}}}'
