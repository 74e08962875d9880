"""The sending half of a connection: announcements, command results, live rows, catch-up batches, one after another."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import msgspec
import structlog

from edge_agent.clock import Clock
from edge_agent.link.announcing import Announcing
from edge_agent.link.session import Session
from edge_agent.link.window import CatchUp, Lane, Window, WindowLimits
from edge_agent.spool.keeper import Rows
from edge_agent.spool.rows import Ranges, Row
from edge_agent.spool.spool import Spool
from protocols.health import HealthReport
from protocols.opening import PositionFound, SealedSignal, read_signal
from protocols.text import one_line
from protocols.topics import UpChannel
from protocols.uplink import (
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    PositionMessage,
    SessionState,
    SignalMessage,
    UnitEvent,
    encode_up,
)

FRESH_MAX = 128
RESULTS_MAX = 64
SIGNALS_MAX = 32
LIVE_IN_A_ROW_MAX = 8

Publish = Callable[[UpChannel, bytes], Awaitable[None]]
"""Hands a message to the broker; returns when the broker has it."""

ResultState = Literal["accepted", "done", "refused", "failed"]

_log = structlog.get_logger(__name__)
_report_decoder = msgspec.json.Decoder(HealthReport)
_event_decoder = msgspec.json.Decoder(UnitEvent)


class UnitFacts(NamedTuple):
    """What a unit says of itself when it announces a session."""

    boot_id: str
    agent_version: str
    model: str


class Outcome(NamedTuple):
    """What became of a command, to be told to the controller."""

    command_id: str
    state: ResultState
    reason: str


class Uplink:
    """What a unit has to send. `offer` and `tell` may be called at any time, also without a connection."""

    def __init__(
        self,
        unit_id: str,
        session: Session,
        spool: Spool,
        clock: Clock,
        facts: UnitFacts,
        settings_version: Callable[[], int],
        ack_timeout_ms: int,
    ) -> None:
        """`ack_timeout_ms`: how long a row waits for its acknowledgement before it is sent again."""
        self._unit_id = unit_id
        self._session = session
        self._spool = spool
        self._clock = clock
        self._facts = facts
        self._settings_version = settings_version
        self._ack_timeout_ms = ack_timeout_ms
        self._window = Window(WindowLimits(ack_timeout_ms=ack_timeout_ms))
        self._announcing: Announcing | None = None
        self._fresh: deque[tuple[int, Row]] = deque()
        self._live_in_a_row = 0
        self._results: deque[Outcome] = deque(maxlen=RESULTS_MAX)
        self._signals: deque[SealedSignal] = deque(maxlen=SIGNALS_MAX)
        self._wake = asyncio.Event()
        self.turns = 0
        """How often it has looked for something to send; whoever watches over the program sees by it that it does."""

    def offer(self, rows: Rows) -> None:
        """Rows just spooled, to be sent at once if there is a connection."""
        for row in rows.rows:
            if self._announcing is not None and len(self._fresh) < FRESH_MAX:
                self._fresh.append((rows.spool_id, row))
            else:
                self._window.left_unsent()
        self._wake.set()

    def tell(self, outcome: Outcome) -> None:
        """Tell the controller what became of a command, now or on a later connection (the last 64 are kept)."""
        self._results.append(outcome)
        self._wake.set()

    def signal(self, sealed: SealedSignal) -> None:
        """Say something about an opening, before anything else that waits; it is lost without a connection: late is
        worse than never."""
        if self._announcing is None:
            return
        if len(self._signals) == SIGNALS_MAX:
            _log.warning("too many signals about openings wait; the oldest is dropped")
        self._signals.append(sealed)
        self._wake.set()

    def session_state(self, *, up: bool) -> bytes:
        """The announcement of the session, or its end."""
        tally = self._spool.tally
        return encode_up(
            SessionState(
                unit=self._unit_id,
                session=self._session.nonce,
                connection=self._session.connection_nonce,
                up=up,
                boot_id=self._facts.boot_id,
                agent_version=self._facts.agent_version,
                model=self._facts.model,
                settings_version=self._settings_version(),
                spool_id=tally.spool_id,
                next_seq=tally.next_seq,
            )
        )

    async def run(self, publish: Publish) -> None:
        """Announce, then send whatever there is until cancelled; ends with whatever `publish` raises."""
        self._signals.clear()
        self._start_window()
        self._announcing = Announcing(self._ack_timeout_ms, self._clock.mono_ms())
        try:
            await publish("lwt", self.session_state(up=True))
            while True:
                heed_cancellation()
                self.turns += 1
                self._wake.clear()
                if not await self._send_something(publish, self._announcing):
                    await self._rest(self._announcing)
        finally:
            self._announcing = None
            self._fresh.clear()

    async def leave(self, publish: Publish) -> None:
        """Hand over what `run`, which was cancelled, has left to be said, then the session's end: all at once, since a
        far broker takes a second for each answer. Ends with whatever `publish` raises, in a group."""
        signals, outcomes = list(self._signals), list(self._results)
        self._signals.clear()
        last = [self._signal_message(one) for one in signals] + [self._result_message(one) for one in outcomes]
        async with asyncio.TaskGroup() as tasks:
            for channel, payload in (*last, ("lwt", self.session_state(up=False))):
                tasks.create_task(_handed(publish, channel, payload), name=f"last {channel}")
        while self._results and self._results[0] in outcomes:
            self._results.popleft()

    def heard(self) -> None:
        """The controller said something valid."""
        if self._announcing is not None:
            self._announcing.heard(self._clock.mono_ms(), progress=False)
        self._wake.set()

    def welcomed(self) -> None:
        """The controller has answered the announcement."""
        if self._announcing is not None:
            self._announcing.welcomed(self._clock.mono_ms())
        self._wake.set()

    def acknowledged(self, spool_id: int, ranges: Ranges) -> None:
        """The controller has committed these rows, and the spool has been told."""
        now_ms = self._clock.mono_ms()
        self._window.acknowledged(spool_id, ranges, now_ms)
        if self._announcing is not None:
            self._announcing.heard(now_ms, progress=True)
        self._wake.set()

    def refused_stale(self) -> None:
        """An envelope came too late, or for another session."""
        if self._announcing is not None:
            self._announcing.refused_stale()
        self._wake.set()

    async def _send_something(self, publish: Publish, announcing: Announcing) -> bool:
        now_ms = self._clock.mono_ms()
        self._window.expire(now_ms)
        if self._spool.tally.spool_id != self._window.spool_id:
            self._start_window()
        if now_ms >= announcing.due_ms(waiting=not self._window.settled):
            self._session.renew(now_ms)
            await publish("lwt", self.session_state(up=True))
            announcing.announced(now_ms)
            return True
        if self._signals:
            await publish(*self._signal_message(self._signals.popleft()))
            return True
        if self._results:
            await self._send_result(publish)
            return True
        return await self._send_rows_in_turn(publish, announcing, now_ms)

    async def _send_rows_in_turn(self, publish: Publish, announcing: Announcing, now_ms: int) -> bool:
        """Live rows first, but on a line so slow that they never end, a batch after every few of them."""
        row = self._next_fresh() if self._live_in_a_row < LIVE_IN_A_ROW_MAX else None
        if row is not None:
            self._live_in_a_row += 1
            await self._send_rows(publish, "live", [row])
            return True
        skipped = self._live_in_a_row >= LIVE_IN_A_ROW_MAX
        self._live_in_a_row = 0
        heard = announcing.heard_lately(now_ms)
        may_send = heard or now_ms >= announcing.probe_from_ms()
        plan = self._window.catch_up(heard=heard) if may_send else None
        if plan is not None:
            await self._send_batch(publish, plan)
        return skipped or plan is not None

    def _start_window(self) -> None:
        tally = self._spool.tally
        self._window.start(tally.spool_id, tally.next_seq)

    async def _rest(self, announcing: Announcing) -> None:
        now_ms = self._clock.mono_ms()
        soonest_ms = announcing.due_ms(waiting=not self._window.settled)
        if announcing.probe_from_ms() > now_ms:
            soonest_ms = min(soonest_ms, announcing.probe_from_ms())
        if (window_due_ms := self._window.next_due_ms()) is not None:
            soonest_ms = min(soonest_ms, window_due_ms)
        try:
            async with asyncio.timeout(max(0.0, (soonest_ms - now_ms) / 1000)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _next_fresh(self) -> Row | None:
        while self._fresh:
            spool_id, row = self._fresh.popleft()
            if spool_id == self._window.spool_id and self._window.admit_live(row.seq):
                return row
        return None

    async def _send_result(self, publish: Publish) -> None:
        outcome = self._results[0]
        await publish(*self._result_message(outcome))
        if self._results and self._results[0] is outcome:
            self._results.popleft()

    def _result_message(self, outcome: Outcome) -> tuple[UpChannel, bytes]:
        message = CommandResult(
            unit=self._unit_id,
            session=self._session.nonce,
            command_id=outcome.command_id,
            state=outcome.state,
            reason=one_line(outcome.reason, 500),
        )
        return "result", encode_up(message)

    def _signal_message(self, sealed: SealedSignal) -> tuple[UpChannel, bytes]:
        says_where = isinstance(read_signal(sealed), PositionFound)
        channel: UpChannel = "position" if says_where else "signal"
        kind = PositionMessage if says_where else SignalMessage
        return channel, encode_up(kind(unit=self._unit_id, session=self._session.nonce, sealed=sealed))

    async def _send_batch(self, publish: Publish, plan: CatchUp) -> None:
        spool_id = self._window.spool_id
        if spool_id is None:
            return
        found = await self._spool.rows(spool_id, plan.after, plan.limit, plan.max_bytes, plan.excluding)
        if found.spool_id != spool_id:
            return
        if found.rows:
            await self._send_rows(publish, "catch-up", found.rows)
        else:
            self._window.found_none(plan)

    async def _send_rows(self, publish: Publish, lane: Lane, rows: list[Row]) -> None:
        seqs = [row.seq for row in rows]
        self._window.sent(lane, seqs, self._clock.mono_ms())
        for channel, message in self._messages(rows):
            await publish(channel, encode_up(message))
        self._window.delivered(seqs, self._clock.mono_ms())

    def _messages(self, rows: list[Row]) -> list[tuple[UpChannel, AnyUpMessage]]:
        reports, events = _decoded(rows)
        spool_id = self._window.spool_id or 0
        messages: list[tuple[UpChannel, AnyUpMessage]] = []
        if reports:
            health = HealthBatch(
                unit=self._unit_id,
                session=self._session.nonce,
                spool_id=spool_id,
                settings_version=self._settings_version(),
                reports=reports,
            )
            messages.append(("health", health))
        if events:
            told = EventBatch(unit=self._unit_id, session=self._session.nonce, spool_id=spool_id, events=events)
            messages.append(("event", told))
        return messages


async def _handed(publish: Publish, channel: UpChannel, payload: bytes) -> None:
    await publish(channel, payload)


def heed_cancellation() -> None:
    """End a task that was told to end: `asyncio.wait_for`, which aiomqtt uses, forgets that at times (Python 3.11)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _decoded(rows: list[Row]) -> tuple[list[HealthReport], list[UnitEvent]]:
    """Reports and events in `rows`. One that an earlier version wrote and this one can not read stays in the spool
    until its bounds drop it, and is passed over."""
    reports: list[HealthReport] = []
    events: list[UnitEvent] = []
    for row in rows:
        try:
            if row.kind == "health":
                reports.append(_report_decoder.decode(row.body))
            else:
                events.append(_event_decoder.decode(row.body))
        except msgspec.DecodeError as error:
            _log.warning("spooled row can not be read", seq=row.seq, kind=row.kind, detail=str(error))
    return reports, events
