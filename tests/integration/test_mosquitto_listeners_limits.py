"""The limits in the shipped mosquitto.conf: each test here fails when its line is taken away."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from protocols.topics import down, up, up_filter
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import (
    PINGREQ,
    Wire,
    connect_code,
    connect_packet,
    controller_client,
    packet,
    publish_packet,
    received_until,
    stands_after,
    subscribe_packet,
    text,
    unit_client,
    wire,
)
from tests.support.tls import ClientFiles, Pki

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNIT, OTHER = "unit-0000000a", "unit-0000000b"
_NO_PROPERTIES = b"\x00"
_SERVER_KEEP_ALIVE = b"\x13"
_TOPIC_ALIAS = b"\x23"
_OF_THE_CONTROLLERS = 64


@dataclass
class Scene:
    """A broker and its clients' certificates."""

    broker: MosquittoBroker
    unit: ClientFiles
    other: ClientFiles
    controller: ClientFiles


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    pki = Pki.create(tmp_path_factory.mktemp("pki"))
    async with MosquittoBroker(pki) as broker:
        yield Scene(broker, pki.unit(UNIT), pki.unit(OTHER), pki.controller())


def connect_5(client_id: str, keepalive_s: int = 60) -> bytes:
    """A CONNECT of MQTT 5 without properties."""
    head = text("MQTT") + bytes([5, 0x02]) + keepalive_s.to_bytes(2, "big")
    return packet(0x10, head + _NO_PROPERTIES + text(client_id))


@pytest.mark.parametrize("door", ["unit_port", "controller_port"])
@pytest.mark.parametrize(
    ("version", "ciphers", "answered"),
    [
        (ssl.TLSVersion.TLSv1_1, "DEFAULT:@SECLEVEL=0", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-CCM8:@SECLEVEL=0", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_3, "DEFAULT", True),
    ],
)
async def test_only_sound_versions_and_ciphers_are_spoken(
    scene: Scene, door: str, version: ssl.TLSVersion, ciphers: str, answered: bool
) -> None:
    context = scene.broker.pki.context(scene.controller)
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    code = await connect_code(scene.broker.host, getattr(scene.broker, door), context, connect_packet("controller-tls"))
    assert (code == 0) is answered


async def test_a_client_of_mqtt_5_is_told_to_speak_up_every_five_minutes(scene: Scene) -> None:
    async with wire(scene.broker.host, scene.broker.unit_port, scene.broker.pki.context(scene.unit)) as bare:
        bare.send(connect_5(UNIT, keepalive_s=0))
        answer = await bare.read()
        assert answer is not None
        assert _SERVER_KEEP_ALIVE + (300).to_bytes(2, "big") in answer[1]


async def test_topic_aliases_are_refused(scene: Scene) -> None:
    async with wire(scene.broker.host, scene.broker.unit_port, scene.broker.pki.context(scene.unit)) as bare:
        bare.send(connect_5(UNIT))
        assert (await bare.read() or (0, b""))[0] == 0x20
        alias = _TOPIC_ALIAS + (1).to_bytes(2, "big")
        bare.send(packet(0x30, text(up(UNIT, "health")) + bytes([len(alias)]) + alias + b"x") + PINGREQ)
        # DISCONNECT with its reason, and not the answer to the ping.
        assert (await bare.read() or (0xE0, b""))[0] == 0xE0


async def test_a_controller_has_to_name_itself(scene: Scene) -> None:
    context = scene.broker.pki.context(scene.controller)
    assert await connect_code(scene.broker.host, scene.broker.controller_port, context, connect_packet("")) != 0


async def test_controllers_have_so_many_connections_and_no_more(scene: Scene) -> None:
    broker = scene.broker
    context = broker.pki.context(scene.controller)
    codes: list[int | None] = []
    async with AsyncExitStack() as stack:
        for number in range(2 * _OF_THE_CONTROLLERS):
            try:
                bare = await stack.enter_async_context(wire(broker.host, broker.controller_port, context))
            except OSError:
                codes.append(None)
            else:
                codes.append(await bare.connect(connect_packet(f"controller-{number:04}")))
        # Units have a number of their own: they still get in.
        port, files = broker.unit_port, scene.unit
        assert await stands_after(broker, files, UNIT, publish_packet(up(UNIT, "health"), b"x", qos=1), port=port)
    # 2.0.11 lets some more in than it is told: one for each connection that broke before its CONNECT.
    assert codes[:_OF_THE_CONTROLLERS] == [0] * _OF_THE_CONTROLLERS
    assert codes[-1] is None


async def deaf(scene: Scene, unit_id: str, files: ClientFiles) -> Wire:
    """A unit that subscribes and then reads nothing more, with a kernel buffer as small as can be."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.settimeout(0)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(small, (scene.broker.host, scene.broker.unit_port))
    context = scene.broker.pki.context(files)
    reader, writer = await asyncio.open_connection(sock=small, ssl=context, server_hostname=scene.broker.host)
    bare = Wire(reader, writer)
    assert await bare.connect(connect_packet(unit_id, keepalive_s=600)) == 0
    bare.send(subscribe_packet(down(unit_id, "ack")))
    assert (await bare.read() or (0, b""))[0] == 0x90
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport reads, too
    return bare


async def test_a_unit_that_does_not_read_takes_a_bounded_part_of_the_brokers_memory(scene: Scene) -> None:
    """Answers go at QoS 0, of which Mosquitto counts no bytes: so it is made to count messages."""
    broker = scene.broker
    sent, at_once = 160_000, 2_000
    greedy = await deaf(scene, OTHER, scene.other)
    try:
        async with (
            wire(broker.host, broker.controller_port, broker.pki.context(scene.controller)) as controller,
            controller_client(broker, scene.controller) as hearing,
            unit_client(broker, scene.unit, UNIT) as honest,
        ):
            await hearing.subscribe(up_filter("health"), qos=1)
            assert await controller.connect(connect_packet("controller-flood")) == 0
            answers = publish_packet(down(OTHER, "ack"), b"x" * 300) * at_once
            for _ in range(sent // at_once):
                controller.send(answers)
                await controller.writer.drain()
            controller.send(PINGREQ)
            assert await controller.read() == (0xD0, b"")
            await honest.publish(up(UNIT, "health"), b"last", qos=1)
            assert await received_until(hearing, b"last") == []
        greedy.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
        # An answer to a ping would be dropped too while the queue is full.
        for _ in range(sent // 2):
            assert (await greedy.read() or (0, b""))[0] == 0x30
        greedy.send(PINGREQ)
        received = sent // 2
        while (await greedy.read() or (0, b""))[0] == 0x30:
            received += 1
        assert received < sent * 0.9
    finally:
        greedy.writer.transport.abort()
