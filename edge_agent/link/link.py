"""The unit's link: connects, sends what waits, obeys what comes, and begins again when the connection breaks."""

import asyncio
import ssl
from collections.abc import Callable

import aiomqtt
import structlog

from edge_agent.clock import Clock
from edge_agent.errors import LinkError
from edge_agent.identity import Identity
from edge_agent.link.connection import DELIVERY_LIMIT_S, connected
from edge_agent.link.session import STALE_REASONS, Admitted, Refusals, Session
from edge_agent.link.uplink import Publish, Uplink
from edge_agent.spool.rows import event_draft
from edge_agent.spool.spool import Spool
from protocols.backoff import Backoff
from protocols.downlink import Ack, Command
from protocols.errors import InvalidEnvelope
from protocols.topics import UpChannel, up

GOOD_AFTER_MS = 30_000
GOODBYE_LIMIT_S = 2.0
STOP_LIMIT_S = 5.0

_log = structlog.get_logger(__name__)


class Link:
    """One unit's link."""

    def __init__(
        self,
        identity: Identity,
        context: ssl.SSLContext,
        session: Session,
        uplink: Uplink,
        spool: Spool,
        clock: Clock,
        obey: Callable[[Command, int], None],
    ) -> None:
        """`obey` takes over a command and the monotonic time it is good until; it neither waits nor raises."""
        self._identity = identity
        self._context = context
        self._session = session
        self._uplink = uplink
        self._spool = spool
        self._clock = clock
        self._obey = obey
        self._refusals = Refusals()
        self._is_up = False

    async def run(self, stop: asyncio.Event) -> None:
        """Keep a connection until `stop`; then say goodbye and return, within seconds in any case."""
        keeping = asyncio.create_task(self._keep_connected(stop), name="link connections")
        stopping = asyncio.create_task(stop.wait(), name="link stop")
        try:
            await asyncio.wait({keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({keeping}, timeout=STOP_LIMIT_S if self._is_up else 0)
        finally:
            keeping.cancel()
            stopping.cancel()
            await asyncio.wait({keeping, stopping})
        if not keeping.cancelled():
            keeping.result()

    async def _keep_connected(self, stop: asyncio.Event) -> None:
        backoff = Backoff(base_s=0.5, cap_s=60.0)
        while not stop.is_set():
            began_ms = self._clock.mono_ms()
            try:
                await self._one_connection(stop)
            except* (aiomqtt.MqttError, LinkError, OSError) as failures:
                _log.warning("link down", broker=self._identity.broker.host, detail=_first(failures))
            if self._clock.mono_ms() - began_ms >= GOOD_AFTER_MS:
                backoff.reset()
            await _pause(stop, backoff.next_s())

    async def _one_connection(self, stop: asyncio.Event) -> None:
        self._session.begin(self._clock.mono_ms())
        async with connected(self._identity, self._context, self._uplink.session_state(up=False)) as client:
            self._is_up = True
            _log.info("link up", broker=self._identity.broker.host, port=self._identity.broker.port)
            publish = self._publisher(client)
            try:
                async with asyncio.TaskGroup() as tasks:
                    working = [
                        tasks.create_task(self._receive(client), name="link receive"),
                        tasks.create_task(self._uplink.run(publish), name="link send"),
                    ]
                    await stop.wait()
                    for task in working:
                        task.cancel()
                async with asyncio.timeout(GOODBYE_LIMIT_S):
                    await publish("lwt", self._uplink.session_state(up=False))
            except TimeoutError:
                _log.info("the broker did not take our goodbye")
            finally:
                self._is_up = False

    def _publisher(self, client: aiomqtt.Client) -> Publish:
        async def publish(channel: UpChannel, payload: bytes) -> None:
            await client.publish(up(self._identity.unit_id, channel), payload, qos=1, timeout=DELIVERY_LIMIT_S)

        return publish

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            try:
                admitted = self._session.judge(message.topic.value, message.payload, self._clock.mono_ms())
            except InvalidEnvelope as refusal:
                await self._refuse(refusal)
            else:
                await self._follow(admitted)

    async def _follow(self, admitted: Admitted) -> None:
        body = admitted.body
        if isinstance(body, Ack):
            await self._spool.acknowledge(body.spool_id, body.ranges)
            self._uplink.acknowledged(body.spool_id, body.ranges)
            return
        self._uplink.heard()
        if isinstance(body, Command):
            self._obey(body, admitted.good_until_ms)

    async def _refuse(self, refusal: InvalidEnvelope) -> None:
        now_ms = self._clock.mono_ms()
        if refusal.reason in STALE_REASONS:
            self._uplink.refused_stale()
        telling = self._refusals.note(refusal, now_ms)
        if telling is None:
            return
        _log.warning("envelope refused", reason=refusal.reason, detail=refusal.detail)
        draft = event_draft(self._clock.wall_ms(), "envelope-refused", telling.severity, telling.summary)
        self._uplink.offer(await self._spool.append([draft]))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _first(failures: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
