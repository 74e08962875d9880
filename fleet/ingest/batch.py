"""What a batch of messages means for the latest state of its units, and what is to be answered. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fleet.ingest.judge import Rejection
from fleet.ingest.link import Link
from fleet.ingest.rows import enter_latest, moment
from fleet.presence.rules import stale_after
from fleet.settings import PresenceSettings
from fleet.store.telemetry import CountedRejection, Heard, KnownUnit, LiveState, NewSeqs, SessionSeen
from protocols.downlink import Welcome
from protocols.text import one_line
from protocols.uplink import AnyUpMessage, CommandResult, EventBatch, HealthBatch, SessionState

_MAX_SUMMARY = 200


class Inbound(msgspec.Struct, frozen=True):
    """A received message with its judgement, and where to acknowledge its delivery."""

    link: Link
    packet_id: int
    size_bytes: int
    received_at_ms: int
    message: AnyUpMessage | None
    rejection: Rejection | None

    @property
    def rows(self) -> int:
        """How many reports or events it carries."""
        if isinstance(self.message, HealthBatch):
            return len(self.message.reports)
        return len(self.message.events) if isinstance(self.message, EventBatch) else 0

    @property
    def unit_id(self) -> str | None:
        """The unit it came from, if that could be told."""
        if self.message is not None:
            return self.message.unit
        return None if self.rejection is None else self.rejection.unit_id


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """A message of a unit that may report."""

    message: AnyUpMessage
    received_at_ms: int


class Answering(msgspec.Struct, frozen=True, gc=False):
    """What an acknowledgement is addressed to."""

    unit_id: str
    session: str
    spool_id: int


class Welcoming(msgspec.Struct, frozen=True, gc=False):
    """The answer to an announcement."""

    unit_id: str
    session: str
    welcome: Welcome


class Outcome(msgspec.Struct):
    """What a committed batch changed and what is to be told to units; `claims` are length and head of chains of
    records by unit, as their latest reports claim them."""

    heard: dict[str, Heard] = msgspec.field(default_factory=dict)
    sessions: dict[str, SessionSeen] = msgspec.field(default_factory=dict)
    replayed: list[Rejection] = msgspec.field(default_factory=list)
    answers: dict[Answering, list[int]] = msgspec.field(default_factory=dict)
    welcomes: list[Welcoming] = msgspec.field(default_factory=list)
    claims: dict[str, tuple[int, str | None]] = msgspec.field(default_factory=dict)
    sessions_begun: set[str] = msgspec.field(default_factory=set)
    events_stored: bool = False
    stored: int = 0
    duplicates: int = 0


def admit(items: Iterable[Inbound], units: Mapping[str, KnownUnit]) -> tuple[list[Accepted], list[Rejection]]:
    """Split a batch into messages of active `units`, in order, and everything said against the others.

    Nothing is said against the will of a revoked unit: the broker sends it when the unit is put out.
    """
    accepted: list[Accepted] = []
    rejections: list[Rejection] = []
    for item in items:
        message = item.message
        unit = None if message is None else units.get(message.unit)
        if message is not None and unit is None:
            rejections.append(Rejection(None, "unknown-unit", message.unit))
        elif message is not None and unit is not None and unit.state == "revoked":
            if not (isinstance(message, SessionState) and not message.up):
                rejections.append(Rejection(message.unit, "revoked", type(message).__name__))
        else:
            if item.rejection is not None:
                rejections.append(item.rejection)
            if message is not None:
                accepted.append(Accepted(message, item.received_at_ms))
    return accepted, rejections


def count_rejections(rejections: Iterable[Rejection], units: Mapping[str, KnownUnit]) -> list[CountedRejection]:
    """Rejections counted by unit and reason, with the last one's detail; all unknown units are counted as one."""
    counted: dict[tuple[str, str], tuple[str | None, Rejection, int]] = {}
    for rejection in rejections:
        unit_id = rejection.unit_id if rejection.unit_id in units else None
        key = (unit_id or "-", rejection.reason)
        _, _, before = counted.get(key, (None, None, 0))
        counted[key] = (unit_id, rejection, before + 1)
    return [
        CountedRejection(
            unit_id=unit_id,
            kind=f"rejected-{reason}" if rejection.refused else reason,
            severity=rejection.severity,
            summary=one_line(rejection.summary, _MAX_SUMMARY),
            count=count,
            refused=count if rejection.refused else 0,
            repeat_key=f"rejected:{named}:{reason}",
        )
        for (named, reason), (unit_id, rejection, count) in counted.items()
    ]


