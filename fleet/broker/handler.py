"""One client's connection: amqtt's protocol handler with its leaks mended.

What amqtt 0.12.1 does, and what this does instead:

- a task for each packet and each message: here one task reads and one sends;
- unbounded queues: here reading waits while a message is passed on, and sending has a bounded queue;
- PUBACK before a message is passed on, and loss of those queued at DISCONNECT: here passing on comes first;
- no end for a client that falls silent: here it is cut off after one and a half keep-alives;
- a session that never ends when the connection breaks while its handler starts: here the waiter exists first;
- 5 seconds for a client's PUBACK, then the message is forgotten: here it keeps its place in the window.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import structlog
from amqtt.broker import BrokerContext
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.packet import MQTTPacket
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket
from amqtt.plugins.manager import PluginManager
from amqtt.session import OutgoingApplicationMessage, Session

from fleet.broker.errors import PeerFault
from fleet.broker.frames import Frame
from fleet.broker.packets import Packet, read_packet

_MAX_PENDING_SUBSCRIPTIONS = 8
_log = structlog.get_logger("fleet.broker")


class Outgoing(NamedTuple):
    """A message on its way to one client."""

    topic: str
    data: bytes
    qos: int


class Setup(NamedTuple):
    """What the broker gives a connection: who it is, where its frames come from and its messages go, its bounds.

    `queue` and `inflight` count messages; `silence_s` is how long the client may say nothing, seconds.
    """

    identity: str
    next_frame: Callable[[], Awaitable[Frame | None]]
    pass_on: Callable[["ClientHandler", PublishPacket], Awaitable[None]]
    queue: int
    inflight: int
    silence_s: float


class ClientHandler(BrokerProtocolHandler):
    """Reads one client's packets in order, and sends it what it may have through one bounded queue."""

    setup: Setup

    def __init__(
        self,
        plugins_manager: PluginManager[BrokerContext],
        session: Session | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As amqtt calls it; `prepare` comes before `start`."""
        super().__init__(plugins_manager, session, loop)
        self._pending_subscriptions = asyncio.Queue(_MAX_PENDING_SUBSCRIPTIONS)
        self._pending_unsubscriptions = asyncio.Queue(_MAX_PENDING_SUBSCRIPTIONS)
        self._ended: asyncio.Future[DisconnectPacket | None] = self._loop.create_future()
        self._sender_task: asyncio.Task[None] | None = None
        self._outgoing: asyncio.Queue[Outgoing] = asyncio.Queue(1)
        self._window = asyncio.Semaphore(1)
        self.dropped = 0

    def prepare(self, setup: Setup) -> None:
        """Take what the broker gives this connection."""
        self.setup = setup
        self._outgoing = asyncio.Queue(setup.queue)
        self._window = asyncio.Semaphore(setup.inflight)

    async def start(self) -> None:
        """Begin to read and to send."""
        self._sender_task = asyncio.create_task(self._send_all(), name="broker-send")
        self._reader_task = asyncio.create_task(self._reader_loop(), name="broker-read")

    async def stop(self) -> None:
        """Stop both tasks and close the connection; more than once does no harm."""
        self._end(None)
        for task in (self._sender_task, self._reader_task):
            if task is None:
                continue
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (fault := task.exception()) is not None:
                _log.error("connection failed", identity=self.setup.identity, exc_info=fault)
        if self.writer is not None:
            await self.writer.close()

    async def wait_disconnect(self) -> DisconnectPacket | None:
        """Wait for the end of the connection: its DISCONNECT, or None when it broke."""
        return await asyncio.shield(self._ended)

    async def handle_disconnect(self, disconnect: DisconnectPacket | None) -> None:
        """End this connection, as if the client had sent `disconnect` (None: as if it broke)."""
        self._end(disconnect)

    async def offer(self, message: Outgoing, patience_s: float) -> None:
        """Queue `message` for this client, waiting at most `patience_s` for room, then drop it and count it."""
        try:
            if self._outgoing.full():
                async with asyncio.timeout(patience_s):
                    await self._outgoing.put(message)
            else:
                self._outgoing.put_nowait(message)
        except TimeoutError:
            self.dropped += 1
            if self.dropped == 1:
                _log.warning("messages are being dropped for a slow client", identity=self.setup.identity)

    def _end(self, disconnect: DisconnectPacket | None) -> None:
        if not self._ended.done():
            self._ended.set_result(disconnect)

    async def _reader_loop(self) -> None:
        farewell: DisconnectPacket | None = None
        try:
            farewell = await self._read_all(self._attached())
        except PeerFault as fault:
            _log.warning("client refused", identity=self.setup.identity, reason=fault.reason, detail=fault.detail)
        except TimeoutError:
            _log.info("client fell silent", identity=self.setup.identity)
        except OSError as error:
            _log.info("connection broke", identity=self.setup.identity, detail=str(error))
        finally:
            self._end(farewell)

    async def _read_all(self, session: Session) -> DisconnectPacket | None:
        while True:
            async with asyncio.timeout(self.setup.silence_s):
                frame = await self.setup.next_frame()
            if frame is None:
                return None
            packet = await read_packet(frame)
            if isinstance(packet, DisconnectPacket):
                return packet
            await self._obey(packet, session)

    async def _obey(self, packet: Packet, session: Session) -> None:
        match packet:
            case PublishPacket():
                await self.setup.pass_on(self, packet)
                if packet.packet_id is not None:
                    await self._send_packet(PubackPacket.build(packet.packet_id))
            case PubackPacket():
                if session.inflight_out.pop(packet.packet_id, None) is not None:
                    self._window.release()
            case SubscribePacket(payload=payload):
                if payload is None or not payload.topics or any(qos > 2 for _, qos in payload.topics):
                    raise PeerFault("malformed", "SUBSCRIBE without a topic, or with a quality of service above 2")
                await self.handle_subscribe(packet)
            case UnsubscribePacket():
                await self.handle_unsubscribe(packet)
            case PingReqPacket():
                await self._send_packet(PingRespPacket())
            case _:
                raise PeerFault("malformed", "a second CONNECT")

    async def _send_all(self) -> None:
        session = self._attached()
        while not self._ended.done():
            message = await self._outgoing.get()
            packet_id = None
            if message.qos:
                await self._window.acquire()
                packet_id = session.next_packet_id
                session.inflight_out[packet_id] = OutgoingApplicationMessage(
                    packet_id, message.topic, message.qos, b"", retain=False
                )
            await self._send_packet(
                PublishPacket.build(
                    message.topic, message.data, packet_id, dup_flag=False, qos=message.qos, retain=False
                )
            )

    async def _send_packet(self, packet: MQTTPacket[Any, Any, Any]) -> None:
        if self.writer is None:
            return
        try:
            async with self._write_lock:
                await packet.to_stream(self.writer)
        except OSError:
            self._end(None)

    def _attached(self) -> Session:
        if self.session is None:
            raise RuntimeError("attach the handler to a session before starting it")
        return self.session
