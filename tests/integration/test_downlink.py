"""The downlink on real mosquitto: signed, in order, bounded; acknowledgements merge, orders are never late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.broker_address import BrokerAddress
from fleet.clock import utc_now
from fleet.downlink.downlink import Downlink
from fleet.downlink.outbox import OutboxLimits
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.metrics import Metrics
from fleet.store.commands import WaitingCommand
from protocols.commands import ReportNow
from protocols.downlink import Ack, Command, Signed, Welcome, unseal
from protocols.session import SessionGuard
from protocols.topics import down, unmounted
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import unit_client
from tests.support.reporting import DOWN_KEY, DOWN_KEYS, until
from tests.support.tls import Pki

UNIT, SESSION = "unit-abcd2345", "1" * 32


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as running:
        yield running


class Metered(Downlink):
    """A downlink whose counters a test can read."""

    def __init__(self, broker: MosquittoBroker, limits: OutboxLimits | None) -> None:
        self.metrics = Metrics()
        tls = broker.pki.context(broker.pki.controller())
        address = BrokerAddress(broker.host, broker.controller_port, tls)
        super().__init__(address, "controller-downlink-test", DOWN_KEY, self.metrics, limits=limits)
        self.subscriber = MqttSubscriber(address, "controller-ingest-test", filters(), self.metrics)
        self.answer_over(self.subscriber)

    def dropped(self, reason: str) -> float:
        labels = {"reason": reason}
        return self.metrics.registry.get_sample_value("muster_envelopes_dropped_total", labels) or 0.0


@asynccontextmanager
async def running_downlink(broker: MosquittoBroker, limits: OutboxLimits | None = None) -> AsyncIterator[Metered]:
    downlink = Metered(broker, limits)
    tasks = [
        asyncio.create_task(downlink.run()),
        asyncio.create_task(downlink.subscriber.run(lambda _link, _packets: None)),
    ]
    try:
        await until(lambda: downlink.connected and downlink.subscriber.listening_since is not None)
        yield downlink
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def listening_unit(broker: MosquittoBroker) -> AsyncIterator[list[tuple[str, int, Signed]]]:
    """What a unit gets: channel, QoS, and what was signed."""
    heard: list[tuple[str, int, Signed]] = []
    async with unit_client(broker, broker.pki.unit(UNIT), UNIT) as client:
        await client.subscribe([(down(UNIT, "ack"), 1), (down(UNIT, "command"), 1)])

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append((unmounted(message.topic.value), message.qos, unseal(message.payload, DOWN_KEYS)))

        listening = asyncio.create_task(listen())
        yield heard
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def waiting_command(life_s: float = 30) -> WaitingCommand:
    expires_at = utc_now() + timedelta(seconds=life_s)
    return WaitingCommand(command_id="0" * 24, unit_id=UNIT, order=ReportNow(), expires_at=expires_at, session=SESSION)


async def test_a_unit_obeys_everything_it_is_sent(broker: MosquittoBroker) -> None:
    async with running_downlink(broker) as downlink, listening_unit(broker) as heard:
        guard = SessionGuard(UNIT, SESSION, 0)
        assert downlink.send(UNIT, SESSION, "ack", Welcome("c" * 32, 1), 60)
        for seq in range(1, 200):
            assert downlink.acknowledge(UNIT, SESSION, 7, [seq], 60)
            await asyncio.sleep(0)
        assert await downlink.send_command(waiting_command(), utc_now())
        await until(lambda: any(isinstance(signed.body, Command) for _, _, signed in heard))
        acknowledged: set[int] = set()

        def all_acknowledged() -> bool:
            for _, _, signed in heard:
                if isinstance(signed.body, Ack):
                    acknowledged.update(seq for first, last in signed.body.ranges for seq in range(first, last + 1))
            return acknowledged == set(range(1, 200))

        await until(all_acknowledged)
    for topic, qos, signed in heard:
        guard.admit(signed, 1)
        is_order = isinstance(signed.body, Command)
        assert (topic, qos) == (down(UNIT, "command" if is_order else "ack"), 1 if is_order else 0)


async def test_numbers_that_wait_together_go_in_one_envelope(broker: MosquittoBroker) -> None:
    async with running_downlink(broker) as downlink, listening_unit(broker) as heard:
        for seq in range(1, 500):
            downlink.acknowledge(UNIT, SESSION, 7, [seq], 60)
        await until(lambda: bool(heard))
        assert [signed.body for _, _, signed in heard] == [Ack(7, [(1, 499)])]


async def test_without_a_connection_orders_are_not_taken_and_answers_wait(broker: MosquittoBroker) -> None:
    async with running_downlink(broker) as downlink:
        await broker.kill()
        await until(lambda: not downlink.connected and downlink.subscriber.listening_since is None)
        assert not downlink.send(UNIT, SESSION, "command", Command("0" * 24, ReportNow()), 30)
        assert not await downlink.send_command(waiting_command(), utc_now())
        assert downlink.dropped("no-connection") == 2
        assert downlink.acknowledge(UNIT, SESSION, 7, [1], 60)
        assert downlink.acknowledge(UNIT, SESSION, 8, [1], 0)
        await broker.start()
        async with listening_unit(broker) as heard:
            await until(lambda: downlink.connected)
            assert downlink.send(UNIT, SESSION, "ack", Welcome("c" * 32, 1), 60)
            await until(lambda: any(isinstance(signed.body, Welcome) for _, _, signed in heard))
        assert downlink.dropped("expired") == 1


async def test_what_does_not_fit_is_dropped_and_counted(broker: MosquittoBroker) -> None:
    async with running_downlink(broker, OutboxLimits(bodies=1, spools=1, numbers=2)) as downlink:
        assert downlink.send(UNIT, SESSION, "ack", Welcome("c" * 32, 1), 60)
        assert not downlink.send(UNIT, SESSION, "ack", Welcome("c" * 32, 1), 60)
        assert downlink.acknowledge(UNIT, SESSION, 7, [1, 2], 60)
        assert not downlink.acknowledge(UNIT, SESSION, 7, [3], 60)
        assert downlink.dropped("full") == 2