class Folding:
    """Folds messages, in the order they came, into the latest state of their units."""

    def __init__(
        self,
        units: Mapping[str, KnownUnit],
        live: dict[str, LiveState],
        new_reports: NewSeqs,
        new_events: NewSeqs,
        presence: PresenceSettings,
    ) -> None:
        """`live` is the state before the batch; `new_reports` and `new_events` are what was not stored before it."""
        self._units = units
        self._live = live
        self._new_reports = new_reports
        self._new_events = new_events
        self._presence = presence
        self.outcome = Outcome()

    def fold(self, accepted: Iterable[Accepted]) -> Outcome:
        """Take in every message; returns the outcome."""
        for item in accepted:
            message = item.message
            state = self._live.setdefault(message.unit, LiveState())
            if isinstance(message, HealthBatch):
                self._reports(message, state, item.received_at_ms)
            elif isinstance(message, SessionState):
                self._session(message, state, item.received_at_ms)
            elif isinstance(message, EventBatch):
                seqs = [event.seq for event in message.events]
                new = _take_new(self._new_events, message, seqs)
                self.outcome.events_stored |= bool(new)
                self._rows(message, state, seqs, len(new), item.received_at_ms)
        return self.outcome

    def _session(self, message: SessionState, state: LiveState, received_at_ms: int) -> None:
        if message.up:
            self._begin(
                SessionSeen(
                    unit_id=message.unit,
                    up=True,
                    at=moment(received_at_ms),
                    nonce=message.session,
                    connection=message.connection,
                    boot_id=message.boot_id,
                    agent_version=message.agent_version,
                    settings_version=message.settings_version,
                    model=message.model,
                ),
                state,
            )
        elif message.connection == state.session_connection or message.session == state.session_nonce:
            # A will may come after the next connection's announcement: it ends its own connection's session only.
            state.session_up = False
            seen = self.outcome.sessions.get(message.unit)
            ended = seen or SessionSeen(
                unit_id=message.unit,
                up=False,
                at=moment(received_at_ms),
                nonce=message.session,
                connection=message.connection,
            )
            self.outcome.sessions[message.unit] = msgspec.structs.replace(ended, up=False, at=moment(received_at_ms))
            self.outcome.sessions_begun.discard(message.unit)

    def _begin(self, seen: SessionSeen, state: LiveState) -> None:
        if state.session_nonce != seen.nonce:
            state.session_previous = state.session_nonce
        state.session_nonce, state.session_up = seen.nonce, True
        state.session_connection = seen.connection
        self.outcome.sessions[seen.unit_id] = seen
        self.outcome.sessions_begun.add(seen.unit_id)

    def _reports(self, message: HealthBatch, state: LiveState, received_at_ms: int) -> None:
        seqs = [report.seq for report in message.reports]
        new = _take_new(self._new_reports, message, seqs)
        self._rows(message, state, seqs, len(new), received_at_ms)
        if not new:
            return
        heard = self.outcome.heard.get(message.unit)
        if heard is None:
            received_at = moment(received_at_ms)
            due = received_at + stale_after(self._presence, self._units[message.unit].report_every_s)
            heard = self.outcome.heard[message.unit] = Heard(message.unit, received_at, 0, due)
        heard.stored += len(new)
        latest = max((report for report in message.reports if report.seq in new), key=lambda report: report.seq)
        # Never by a clock: a unit whose clock jumps would freeze its own figures.
        if message.spool_id != state.spool_id or state.last_seq is None or latest.seq > state.last_seq:
            state.spool_id, state.last_seq = message.spool_id, latest.seq
            enter_latest(heard, message, latest)
            if latest.access_records is not None:
                self.outcome.claims[message.unit] = latest.access_records, latest.access_head

    def _rows(
        self, message: HealthBatch | EventBatch, state: LiveState, seqs: Sequence[int], new: int, received_at_ms: int
    ) -> None:
        """What holds for reports and events alike: answer, count, and learn the session from what is new."""
        answering = Answering(message.unit, message.session, message.spool_id)
        self.outcome.answers.setdefault(answering, []).extend(seqs)
        self.outcome.stored += new
        self.outcome.duplicates += len(seqs) - new
        if state.session_nonce == message.session:
            return
        if new and message.session == state.session_previous:
            return  # they were under way when the next session was announced
        if new:
            # The announcement was lost, as when no controller listened; new rows show that the session is real.
            at = moment(received_at_ms)
            self._begin(SessionSeen(unit_id=message.unit, up=True, at=at, nonce=message.session), state)
        elif state.session_nonce is not None:
            detail = f"{len(seqs)} from number {seqs[0]}"
            self.outcome.replayed.append(Rejection(message.unit, "replayed", detail))


def _take_new(new_seqs: NewSeqs, message: HealthBatch | EventBatch, seqs: Sequence[int]) -> set[int]:
    """Which of `seqs` were new; a second copy in the same batch is a duplicate."""
    waiting = new_seqs.get((message.unit, message.spool_id))
    if not waiting:
        return set()
    new = waiting.intersection(seqs)
    waiting -= new
    return new


def results_of(accepted: Iterable[Accepted]) -> list[tuple[str, CommandResult]]:
    """The answers to commands, with their units."""
    return [(item.message.unit, item.message) for item in accepted if isinstance(item.message, CommandResult)]
