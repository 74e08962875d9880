"""Both brokers under a fleet, killed and started again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from protocols.topics import up, up_filter
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import Broker, controller_client, received_until, unit_client, until_disconnected
from tests.support.tls import ClientFiles, Pki

UNITS = [f"unit-{number:08}" for number in range(25)]
REPORTS = 10


@pytest.fixture(params=[MosquittoBroker, EmbeddedBrokerProcess])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    async with request.param(Pki.create(tmp_path / "pki")) as started:
        yield started


async def report(broker: Broker, files: ClientFiles, unit_id: str) -> None:
    async with unit_client(broker, files, unit_id) as unit:
        for number in range(REPORTS):
            await unit.publish(up(unit_id, "health"), str(number).encode(), qos=1)


async def test_a_fleet_reports_at_the_same_time(broker: Broker) -> None:
    files = {unit_id: broker.pki.unit(unit_id) for unit_id in UNITS}
    async with controller_client(broker, broker.pki.controller()) as controller:
        await controller.subscribe([(up_filter("health"), 1), (up_filter("event"), 1)])
        await asyncio.gather(*(report(broker, files[unit_id], unit_id) for unit_id in UNITS))
        async with unit_client(broker, files[UNITS[0]], UNITS[0]) as unit:
            await unit.publish(up(UNITS[0], "event"), b"last", qos=1)
        received = await received_until(controller, b"last")
    expected = {unit_id: [str(number).encode() for number in range(REPORTS)] for unit_id in UNITS}
    # Each unit's in order; between units there is none.
    assert {
        unit_id: [payload for topic, payload in received if topic == up(unit_id, "health")] for unit_id in UNITS
    } == expected
    assert len(received) == len(UNITS) * REPORTS


async def test_after_kill_9_it_serves_again_on_the_same_ports(broker: Broker) -> None:
    unit_files, controller_files = broker.pki.unit(UNITS[0]), broker.pki.controller()
    for round_number in range(3):
        last = str(round_number).encode()
        async with (
            controller_client(broker, controller_files) as controller,
            unit_client(broker, unit_files, UNITS[0]) as unit,
        ):
            await controller.subscribe(up_filter("health"), qos=1)
            await unit.publish(up(UNITS[0], "health"), last, qos=1)
            assert await received_until(controller, last) == []
            await broker.kill()
            await until_disconnected(controller)
        with pytest.raises(aiomqtt.MqttError):
            async with unit_client(broker, unit_files, UNITS[0]):
                pytest.fail("something still answers on the port")
        await broker.start()
