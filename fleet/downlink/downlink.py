"""The downlink: seals what is for units and publishes it, in order, over a connection of its own.

Acknowledgements and welcomes go at QoS 0: one that is lost repairs itself, since the unit sends its report again, and
at QoS 1 a broker would queue them for units that are away, whose next session refuses them all. Orders go at QoS 1.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import aiomqtt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.backoff import Backoff
from fleet.broker_address import BrokerAddress
from fleet.clock import Clock, utc_now
from fleet.downlink.outbox import Outbox, OutboxLimits, Outgoing
from fleet.metrics import Metrics
from fleet.store.commands import WaitingCommand
from protocols.downlink import Body, Command, Signed, seal
from protocols.topics import DownChannel, down

_TOGETHER = 32
_ANSWER_LIMIT_S = 10.0
_KEEP_ALIVE_S = 30

_log = structlog.get_logger(__name__)


class Downlink:
    """One controller's way to its units. Counters are the clock's microseconds or more: they ascend over restarts."""

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
        self._key = key
        self._metrics = metrics
        self._clock = clock
        self._outbox = Outbox(limits or OutboxLimits())
        self._filled = asyncio.Event()
        self._connected = False
        self._counter = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection to the broker now."""
        return self._connected

    def send(self, unit_id: str, session: str, channel: DownChannel, body: Body, expires_in_s: float) -> bool:
        """Queue `body` for a unit's session; False, and counted as dropped, when it can not be taken.

        An order is not taken while there is no connection: late is worse than never.
        """
        outgoing = Outgoing(unit_id, session, channel, body, time.monotonic() + expires_in_s)
        if outgoing.is_order and not self._connected:
            return self._dropped("no-connection")
        if not self._outbox.put(outgoing):
            return self._dropped("full")
        self._filled.set()
        return True

    def acknowledge(self, unit_id: str, session: str, spool_id: int, seqs: Sequence[int], expires_in_s: float) -> bool:
        """Queue the acknowledgement of committed numbers; False when there is no room: the unit sends them again."""
        if not self._outbox.acknowledge(unit_id, session, spool_id, seqs, time.monotonic() + expires_in_s):
            return self._dropped("full")
        self._metrics.rows_acknowledged.inc(len(seqs))
        self._filled.set()
        return True

    async def send_command(self, command: WaitingCommand, now: datetime) -> None:
        """Queue an order that expires when the command does. What is not taken stays with the dispatcher's repeats."""
        expires_in_s = (command.expires_at - now).total_seconds()
        body = Command(command.command_id, command.order)
        if not self.send(command.unit_id, command.session, "command", body, expires_in_s):
            _log.warning("a command was not sent", unit=command.unit_id, command=command.command_id)

    async def run(self) -> None:
        """Send until cancelled, connecting again whenever the connection breaks."""
        backoff = Backoff(base_s=0.2, cap_s=10.0)
        while True:
            try:
                await self._one_connection(backoff)
            except* (aiomqtt.MqttError, OSError) as group:
                _log.warning("the downlink to the broker is down", detail=str(group.exceptions[0]))
            finally:
                self._connected = False
                self._metrics.broker_connected.labels("downlink").set(0)
            await asyncio.sleep(backoff.next_s())

    async def _one_connection(self, backoff: Backoff) -> None:
        async with self._client() as client:
            client.pending_calls_threshold = 2 * _TOGETHER  # the library warns above it
            backoff.succeeded()
            self._connected = True
            self._metrics.broker_connected.labels("downlink").set(1)
            _log.info("the downlink is connected")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(client), name="downlink: watch")
                tasks.create_task(self._publish_all(client), name="downlink: publish")

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

    async def _publish_all(self, client: aiomqtt.Client) -> None:
        while True:
            while not self._outbox:
                self._filled.clear()
                await self._filled.wait()
            batch, expired = self._outbox.take(_TOGETHER, time.monotonic())
            if expired:
                self._metrics.envelopes_dropped.labels("expired").inc(expired)
            await self._publish(client, batch)

    async def _publish(self, client: aiomqtt.Client, batch: Sequence[Outgoing]) -> None:
        sending = [
            client.publish(down(one.unit_id, one.channel), self._seal(one), qos=1 if one.is_order else 0)
            for one in batch
        ]
        try:
            # Tasks begin in order, so counters reach the broker ascending; the waits for its answers overlap.
            results = await asyncio.gather(*sending, return_exceptions=True)
        except asyncio.CancelledError:
            self._outbox.put_back(one for one in batch if one.is_order)
            raise
        failed = [(one, error) for one, error in zip(batch, results, strict=True) if error is not None]
        self._metrics.envelopes_sent.inc(len(batch) - len(failed))
        if failed:
            orders = [one for one, _ in failed if one.is_order]
            self._outbox.put_back(orders)
            self._metrics.envelopes_dropped.labels("not-published").inc(len(failed) - len(orders))
            raise failed[0][1]

    def _seal(self, outgoing: Outgoing) -> bytes:
        now = self._clock()
        self._counter = max(self._counter + 1, int(now.timestamp() * 1_000_000))
        issued_at_ms = int(now.timestamp() * 1000)
        signed = Signed(
            unit=outgoing.unit_id,
            session=outgoing.session,
            counter=self._counter,
            issued_at_ms=issued_at_ms,
            expires_at_ms=issued_at_ms + max(1, int((outgoing.expires_at_s - time.monotonic()) * 1000)),
            body=outgoing.body,
        )
        return seal(signed, self._key)

    def _dropped(self, reason: str) -> bool:
        self._metrics.envelopes_dropped.labels(reason).inc()
        return False
