"""The subscriber: one TLS connection to the broker, spoken to in MQTT 3.1.1 by our own codec.

The session is clean: what the broker had queued for a controller that went away is lost, and that is right, because
units keep every report until it is acknowledged and send it again. A lasting session would make the broker gather
messages without end for a controller that never comes back, and hand out old ones first to one that does.

PUBACK is sent after COMMIT, so that the broker's window of unacknowledged messages is also our back-pressure.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import structlog

from fleet.broker_address import BrokerAddress
from fleet.clock import Clock, utc_now
from fleet.connections import cut
from fleet.ingest import mqtt_codec as codec
from fleet.ingest.errors import BrokerSilent, ConnectRefused, LinkError, MalformedPacket, SubscribeRefused
from fleet.ingest.link import Receive
from fleet.metrics import Metrics
from protocols.backoff import Backoff
from protocols.topics import UpChannel, up_filter

KEEP_ALIVE_S = 30
_ANSWER_LIMIT_S = 15.0
_PING_EVERY_S = 10.0
_GRANTED_QOS = 1
_SUBSCRIBE_ID = 1
_MAX_ANSWERS = 4

_SHARED: tuple[UpChannel, ...] = ("health", "event", "result", "lwt")
_HEARD_BY_ALL: tuple[UpChannel, ...] = ("signal", "position")
"""What answers one controller, which only the one that asked can tell."""

_log = structlog.get_logger(__name__)


def filters(shared_group: str = "") -> list[str]:
    """What ingest subscribes to: all units' health, events, results and announcements, which controllers share in
    `shared_group`; and signals and positions."""
    shared = [up_filter(channel, shared_group) for channel in _SHARED]
    return shared + [up_filter(channel) for channel in _HEARD_BY_ALL]


class MqttSubscriber:
    """Subscribes to `filters` at QoS 1; see `fleet.ingest.link.Subscriber`."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str],
        metrics: Metrics,
        clock: Clock = utc_now,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._filters = list(filters)
        self._connected = metrics.broker_connected.labels("ingest")
        self._clock = clock
        self._listening_since: datetime | None = None
        self._connection: Connection | None = None
        self._listens = asyncio.Event()

    @property
    def listening_since(self) -> datetime | None:
        """Since when the subscription has stood without a break; None while it does not."""
        return self._listening_since

    async def run(self, receive: Receive) -> None:
        """Pass messages to `receive` until cancelled, connecting again whenever the connection breaks."""
        backoff = Backoff(base_s=0.2, cap_s=10.0)
        while True:
            try:
                await self._one_connection(receive, backoff)
            except (LinkError, MalformedPacket, OSError, TimeoutError) as error:
                _log.warning("ingest's link to the broker is down", detail=str(error) or "no answer in time")
            await asyncio.sleep(backoff.next_s())

    async def writable(self) -> None:
        """Wait until there is a connection that can take more to publish."""
        while self._connection is None or not self._connection.can_write.is_set():
            await self._listens.wait()
            if self._connection is not None:
                await self._connection.can_write.wait()

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send (topic, payload) at QoS 0, in order; they are lost when the connection is."""
        if self._connection is not None:
            self._connection.publish(messages)

    async def _one_connection(self, receive: Receive, backoff: Backoff) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            _, connection = await loop.create_connection(
                lambda: Connection(receive), self._address.host, self._address.port, ssl=self._address.tls
            )
        try:
            await connection.open(self._client_id, self._filters)
            backoff.reset()
            self._listening_since = self._clock()
            self._connection = connection
            self._listens.set()
            self._connected.set(1)
            _log.info("ingest listens", filters=self._filters)
            await connection.keep_alive()
        finally:
            self._listening_since = None
            self._connection = None
            self._listens.clear()
            self._connected.set(0)
            connection.close()


class Connection(asyncio.Protocol):
    """One connection; a `Link` for the messages that come over it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._reader = codec.PacketReader()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._answers: asyncio.Queue[codec.Connack | codec.Suback] = asyncio.Queue(_MAX_ANSWERS)
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard_at = 0.0
        self.can_write = asyncio.Event()
        """Set while the transport takes more without its buffer growing beyond bounds, and once it has ended."""
        self.can_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # By cast, since the transports of uvloop only look like asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._heard_at = asyncio.get_running_loop().time()
        try:
            packets = self._reader.feed(data)
        except MalformedPacket as error:
            self._end(error)
            return
        messages: list[codec.Publish | codec.OversizedPublish] = []
        for packet in packets:
            if isinstance(packet, codec.Publish | codec.OversizedPublish):
                messages.append(packet)
            elif isinstance(packet, codec.Connack | codec.Suback) and not self._answers.full():
                self._answers.put_nowait(packet)
        if messages:
            self._receive(self, messages)

    def eof_received(self) -> bool:
        """Called by asyncio."""
        self._end(LinkError("the broker closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._end(LinkError(str(exc) if exc else "the broker closed the connection"))

    def pause_writing(self) -> None:
        """Called by asyncio."""
        self.can_write.clear()

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self.can_write.set()

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send (topic, payload) at QoS 0, in order."""
        self._write(b"".join(codec.publish(topic, payload) for topic, payload in messages))

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send PUBACK for messages of this connection, in the order they were received."""
        if packet_ids:
            self._write(codec.pubacks(packet_ids))

    def pause(self) -> None:
        """Stop reading until `resume`: the broker then holds what is to come."""
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and self._paused and not self._transport.is_closing():
            self._paused = False
            self._heard_at = asyncio.get_running_loop().time()
            self._transport.resume_reading()

    async def open(self, client_id: str, filters: Sequence[str]) -> None:
        """CONNECT and SUBSCRIBE; raises LinkError when either is not granted in time."""
        self._write(codec.connect(client_id, KEEP_ALIVE_S))
        connack = await self._answer("CONNACK")
        if not isinstance(connack, codec.Connack):
            raise LinkError("the broker answered CONNECT with something else")
        if connack.code:
            raise ConnectRefused(connack.code)
        self._write(codec.subscribe(_SUBSCRIBE_ID, filters))
        suback = await self._answer("SUBACK")
        if not isinstance(suback, codec.Suback) or len(suback.granted) != len(filters):
            raise LinkError("the broker answered SUBSCRIBE with something else")
        for topic_filter, granted in zip(filters, suback.granted, strict=True):
            if granted != _GRANTED_QOS:
                raise SubscribeRefused(topic_filter)

    async def keep_alive(self) -> None:
        """Ping until the connection ends; raises why it ended."""
        loop = asyncio.get_running_loop()
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=_PING_EVERY_S)
            if done:
                self._ended.result()
            if not self._paused and loop.time() - self._heard_at > _PING_EVERY_S + _ANSWER_LIMIT_S:
                raise BrokerSilent("PINGRESP", _ANSWER_LIMIT_S)
            self._write(codec.PINGREQ)

    def close(self) -> None:
        """Say goodbye and close; waits for nothing."""
        self._write(codec.DISCONNECT)
        if self._ended.done():
            self._ended.exception()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
            self._ended.exception()
        self.can_write.set()
        if self._transport is not None:
            cut(self._transport)

    async def _answer(self, awaited: str) -> codec.Connack | codec.Suback:
        answer = asyncio.ensure_future(self._answers.get())
        try:
            either: set[asyncio.Future[Any]] = {answer, self._ended}
            done, _ = await asyncio.wait(either, timeout=_ANSWER_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if done:
                self._ended.result()
            raise BrokerSilent(awaited, _ANSWER_LIMIT_S)
        finally:
            answer.cancel()
