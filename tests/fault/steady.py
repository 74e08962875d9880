"""Units that keep a controller busy while it is being killed: they repeat what is not acknowledged, as agents do."""

import asyncio
import time
from collections.abc import Mapping

import aiomqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocols.health import HealthReport
from protocols.ids import new_session_nonce
from protocols.topics import down, up
from protocols.uplink import AnyUpMessage, encode_up
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import unit_client
from tests.support.reporting import ScriptedUnit

_EVERY_S = 0.05
_AGAIN_AFTER_S = 3.0
_RETRY_S = 0.2
_MOST_WAITING = 2000
_BATCH = 20


class SteadyUnit(ScriptedUnit):
    """Sends a report every 50 ms; what waits longer than three seconds goes again."""

    def __init__(self, broker: MosquittoBroker, unit_id: str, keys: Mapping[str, Ed25519PublicKey]) -> None:
        super().__init__(unit_id, keys)
        self._broker = broker
        self._files = broker.pki.unit(unit_id)
        self._waiting: dict[int, tuple[HealthReport, float]] = {}
        self.resting = False

    @property
    def waiting(self) -> int:
        """Reports that are not acknowledged."""
        return len(self._waiting)

    async def run(self) -> None:
        """Report until cancelled, over lost connections."""
        while True:
            try:
                await self._one_connection()
            except* (aiomqtt.MqttError, OSError):
                await asyncio.sleep(_RETRY_S)

    async def _one_connection(self) -> None:
        self.session = new_session_nonce()
        async with unit_client(self._broker, self._files, self.unit_id) as client:
            await client.subscribe(down(self.unit_id, "ack"), qos=1)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(client))
                tasks.create_task(self._report(client))

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            self.heard(message.payload)
            for seq in self.acknowledged & self._waiting.keys():
                del self._waiting[seq]

    async def _report(self, client: aiomqtt.Client) -> None:
        await self._send(client, "lwt", self.announcement())
        while True:
            now = time.monotonic()
            overdue = [report for report, sent_at in self._waiting.values() if now - sent_at > _AGAIN_AFTER_S]
            fresh = [] if self.resting or len(self._waiting) >= _MOST_WAITING else [self.report(supply_mv=5000)]
            for reports in (fresh, overdue[:_BATCH]):
                if reports:
                    self._waiting.update((report.seq, (report, now)) for report in reports)
                    await self._send(client, "health", self.batch(reports))
            await asyncio.sleep(_EVERY_S)

    async def _send(self, client: aiomqtt.Client, channel: str, message: AnyUpMessage) -> None:
        topic = up(self.unit_id, "lwt") if channel == "lwt" else up(self.unit_id, "health")
        await client.publish(topic, encode_up(message), qos=1)
