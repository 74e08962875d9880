"""Ingest: takes what units send from the broker, commits it in batches, and only then acknowledges it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from fleet.clock import Clock, utc_now
from fleet.downlink.downlink import Downlink
from fleet.errors import StoreUnavailable
from fleet.ingest.batch import Inbound, Outcome
from fleet.ingest.inbox import BatchLimits, Inbox, InboxLimits
from fleet.ingest.judge import Rejection, judge, judge_oversized
from fleet.ingest.link import Link, Subscriber
from fleet.ingest.mqtt_codec import OversizedPublish, Publish
from fleet.ingest.turns import Turn
from fleet.ingest.writer import OnProofs, Writer
from fleet.metrics import Metrics
from fleet.settings import PresenceSettings
from fleet.store.errors import RowsRefused, TransactionConflict
from fleet.store.store import Store
from protocols.backoff import Backoff
from protocols.uplink import PositionMessage, SignalMessage

_WRITERS = 2
_LINGER_STEP_S = 0.004
_LINGER_STEPS = 5
_ENOUGH_MESSAGES = 200
_ACK_LIFE_S = 120.0
_WELCOME_LIFE_S = 60.0

OnSessions = Callable[[set[str]], Awaitable[None]]
"""Told which units have begun a session; may raise StoreUnavailable and is then told again."""

OnSignal = Callable[[SignalMessage | PositionMessage], None]
"""Told at once what a unit says about an opening, its signature not checked yet; must not block and not raise."""

_log = structlog.get_logger(__name__)


def _nobody(_message: SignalMessage | PositionMessage) -> None:
    """Nobody here opens units."""


class Ingest:
    """Wire it to a subscriber, the store and the downlink, then `run` it."""

    def __init__(
        self,
        *,
        store: Store,
        subscriber: Subscriber,
        downlink: Downlink,
        presence: PresenceSettings,
        metrics: Metrics,
        on_sessions: OnSessions,
        on_proofs: OnProofs,
        on_signal: OnSignal = _nobody,
        clock: Clock = utc_now,
        inbox_limits: InboxLimits | None = None,
        batch_limits: BatchLimits | None = None,
    ) -> None:
        self._subscriber = subscriber
        self._downlink = downlink
        downlink.answer_over(subscriber)
        self._metrics = metrics
        self._on_sessions = on_sessions
        self._on_signal = on_signal
        self._clock = clock
        self._writer = Writer(store, presence, on_proofs, clock)
        self._inbox = Inbox(inbox_limits or InboxLimits(), batch_limits or BatchLimits())
        self._taking = asyncio.Lock()
        self._last_turn: Turn | None = None
        self._begun: set[str] = set()
        self._sessions_begun = asyncio.Event()

    @property
    def listening_since(self) -> datetime | None:
        """Since when every unit has been heard without a break; None while the broker is not connected."""
        return self._subscriber.listening_since

    async def run(self) -> None:
        """Work until cancelled. A lost broker or database only delays: nothing uncommitted is ever acknowledged."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._subscriber.run(self._receive), name="ingest: receive")
            for number in range(_WRITERS):
                tasks.create_task(self._write_in_turn(), name=f"ingest: write {number}")
            tasks.create_task(self._tell_of_sessions(), name="ingest: sessions")

    def _receive(self, link: Link, packets: Sequence[Publish | OversizedPublish]) -> None:
        received_at_ms = int(self._clock().timestamp() * 1000)
        for packet in packets:
            if isinstance(packet, Publish):
                size_bytes = len(packet.payload)
                message, rejection = judge(packet.topic, packet.payload, received_at_ms)
            else:
                size_bytes = 0
                message, rejection = judge_oversized(packet.topic, packet.size_bytes)
            if isinstance(message, SignalMessage | PositionMessage):
                self._on_signal(message)
            self._inbox.put(Inbound(link, packet.packet_id, size_bytes, received_at_ms, message, rejection))
        self._metrics.messages_received.inc(len(packets))

    async def _write_in_turn(self) -> None:
        while True:
            async with self._taking:
                await self._inbox.filled()
                await self._linger()
                batch = self._inbox.take()
                turn = self._last_turn = Turn(self._last_turn)
            self._metrics.messages_waiting.set(len(self._inbox))
            try:
                await self._write_whole(batch, turn)
                await turn.is_first()
                self._puback(batch)
            finally:
                turn.finish()
            self._inbox.done(batch)

    async def _linger(self) -> None:
        """Wait a little while more keeps coming, so that a trickle does not become one transaction a message."""
        for _ in range(_LINGER_STEPS):
            before = self._inbox.untaken
            if before >= _ENOUGH_MESSAGES:
                return
            await asyncio.sleep(_LINGER_STEP_S)
            if self._inbox.untaken == before:
                return

    async def _write_whole(self, batch: list[Inbound], turn: Turn) -> None:
        """Write `batch`, however long the database is away, splitting it where something in it can not be stored."""
        pending = [batch]
        while pending:
            part = pending.pop()
            try:
                await self._persist(part, turn)
                continue
            except RowsRefused as error:
                detail = error.detail
            except Exception as error:  # noqa: BLE001 - a fault that one message brings out must not stop the others
                _log.exception("ingest met a fault of its own", messages=len(part))
                detail = f"fault in ingest: {type(error).__name__}"
            if len(part) == 1:
                await self._give_up(part[0], detail)
            else:
                middle = len(part) // 2
                pending += [part[middle:], part[:middle]]

    async def _persist(self, part: list[Inbound], turn: Turn) -> None:
        backoff = Backoff(base_s=0.05, cap_s=5.0)
        while True:
            try:
                started = time.monotonic()
                outcome, rejections = await self._writer.write(part, turn)
            except StoreUnavailable as error:
                self._metrics.flushes_failed.labels("store-unavailable").inc()
                _log.warning("ingest waits for the database", detail=error.detail, waiting=len(self._inbox))
                await asyncio.sleep(backoff.next_s())
            except TransactionConflict as error:
                self._metrics.flushes_failed.labels("conflict").inc()
                _log.info("a batch met another controller's and is written again", detail=error.detail)
                await asyncio.sleep(backoff.next_s())
            else:
                self._metrics.flush_s.observe(time.monotonic() - started)
                self._committed(outcome, rejections)
                return

    async def _give_up(self, item: Inbound, detail: str) -> None:
        """Record the one message that can not be stored. The unit keeps it: it is not acknowledged as stored."""
        _log.error("a message can not be stored", unit=item.unit_id, detail=detail)
        rejection = Rejection(item.unit_id, "unstorable", detail)
        with suppress(RowsRefused):  # then the event can not be stored either; the log line above has told it
            await self._retry_record(rejection)
        self._count([rejection])

    async def _retry_record(self, rejection: Rejection) -> None:
        backoff = Backoff(base_s=0.05, cap_s=5.0)
        while True:
            try:
                await self._writer.record([rejection])
            except (StoreUnavailable, TransactionConflict):
                await asyncio.sleep(backoff.next_s())
            else:
                return

    def _puback(self, batch: list[Inbound]) -> None:
        """Tell the broker, in the order of arrival, as MQTT wants it."""
        by_link: dict[Link, list[int]] = {}
        for item in batch:
            if item.packet_id:
                by_link.setdefault(item.link, []).append(item.packet_id)
        for link, packet_ids in by_link.items():
            link.acknowledge(packet_ids)

    def _committed(self, outcome: Outcome, rejections: list[Rejection]) -> None:
        for one in outcome.welcomes:
            self._downlink.send(one.unit_id, one.session, "ack", one.welcome, _WELCOME_LIFE_S)
        for to, seqs in outcome.answers.items():
            self._downlink.acknowledge(to.unit_id, to.session, to.spool_id, seqs, _ACK_LIFE_S)
        if outcome.sessions_begun:
            self._begun |= outcome.sessions_begun
            self._sessions_begun.set()
        self._metrics.rows_stored.inc(outcome.stored)
        self._metrics.rows_duplicate.inc(outcome.duplicates)
        self._count(rejections)

    def _count(self, rejections: Sequence[Rejection]) -> None:
        for rejection in rejections:
            self._metrics.messages_rejected.labels(rejection.reason).inc()

    async def _tell_of_sessions(self) -> None:
        backoff = Backoff(base_s=0.2, cap_s=5.0)
        while True:
            await self._sessions_begun.wait()
            self._sessions_begun.clear()
            begun, self._begun = self._begun, set()
            try:
                await self._on_sessions(begun)
            except StoreUnavailable as error:
                _log.warning("new sessions wait for the database", units=len(begun), detail=error.detail)
                self._begun |= begun
                self._sessions_begun.set()
                await asyncio.sleep(backoff.next_s())
            except Exception:  # noqa: BLE001 - what others do with the news must not stop what is being received
                _log.exception("new sessions could not be told of", units=len(begun))
            else:
                backoff.reset()
