"""The embedded broker: amqtt's broker behind our own door, with its sessions and fan-out mended.

What amqtt 0.12.1 does, and this does instead:

- asks for a client certificate but does not need one: here the TLS context requires it, and the name in it is the
  identity that every rule is asked about;
- deletes or takes over the session of any client id that a CONNECT names, before it is authenticated: here the client
  id is judged first, and the old connection has ended before the new one begins;
- leaves the connection open after a faulty CONNECT, and waits for one for ever: here both end;
- keeps sessions, and messages for them, without bound: here every session is clean and ends with its connection
  (a client that asked for a lasting one is told in the CONNACK that there was none);
- passes wills and retained messages on without asking the topic rules: here a CONNECT with a will that its sender may
  not publish is refused, and nothing is retained;
- raises a message to the subscription's quality of service: here it keeps the lower of the two (MQTT 3.1.1, 3.8.4);
- knows no revocation: here a certificate on the list is refused in the handshake, and its connection ends when it
  comes onto the list;
- passes messages on from an unbounded queue in one task each: here straight into each client's bounded queue.

Units wait a little for the controller's queue; the controller never waits for a unit's.
"""

import asyncio
from pathlib import Path

import structlog
from amqtt.adapters import BufferReader, ReaderAdapter, StreamReaderAdapter, WriterAdapter
from amqtt.broker import Broker, Server
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import MQTTError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.publish import PublishPacket
from amqtt.session import Session

from fleet.broker import frames, rules
from fleet.broker.connect import peer_identity, read_connect
from fleet.broker.errors import PeerFault, PortTaken
from fleet.broker.handler import ClientHandler, Outgoing, Setup
from fleet.broker.limits import MAX_PACKET_BYTES, Limits
from fleet.broker.streams import BoundedWriter
from fleet.broker.tls import Trust, check_loopback, load_trust, newest_context, serial_of
from fleet.broker.watch import mark_of, watch_files
from fleet.connections import cut
from protocols.topics import CONTROLLER_NAME

_LISTENER = "default"
_SHUTDOWN_S = 10.0
_TAKE_OVER_S = 5.0
_log = structlog.get_logger("fleet.broker")


