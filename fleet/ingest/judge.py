"""What to think of a message before the database is asked. Pure."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import msgspec

from protocols.errors import InvalidMessage, InvalidSignal, InvalidTopic
from protocols.health import HealthReport
from protocols.opening import PositionFound, read_signal
from protocols.topics import MAX_PAYLOAD_BYTES, parse_up
from protocols.uplink import (
    AnyUpMessage,
    EventBatch,
    HealthBatch,
    PositionMessage,
    Severity,
    SignalMessage,
    UnitEvent,
    decode_up,
)

Reason = Literal[
    "malformed",
    "oversized",
    "wrong-unit",
    "unknown-version",
    "invalid-topic",
    "unknown-unit",
    "revoked",
    "unstorable",
    "replayed",
    "future-dated",
    "bad-proof",
    "stale-proof",
    "bad-record",
    "bad-update",
    "bad-signal",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

FUTURE_LIMIT_MS = 5 * 60 * 1000
"""How far ahead of its receipt a sample may be dated before the unit's clock is called wrong."""

_SAYS: dict[Reason, str] = {
    "malformed": "a message can not be read",
    "oversized": "a message is too large",
    "wrong-unit": "a message names another unit",
    "unknown-version": "a message is of an unknown version",
    "invalid-topic": "a message came on a topic outside the contract",
    "unknown-unit": "a message of a unit that is not registered",
    "revoked": "a revoked unit still sends",
    "unstorable": "the database refuses a message, it stays on the unit",
    "replayed": "an old message came again outside its session",
    "future-dated": "samples are dated ahead, the unit's clock is wrong",
    "bad-proof": "a session's proof proves nothing",
    "stale-proof": "a session's proof came late or again",
    "bad-record": "an event's access record is none, the event is kept",
    "bad-update": "an event's report of an update is none of the unit's, the event is kept",
    "bad-signal": "what was said about an opening proves nothing",
}


class Rejection(msgspec.Struct, frozen=True):
    """Why a message is refused or, for `future-dated`, `bad-record` and `bad-update`, stored and flagged; `unit_id`
    None when no unit can be named."""

    unit_id: str | None
    reason: Reason
    detail: str

    @property
    def refused(self) -> bool:
        """Whether nothing of the message is stored because of this."""
        return self.reason not in {"future-dated", "bad-record", "bad-update"}

    @property
    def severity(self) -> Severity:
        """How grave it is for the people who look after the unit."""
        return "info" if self.reason in {"future-dated", "replayed", "stale-proof"} else "warning"

    @property
    def summary(self) -> str:
        """One line for a person, at most 200 characters."""
        return f"{_SAYS[self.reason]}: {self.detail}"


class Judgement(NamedTuple):
    """The message to store, if it can be stored, and what is to be said against it, if anything."""

    message: AnyUpMessage | None
    rejection: Rejection | None


def judge(topic: str, payload: bytes, received_at_ms: int) -> Judgement:
    """Read the message that arrived on `topic`; never raises, whatever the bytes.

    A message whose samples are dated more than FUTURE_LIMIT_MS after its receipt is to be stored and flagged both.
    """
    try:
        place = parse_up(topic)
    except InvalidTopic as error:
        return Judgement(None, Rejection(None, "invalid-topic", str(error)))
    try:
        message = decode_up(place, payload)
    except InvalidMessage as error:
        return Judgement(None, Rejection(place.unit_id, _reason(error.reason), str(error)))
    if isinstance(message, SignalMessage | PositionMessage) and (fault := _fault(message)) is not None:
        return Judgement(None, Rejection(place.unit_id, "malformed", fault))
    return Judgement(message, _flag(message, received_at_ms + FUTURE_LIMIT_MS))


def judge_oversized(topic: str, size_bytes: int) -> Judgement:
    """The judgement on a message that was too large to be gathered."""
    try:
        unit_id = parse_up(topic).unit_id
    except InvalidTopic as error:
        return Judgement(None, Rejection(None, "invalid-topic", str(error)))
    detail = f"payload of {size_bytes} bytes, the limit is {MAX_PAYLOAD_BYTES}"
    return Judgement(None, Rejection(unit_id, "oversized", detail))


def _fault(message: SignalMessage | PositionMessage) -> str | None:
    """What is wrong with the form of a signal, without any of what it says: it may say where the unit is."""
    try:
        signal = read_signal(message.sealed)
    except InvalidSignal:
        return "what is signed is no signal of this version"
    if isinstance(signal, PositionFound) != isinstance(message, PositionMessage):
        return "a position belongs on its own channel, and nothing else does"
    return None


def _reason(word: str) -> Reason:
    return next((reason for reason in REASONS if reason == word), "malformed")


def _flag(message: AnyUpMessage, latest_ms: int) -> Rejection | None:
    samples: Sequence[HealthReport | UnitEvent] = ()
    if isinstance(message, HealthBatch):
        samples = message.reports
    elif isinstance(message, EventBatch):
        samples = message.events
    for sample in samples:
        if sample.sampled_at_ms > latest_ms:
            ahead_s = (sample.sampled_at_ms - latest_ms + FUTURE_LIMIT_MS) // 1000
            return Rejection(message.unit, "future-dated", f"number {sample.seq} is {ahead_s} s ahead")
    return None
