"""The unit's link: connects, sends what waits, obeys what comes, and begins again when the connection breaks."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import aiomqtt
import structlog

from edge_agent.clock import Clock
from edge_agent.errors import LinkError, StateUnusable
from edge_agent.identity import Identity, IdentityInUse, controller_keys
from edge_agent.link.connection import DELIVERY_LIMIT_S, connected
from edge_agent.link.proving import Proving
from edge_agent.link.session import STALE_REASONS, Admitted, Refusals, Session
from edge_agent.link.uplink import Publish, Uplink
from edge_agent.spool.rows import event_draft
from edge_agent.spool.spool import Spool
from edge_agent.tls import OwnTls
from protocols.backoff import Backoff
from protocols.downlink import Ack, Command, Welcome
from protocols.errors import InvalidEnvelope
from protocols.opening import DownSignal
from protocols.topics import UpChannel, up

GOOD_AFTER_MS = 30_000
GOODBYE_LIMIT_S = 2.0
STOP_LIMIT_S = 5.0

_log = structlog.get_logger(__name__)


class LinkNews(Protocol):
    """Who hears how the link fares. Its methods neither wait nor raise."""

    def welcomed(self, identity: Identity, welcome: Welcome) -> None:
        """The controller has answered on a connection made with `identity`."""
        ...

    def broke(self) -> None:
        """A connection has failed or could not be made."""
        ...


class Link:
    """One unit's link."""

    def __init__(
        self,
        identities: IdentityInUse,
        tls: OwnTls,
        session: Session,
        uplink: Uplink,
        spool: Spool,
        clock: Clock,
        obey: Callable[[Command, int], None],
        heed: Callable[[DownSignal, int], None],
        prove: Callable[[Identity], Proving],
        news: LinkNews,
    ) -> None:
        """`obey` takes over a command, `heed` what is said about an opening, each with the monotonic time it is good
        until; they neither wait nor raise. `prove` makes what answers the challenges of one connection."""
        self._identities = identities
        self._tls = tls
        self._session = session
        self._uplink = uplink
        self._spool = spool
        self._clock = clock
        self._obey = obey
        self._heed = heed
        self._prove = prove
        self._news = news
        self._again = asyncio.Event()
        self._shown: Identity | None = None
        self._refusals = Refusals()
        self._is_up = False

    def reconnect(self) -> None:
        """Connect anew with the identity as it is now, unless that is done already."""
        if self._shown is not self._identities.now:
            self._again.set()

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
            identity = self._identities.now
            try:
                await self._one_connection(identity, stop)
            except* (aiomqtt.MqttError, LinkError, OSError, StateUnusable) as failures:
                _log.warning("link down", broker=identity.broker.host, detail=_first(failures))
                self._news.broke()
            if self._clock.mono_ms() - began_ms >= GOOD_AFTER_MS:
                backoff.reset()
            if not self._again.is_set():
                await self._pause(backoff.next_s(), stop)

    async def _one_connection(self, identity: Identity, stop: asyncio.Event) -> None:
        self._again.clear()
        self._shown = identity
        context = await asyncio.to_thread(self._tls.context, identity)
        self._session.begin(self._clock.mono_ms(), controller_keys(identity))
        async with connected(identity, context, self._uplink.session_state(up=False)) as client:
            self._is_up = True
            _log.info("link up", broker=identity.broker.host, port=identity.broker.port)
            publish = _publisher(client, identity.unit_id)
            proving = self._prove(identity)
            try:
                async with asyncio.TaskGroup() as tasks:
                    working = [
                        tasks.create_task(self._receive(client, identity, proving), name="link receive"),
                        tasks.create_task(proving.run(publish), name="link prove"),
                        tasks.create_task(self._uplink.run(publish), name="link send"),
                    ]
                    await _either(stop, self._again)
                    for task in working:
                        task.cancel()
                async with asyncio.timeout(GOODBYE_LIMIT_S):
                    await self._uplink.leave(publish)
            except TimeoutError:
                _log.info("the broker did not take our last words")
            finally:
                self._is_up = False

    async def _receive(self, client: aiomqtt.Client, identity: Identity, proving: Proving) -> None:
        async for message in client.messages:
            try:
                admitted = self._session.judge(message.topic.value, message.payload, self._clock.mono_ms())
            except InvalidEnvelope as refusal:
                await self._refuse(refusal)
            else:
                await self._follow(admitted, identity, proving)

    async def _follow(self, admitted: Admitted, identity: Identity, proving: Proving) -> None:
        body = admitted.body
        if isinstance(body, Ack):
            await self._spool.acknowledge(body.spool_id, body.ranges)
            self._uplink.acknowledged(body.spool_id, body.ranges)
            return
        if isinstance(body, Welcome):
            self._uplink.welcomed()
            proving.ask(admitted.session, body.challenge)
            self._news.welcomed(identity, body)
            return
        self._uplink.heard()
        if isinstance(body, Command):
            self._obey(body, admitted.good_until_ms)
        else:
            self._heed(body, admitted.good_until_ms)

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

    async def _pause(self, seconds: float, stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(seconds):
                await _either(stop, self._again)
        except TimeoutError:
            return


def _publisher(client: aiomqtt.Client, unit_id: str) -> Publish:
    async def publish(channel: UpChannel, payload: bytes) -> None:
        await client.publish(up(unit_id, channel), payload, qos=1, timeout=DELIVERY_LIMIT_S)

    return publish


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _first(failures: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
