"""The downlink: seals what is for units and publishes it, in order.

Answers (acknowledgements and welcomes) go at QoS 0, over the connection that ingest receives on: there is one for each
report, and the hot path's own codec sends twice as many in a second as an MQTT library. One that is lost repairs
itself, since the unit sends its report again; at QoS 1 a broker would queue them for units that are away, whose next
session refuses them all. Orders go at QoS 1, over a connection of their own.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import aiomqtt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.broker_address import BrokerAddress
from fleet.clock import Clock, utc_now
from fleet.downlink.outbox import Outbox, OutboxLimits, Outgoing
from fleet.downlink.sealer import Sealer
from fleet.metrics import Metrics
from fleet.stopping import cancel, cancellations, heed_cancellation
from fleet.store.commands import WaitingCommand
from protocols.backoff import Backoff
from protocols.downlink import Body, Command
from protocols.topics import DownChannel, down

_TOGETHER = 32
_ANSWER_LIMIT_S = 10.0
_KEEP_ALIVE_S = 30

_log = structlog.get_logger(__name__)


class AnswerPath(Protocol):
    """A connection that answers can be published over."""

    async def writable(self) -> None:
        """Wait until there is a connection that can take more."""

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send (topic, payload) at QoS 0, in order; they are lost when the connection is."""


class Downlink:
    """One controller's way to its units."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        key: Ed25519PrivateKey,
        metrics: Metrics,
        clock: Clock = utc_now,
        limits: OutboxLimits | None = None,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._metrics = metrics
        self._sealer = Sealer(key, clock)
        self._orders = Outbox(limits or OutboxLimits())
        self._answers = Outbox(limits or OutboxLimits())
        self._path: AnswerPath | None = None
        self._has_path = asyncio.Event()
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether orders can be sent now."""
        return self._connected

    def answer_over(self, path: AnswerPath) -> None:
        """Send answers over `path` from now on; until then they wait."""
        self._path = path
        self._has_path.set()

    def send(self, unit_id: str, session: str, channel: DownChannel, body: Body, expires_in_s: float) -> bool:
        """Queue `body` for a unit's session; False, and counted as dropped, when it can not be taken.

        An order is not taken while there is no connection: late is worse than never.
        """
        outgoing = Outgoing(unit_id, session, channel, body, time.monotonic() + expires_in_s)
        if outgoing.is_order and not self._connected:
            return self._dropped("no-connection")
        outbox = self._orders if outgoing.is_order else self._answers
        return outbox.put(outgoing) or self._dropped("full")

    def acknowledge(self, unit_id: str, session: str, spool_id: int, seqs: Sequence[int], expires_in_s: float) -> bool:
        """Queue the acknowledgement of committed numbers; False when there is no room: the unit sends them again."""
        if not self._answers.acknowledge(unit_id, session, spool_id, seqs, time.monotonic() + expires_in_s):
            return self._dropped("full")
        self._metrics.rows_acknowledged.inc(len(seqs))
        return True

    async def send_command(self, command: WaitingCommand, now: datetime) -> bool:
        """Queue an order that expires when the command does; False when it can not be taken, as with `send`."""
        expires_in_s = (command.expires_at - now).total_seconds()
        body = Command(command.command_id, command.order)
        taken = self.send(command.unit_id, command.session, "command", body, expires_in_s)
        if not taken:
            _log.warning("a command waits for the broker", unit=command.unit_id, command=command.command_id)
        return taken

    async def run(self) -> None:
        """Send until cancelled, connecting again whenever a connection breaks."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_answers(), name="downlink: answers")
            tasks.create_task(self._run_orders(), name="downlink: orders")

    async def _run_answers(self) -> None:
        await self._has_path.wait()
        while True:
            path = self._path
            assert path is not None, "there is one since the event was set"
            await self._answers.filled()
            await path.writable()
            batch = self._take(self._answers, _TOGETHER)
            path.publish([(down(one.unit_id, one.channel), self._sealer.seal(one)) for one in batch])
            self._metrics.envelopes_sent.inc(len(batch))
            # Sealing keeps the processor for a while: let what is received have its turn.
            await asyncio.sleep(0)

    async def _run_orders(self) -> None:
        backoff = Backoff(base_s=0.2, cap_s=10.0)
        while True:
            # In a task of its own: what breaks while it is cancelled must not hide that from this one.
            connection = asyncio.create_task(self._one_connection(backoff), name="downlink: connection")
            try:
                await asyncio.wait({connection})
                connection.result()
            except* (aiomqtt.MqttError, OSError) as group:
                _log.warning("the downlink to the broker is down", detail=str(group.exceptions[0]))
            finally:
                self._connected = False
                self._metrics.broker_connected.labels("downlink").set(0)
                await cancel(connection)
            await asyncio.sleep(backoff.next_s())

    async def _one_connection(self, backoff: Backoff) -> None:
        async with self._client() as client:
            backoff.reset()
            self._connected = True
            self._metrics.broker_connected.labels("downlink").set(1)
            _log.info("the downlink is connected")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(client), name="downlink: watch")
                tasks.create_task(self._publish_orders(client), name="downlink: publish")

    def _client(self) -> aiomqtt.Client:
        speaks_5 = self._address.mqtt == "5"
        return aiomqtt.Client(
            self._address.host,
            self._address.port,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if speaks_5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if speaks_5 else True,
            tls_context=self._address.tls,
            timeout=_ANSWER_LIMIT_S,
            keepalive=_KEEP_ALIVE_S,
            max_queued_incoming_messages=1,
        )

    async def _watch(self, client: aiomqtt.Client) -> None:
        """Nothing is subscribed to; this only notices a lost connection while there is nothing to send."""
        async for message in client.messages:
            _log.warning("the broker sent what was not subscribed to", topic=message.topic.value)

    async def _publish_orders(self, client: aiomqtt.Client) -> None:
        cancelled_before = cancellations()
        while True:
            await self._orders.filled()
            for one in self._take(self._orders, 1):
                try:
                    await client.publish(down(one.unit_id, one.channel), self._sealer.seal(one), qos=1)
                except BaseException:
                    # A unit knows an order that it gets twice; one that it never gets would wait for its expiry.
                    self._orders.put_back([one])
                    raise
                self._metrics.envelopes_sent.inc()
                heed_cancellation(cancelled_before)

    def _take(self, outbox: Outbox, limit: int) -> list[Outgoing]:
        batch, expired = outbox.take(limit, time.monotonic())
        if expired:
            self._metrics.envelopes_dropped.labels("expired").inc(expired)
        return batch

    def _dropped(self, reason: str) -> bool:
        self._metrics.envelopes_dropped.labels(reason).inc()
        return False
