"""What a unit, a controller and a stranger may do: one table, held against both brokers with real clients.

Each attempt ends with the victim and the controller getting a message that follows it, and nothing before.

Where the brokers differ (and none of it lets anything through):

- Another unit's client id: the embedded broker refuses it; Mosquitto (`use_username_as_clientid`) lets the unit in
  under its own.
- A message on a topic that is not one's own: the embedded broker ends the connection; Mosquitto drops the message, and
  answers one of quality of service 1 as if it had not.
- SUBSCRIBE: the embedded broker answers 0x80 at once; Mosquitto grants it and then delivers nothing.
- A will that is not the unit's: the embedded broker refuses the CONNECT; Mosquitto drops the will when it is due.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiomqtt
import pytest
import pytest_asyncio

from protocols.topics import DOWN_CHANNELS, MAX_PAYLOAD_BYTES, MOUNT_POINT, UP_CHANNELS, down, up, up_filter
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import (
    Broker,
    connect_code,
    connect_packet,
    controller_client,
    publish_packet,
    received_until,
    stands_after,
    unit_client,
    until_disconnected,
)
from tests.support.tls import ClientFiles, Pki

pytestmark = pytest.mark.asyncio(loop_scope="module")

MALLORY, VICTIM = "unit-mallory0", "unit-victim00"
FORGED = b"forged"


@dataclass
class Scene:
    """A broker, and the certificates of those who meet there."""

    broker: Broker
    mallory: ClientFiles
    victim: ClientFiles
    controller: ClientFiles

    def as_mallory(self, *, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
        return unit_client(self.broker, self.mallory, MALLORY, will=will)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=[MosquittoBroker, EmbeddedBrokerProcess])
async def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    pki = Pki.create(tmp_path_factory.mktemp("pki"))
    async with request.param(pki) as broker:
        yield Scene(broker, pki.unit(MALLORY), pki.unit(VICTIM), pki.controller())


async def nothing_arrives(scene: Scene, attempt: Callable[[], Awaitable[None]]) -> None:
    """Make `attempt` while a controller and the victim listen: they must get what follows it and nothing else."""
    last = uuid4().hex.encode()
    async with controller_client(scene.broker, scene.controller) as controller:
        await controller.subscribe([(up_filter(channel), 1) for channel in UP_CHANNELS])
        async with unit_client(scene.broker, scene.victim, VICTIM) as victim:
            await victim.subscribe([(down(VICTIM, channel), 1) for channel in DOWN_CHANNELS])
            await attempt()
            await victim.publish(up(VICTIM, "health"), last, qos=1)
            assert await received_until(controller, last) == []
            await controller.publish(down(VICTIM, "ack"), last, qos=1)
            assert await received_until(victim, last) == []


@pytest.mark.parametrize("channel", UP_CHANNELS)
async def test_a_unit_writes_its_own_topics(scene: Scene, channel: str) -> None:
    last = uuid4().hex.encode()
    async with controller_client(scene.broker, scene.controller) as controller, scene.as_mallory() as unit:
        await controller.subscribe(f"up/+/{channel}", qos=1)
        await unit.publish(f"up/{MALLORY}/{channel}", b"one", qos=1)
        await unit.publish(f"up/{MALLORY}/{channel}", b"two", qos=0)
        await unit.publish(f"up/{MALLORY}/{channel}", last, qos=1)
        topic = f"up/{MALLORY}/{channel}"
        assert await received_until(controller, last) == [(topic, b"one"), (topic, b"two")]


@pytest.mark.parametrize("channel", DOWN_CHANNELS)
async def test_a_unit_reads_its_own_topics(scene: Scene, channel: str) -> None:
    last = uuid4().hex.encode()
    async with controller_client(scene.broker, scene.controller) as controller, scene.as_mallory() as unit:
        await unit.subscribe(f"down/{MALLORY}/{channel}", qos=1)
        await controller.publish(f"down/{VICTIM}/{channel}", b"not yours", qos=1)
        await controller.publish(f"down/{MALLORY}/{channel}", b"yours", qos=1)
        await controller.publish(f"down/{MALLORY}/{channel}", last, qos=1)
        assert await received_until(unit, last) == [(f"down/{MALLORY}/{channel}", b"yours")]


@pytest.mark.parametrize(
    "topic",
    [
        *(up(VICTIM, channel) for channel in UP_CHANNELS),
        *(down(VICTIM, channel) for channel in DOWN_CHANNELS),
        down(MALLORY, "command"),
        up(MALLORY.upper(), "health"),
        f"up/{MALLORY}/unknown",
        f"up/{MALLORY}/health/more",
        f"/up/{MALLORY}/health",
        "up/controller/health",
        "$SYS/broker/uptime",
        "$CONTROL/dynamic-security/v1",
        f"$share/fleet/{up(VICTIM, 'health')}",
        MOUNT_POINT + up(VICTIM, "health"),
        MOUNT_POINT + up(MALLORY, "health"),
    ],
)
@pytest.mark.parametrize("qos", [0, 1])
async def test_what_a_unit_writes_anywhere_else_reaches_nobody(scene: Scene, topic: str, qos: int) -> None:
    async def attempt() -> None:
        data = publish_packet(topic, FORGED, qos=qos)
        await stands_after(scene.broker, scene.mallory, MALLORY, data, port=scene.broker.unit_port)

    await nothing_arrives(scene, attempt)


@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "+/#",
        "up/#",
        "down/#",
        "up/+/health",
        "down/+/command",
        up(VICTIM, "health"),
        up(MALLORY, "health"),
        down(VICTIM, "command"),
        "$share/thieves/up/+/health",
        f"$share/thieves/{down(VICTIM, 'command')}",
        "$SYS/#",
        "$CONTROL/#",
        f"{MOUNT_POINT}#",
        MOUNT_POINT + down(VICTIM, "command"),
    ],
)
async def test_a_unit_can_not_read_anything_else(scene: Scene, topic_filter: str) -> None:
    last = uuid4().hex.encode()
    async with (
        controller_client(scene.broker, scene.controller) as controller,
        unit_client(scene.broker, scene.victim, VICTIM) as victim,
        scene.as_mallory() as mallory,
    ):
        await controller.subscribe(up_filter("health"), qos=1)
        await mallory.subscribe(down(MALLORY, "ack"), qos=1)
        await mallory.subscribe(topic_filter, qos=1)
        await mallory.publish(up(MALLORY, "health"), b"own", qos=1)
        await victim.publish(up(VICTIM, "health"), last, qos=1)
        await controller.publish(down(VICTIM, "command"), b"order", qos=1)
        assert await received_until(controller, last) == [(up(MALLORY, "health"), b"own")]
        await controller.publish(down(MALLORY, "ack"), last, qos=1)
        assert await received_until(mallory, last) == []


async def test_a_shared_subscription_of_a_unit_takes_nothing_from_a_plain_one(scene: Scene) -> None:
    last = uuid4().hex.encode()
    async with (
        controller_client(scene.broker, scene.controller) as controller,
        unit_client(scene.broker, scene.victim, VICTIM) as victim,
        scene.as_mallory() as mallory,
    ):
        await controller.subscribe(up_filter("health"), qos=1)
        await mallory.subscribe(up_filter("health", "fleet"), qos=1)
        sent = [(up(VICTIM, "health"), str(number).encode()) for number in range(20)]
        for topic, payload in sent:
            await victim.publish(topic, payload, qos=1)
        await victim.publish(up(VICTIM, "health"), last, qos=1)
        assert await received_until(controller, last) == sent


@pytest.mark.parametrize(
    ("payload", "qos", "retain"),
    [(b"kept", 0, True), (b"", 0, True), (b"twice", 2, False), (b"x" * (4 * MAX_PAYLOAD_BYTES), 0, False)],
    ids=["retained", "retained-empty", "qos-2", "oversized"],
)
async def test_what_the_contract_does_not_know_ends_the_connection(
    scene: Scene, payload: bytes, qos: int, retain: bool
) -> None:
    async def attempt() -> None:
        async with scene.as_mallory() as mallory:
            mallory._client.publish(up(MALLORY, "health"), payload, qos, retain)
            await until_disconnected(mallory)

    await nothing_arrives(scene, attempt)


async def test_a_payload_a_little_over_the_bound_arrives_to_be_recorded(scene: Scene) -> None:
    over = b"x" * (MAX_PAYLOAD_BYTES + 1)
    last = uuid4().hex.encode()
    async with controller_client(scene.broker, scene.controller) as controller, scene.as_mallory() as unit:
        await controller.subscribe(up_filter("health"), qos=1)
        await unit.publish(up(MALLORY, "health"), over, qos=1)
        await unit.publish(up(MALLORY, "health"), last, qos=1)
        assert await received_until(controller, last) == [(up(MALLORY, "health"), over)]


async def leave_a_will(scene: Scene, will: aiomqtt.Will) -> None:
    """Connect with `will` and have the connection broken; returns when the broker has dealt with it."""
    broker = scene.broker
    flags = 0x02 | will.qos << 3 | (0x20 if will.retain else 0)
    assert isinstance(will.payload, bytes)
    data = connect_packet(MALLORY, will=(will.topic, will.payload), flags=flags)
    context = broker.pki.context(scene.mallory)
    await connect_code(broker.host, broker.unit_port, context, data)
    # Taking the session over makes the broker deal with the will of the broken connection first.
    async with scene.as_mallory() as again:
        await again.publish(up(MALLORY, "event"), b"dealt with", qos=1)


async def test_a_units_own_will_arrives(scene: Scene) -> None:
    async with controller_client(scene.broker, scene.controller) as controller:
        await controller.subscribe(up_filter("lwt"), qos=1)
        await controller.subscribe(up_filter("event"), qos=1)
        await leave_a_will(scene, aiomqtt.Will(up(MALLORY, "lwt"), b"gone", qos=1))
        assert await received_until(controller, b"dealt with") == [(up(MALLORY, "lwt"), b"gone")]


@pytest.mark.parametrize(
    ("topic", "qos", "retain"),
    [
        (up(VICTIM, "lwt"), 1, False),
        (up(VICTIM, "health"), 0, False),
        (down(VICTIM, "command"), 1, False),
        (up(MALLORY, "lwt"), 1, True),
        (up(MALLORY, "lwt"), 2, False),
    ],
)
async def test_a_unit_can_not_leave_another_will(scene: Scene, topic: str, qos: int, retain: bool) -> None:
    last = uuid4().hex.encode()
    async with (
        controller_client(scene.broker, scene.controller) as controller,
        unit_client(scene.broker, scene.victim, VICTIM) as victim,
    ):
        await controller.subscribe([(up_filter(channel), 1) for channel in UP_CHANNELS])
        await victim.subscribe(down(VICTIM, "command"), qos=1)
        await leave_a_will(scene, aiomqtt.Will(topic, FORGED, qos=qos, retain=retain))
        assert await received_until(controller, b"dealt with") == []
        await controller.publish(down(VICTIM, "command"), last, qos=1)
        assert await received_until(victim, last) == []


@pytest.mark.parametrize("client_id", [VICTIM, "controller-test", "controller", "", "unit-nobody00"])
async def test_a_unit_can_not_take_anothers_session(scene: Scene, client_id: str) -> None:
    async def attempt() -> None:
        context = scene.broker.pki.context(scene.mallory)
        await connect_code(scene.broker.host, scene.broker.unit_port, context, connect_packet(client_id))

    await nothing_arrives(scene, attempt)


async def test_a_lasting_session_of_another_can_not_be_deleted(scene: Scene) -> None:
    """CONNECT with the victim's client id and a clean session, which amqtt obeys before it authenticates."""
    broker = scene.broker
    last = uuid4().hex.encode()
    async with (
        controller_client(broker, scene.controller) as controller,
        unit_client(broker, scene.victim, VICTIM) as victim,
    ):
        await victim.subscribe(down(VICTIM, "ack"), qos=1)
        for flags in (0x00, 0x02):
            data = connect_packet(VICTIM, flags=flags)
            await connect_code(broker.host, broker.unit_port, broker.pki.context(scene.mallory), data)
        await controller.publish(down(VICTIM, "ack"), last, qos=1)
        assert await received_until(victim, last) == []