class EmbeddedBroker(Broker):
    """An MQTT 3.1.1 broker on a loopback address. `start`, then `port`, then `shutdown`."""

    def __init__(self, host: str, port: int, tls_directory: Path, limits: Limits | None = None) -> None:
        """A broker that will listen on `host`:`port` (0: a free one) with the files in `tls_directory`.

        Needs a running event loop. Raises NotLoopback, TlsUnusable.
        """
        self._host = check_loopback(host)
        self._wanted_port = port
        self._directory = tls_directory
        self._mark = mark_of(tls_directory)
        self._trust = load_trust(tls_directory)
        self._tls = newest_context(self._trust.context)
        self._limits = limits or Limits()
        listener = ListenerConfig(type=ListenerType.EXTERNAL, bind=f"{host}:{port}")
        super().__init__(BrokerConfig(listeners={_LISTENER: listener}, plugins={}))
        self._door: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._shown: dict[asyncio.Task[None], tuple[int, asyncio.WriteTransport]] = {}
        self._serving: dict[str, tuple[ClientHandler, asyncio.Task[None]]] = {}

    @property
    def port(self) -> int:
        """The port it listens on; raises RuntimeError before `start`."""
        if self._door is None:
            raise RuntimeError("the broker has not been started")
        port: int = self._door.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen; raises PortTaken."""
        await super().start()
        try:
            self._door = await asyncio.start_server(
                self._knock,
                self._host,
                self._wanted_port,
                ssl=self._tls,
                ssl_handshake_timeout=self._limits.handshake_s,
                ssl_shutdown_timeout=self._limits.close_s,
            )
        except OSError as error:
            await super().shutdown()
            raise PortTaken(self._host, self._wanted_port, error.strerror or str(error)) from error
        watching = watch_files(self._directory, self._mark, self._take)
        self._watching = asyncio.create_task(watching, name="watch-files")

    async def shutdown(self) -> None:
        """End every connection and stop listening, within a limit; more than once does no harm."""
        door, self._door = self._door, None
        if door is None:
            return
        door.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching], timeout=_SHUTDOWN_S)
        for task in self._connections:
            task.cancel()
        if self._connections:
            _, stuck = await asyncio.wait(self._connections, timeout=_SHUTDOWN_S)
            if stuck:
                _log.error("connections did not end", count=len(stuck))
        await super().shutdown()

    def _take(self, trust: Trust) -> None:
        """Judge new connections by `trust`, and end those whose certificate has been revoked."""
        self._trust = trust
        self._tls.current = trust.context
        _log.info("certificates and revocation list were read again", revoked=len(trust.revoked))
        for serial, transport in self._shown.values():
            if serial in trust.revoked:
                _log.warning("connection ended", reason="revoked", serial=f"{serial:x}")
                cut(transport)

    def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._limits.connections:
            _log.warning("connection refused", reason="too-many-connections", limit=self._limits.connections)
            cut(writer.transport)
            return
        task = asyncio.create_task(self._serve(reader, writer), name="broker-connection")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, serial = asyncio.current_task(), serial_of(writer.get_extra_info("ssl_object"))
        assert task is not None
        if serial is None or serial in self._trust.revoked:
            # The list came between this connection's handshake and here.
            _log.warning("connection refused", reason="revoked")
            cut(writer.transport)
            return
        self._shown[task] = serial, writer.transport
        try:
            bounded = BoundedWriter(writer, self._limits.send_s, self._limits.close_s)
            await self._client_connected(_LISTENER, StreamReaderAdapter(reader), bounded)
        except OSError as error:
            _log.info("connection broke", detail=str(error))
        except Exception:  # noqa: BLE001  # a fault in amqtt ends this connection, never the broker
            _log.error("connection failed", exc_info=True)
        finally:
            del self._shown[task]
            cut(writer.transport)

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        """Read and judge the CONNECT; raises MQTTError when it is refused, and amqtt leaves it at that."""
        try:
            identity = peer_identity(writer.get_ssl_info())
            async with asyncio.timeout(self._limits.connect_s):
                raw = await read_connect(reader, writer, identity)
            handler, session = await ClientHandler.init_from_connect(BufferReader(raw), writer, self.plugins_manager)
            assert isinstance(handler, ClientHandler)
            session.clean_session = True
            session.username = identity
            handler.prepare(self._setup(identity, reader, session.keep_alive))
            await self._take_over(str(session.client_id), handler)
        except (PeerFault, TimeoutError) as fault:
            reason = fault.reason if isinstance(fault, PeerFault) else "no-connect"
            _log.warning("connection refused", reason=reason, detail=str(fault), peer=f"{remote_address}:{remote_port}")
            raise MQTTError(reason) from fault
        return handler, session

    def _setup(self, identity: str, reader: ReaderAdapter, keepalive_s: int) -> Setup:
        limits = self._limits
        return Setup(
            identity=identity,
            next_frame=lambda: frames.read_frame(reader.read, MAX_PACKET_BYTES),
            pass_on=self._pass_on,
            queue=limits.controller_queue if identity == CONTROLLER_NAME else limits.unit_queue,
            inflight=limits.inflight,
            silence_s=limits.silence_s(keepalive_s),
        )

    async def _take_over(self, client_id: str, handler: ClientHandler) -> None:
        """End the connection that `client_id` has, its will included, and put `handler` in its place."""
        task = asyncio.current_task()
        assert task is not None
        while (old := self._serving.get(client_id)) is not None:
            old_handler, old_task = old
            await old_handler.handle_disconnect(None)
            _, stuck = await asyncio.wait([old_task], timeout=_TAKE_OVER_S)
            if stuck:
                old_task.cancel()
                raise PeerFault("client-id-in-use", f"the old connection of {client_id!r} does not end")
        self._serving[client_id] = (handler, task)

    async def _handle_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,
        client_session: Session,
        handler: BrokerProtocolHandler,
        server: Server,
        listener_name: str,
    ) -> None:
        """Serve one client until it goes, then leave nothing of it."""
        try:
            await super()._handle_client_session(reader, writer, client_session, handler, server, listener_name)
        finally:
            client_id = str(client_session.client_id)
            self._sessions.pop(client_id, None)
            await self._del_all_subscriptions(client_session)
            await handler.stop()
            del self._serving[client_id]

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        """True: `_initialize_client_session` let nobody else through."""
        return session.username is not None

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        """Ask the topic rules about a subscription, the only thing amqtt still asks about."""
        return action is Action.SUBSCRIBE and rules.judge_subscribe(str(session.username), topic)

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Subscribe with quality of service 0 or 1 and return it, or SUBSCRIPTION_REFUSED."""
        topic_filter, qos = subscription
        granted = await super().add_subscription((topic_filter, min(qos, 1)), session)
        if granted == rules.SUBSCRIPTION_REFUSED:
            _log.warning("subscription refused", identity=session.username, topic_filter=topic_filter[:120])
        return granted

    async def _pass_on(self, sender: ClientHandler, packet: PublishPacket) -> None:
        topic, qos = packet.topic_name or "", packet.qos or 0
        rules.judge_publish(sender.setup.identity, topic, qos, retain=packet.retain_flag)
        await self._broadcast_message(sender.session, topic, packet.data, qos)

    async def _broadcast_message(
        self,
        session: Session | None,  # noqa: ARG002  # amqtt's signature
        topic: str | None,
        data: bytes | bytearray | None,
        force_qos: int | None = None,
    ) -> None:
        """Put a message, or a will, into the queue of everybody who subscribed to it."""
        for target, subscribed_qos in self._subscribers(topic or ""):
            patience_s = self._limits.controller_patience_s if target.setup.identity == CONTROLLER_NAME else 0
            message = Outgoing(topic or "", bytes(data or b""), min(force_qos or 0, subscribed_qos))
            await target.offer(message, patience_s)

    def _subscribers(self, topic: str) -> list[tuple[ClientHandler, int]]:
        return [
            (handler, qos)
            for topic_filter, subscriptions in self._subscriptions.items()
            if self._matches(topic, topic_filter)
            for session, qos in subscriptions
            if isinstance(handler := self._get_handler(session), ClientHandler)
        ]