async def test_the_same_unit_may_take_its_own_session_over(scene: Scene) -> None:
    last = uuid4().hex.encode()
    async with controller_client(scene.broker, scene.controller) as controller, scene.as_mallory() as old:
        await controller.subscribe(up_filter("health"), qos=1)
        async with scene.as_mallory() as new:
            await until_disconnected(old)
            await new.publish(up(MALLORY, "health"), last, qos=1)
            assert await received_until(controller, last) == []
        with pytest.raises(aiomqtt.MqttError):
            await old.publish(up(MALLORY, "health"), FORGED, qos=1)


async def test_strangers_do_not_connect(scene: Scene, tmp_path: Path) -> None:
    broker = scene.broker
    foreign = Pki.create(tmp_path / "foreign")
    server = broker.pki.server(tmp_path / "server")
    contexts = {
        "no certificate": broker.pki.context(None),
        "certificate of another authority": broker.pki.context(foreign.unit(VICTIM)),
        "another authority's controller": broker.pki.context(foreign.controller()),
        "a server's certificate": broker.pki.context(server),
    }
    for name, context in contexts.items():
        for port in {broker.unit_port, broker.controller_port}:
            for client_id in (VICTIM, "controller-test"):
                code = await connect_code(broker.host, port, context, connect_packet(client_id))
                assert code is None, f"{name} was answered on port {port}"


async def test_a_client_refuses_another_authoritys_broker(scene: Scene, tmp_path: Path) -> None:
    foreign = Pki.create(tmp_path / "foreign")
    context = foreign.context(foreign.unit(VICTIM))
    broker = scene.broker
    assert await connect_code(broker.host, broker.unit_port, context, connect_packet(VICTIM)) is None


@pytest.mark.parametrize("topic", [up(VICTIM, "health"), up("controller", "health"), "$SYS/x"])
async def test_what_a_controller_writes_anywhere_but_down_reaches_nobody(scene: Scene, topic: str) -> None:
    async def attempt() -> None:
        data = publish_packet(topic, FORGED, qos=1)
        port = scene.broker.controller_port
        await stands_after(scene.broker, scene.controller, "controller-other", data, port=port)

    await nothing_arrives(scene, attempt)


async def test_a_controller_reads_nothing_but_up(scene: Scene) -> None:
    last = uuid4().hex.encode()
    async with (
        controller_client(scene.broker, scene.controller) as controller,
        controller_client(scene.broker, scene.controller, "controller-other") as other,
        unit_client(scene.broker, scene.victim, VICTIM) as victim,
    ):
        await controller.subscribe(up_filter("health"), qos=1)
        await controller.subscribe("down/#", qos=1)
        await controller.subscribe("$SYS/#", qos=1)
        await other.publish(down(VICTIM, "command"), b"order", qos=1)
        await victim.publish(up(VICTIM, "health"), last, qos=1)
        assert await received_until(controller, last) == []
