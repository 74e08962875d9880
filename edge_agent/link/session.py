"""The unit's session: its nonce, and which envelopes are obeyed in it. Pure but for the nonce's randomness."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocols.downlink import Ack, Body, Command, Signed, Welcome, unseal
from protocols.errors import InvalidEnvelope
from protocols.ids import new_session_nonce
from protocols.opening import AskNonce, CloseOpening, GrantLease
from protocols.session import SessionGuard
from protocols.topics import DownChannel, down, unmounted
from protocols.uplink import Severity

OWN_NONCES_REMEMBERED = 16
TELL_AGAIN_AFTER_MS = 3_600_000

_CHANNEL_OF: dict[type[Body], DownChannel] = {
    Welcome: "ack",
    Ack: "ack",
    Command: "command",
    AskNonce: "signal",
    GrantLease: "signal",
    CloseOpening: "signal",
}

STALE_REASONS = frozenset({"expired", "stale-session", "too-many-senders", "wrong-session"})
"""Refusals that a new nonce may cure."""

_UNTOLD_REASONS = frozenset({"stale-session"})
_SEVERITY: dict[str, Severity] = {
    "expired": "info",
    "too-many-senders": "info",
    "wrong-session": "info",
    "replayed": "warning",
}
"""Late answers are part of life, repeats may be the broker's; anything else should not happen to an honest broker."""


class Admitted(NamedTuple):
    """A body that may be obeyed before monotonic time `good_until_ms`, and not later. It answers `session`."""

    body: Body
    good_until_ms: int
    session: str


class Session:
    """Judges what arrives under `down/`. The caller passes monotonic milliseconds in."""

    def __init__(self, unit_id: str, keys: Mapping[str, Ed25519PublicKey], now_ms: int) -> None:
        """A session of `unit_id` that obeys the controllers' `keys` (by `key_id`), with a fresh nonce."""
        self._unit_id = unit_id
        self._keys = keys
        self._own_nonces: deque[str] = deque(maxlen=OWN_NONCES_REMEMBERED)
        self._guard = self._fresh_guard(now_ms)
        self._previous: SessionGuard | None = None
        self._connection_nonce = self._guard.nonce
        self._controller_ahead_ms: int | None = None

    @property
    def connection_nonce(self) -> str:
        """The nonce that this connection began with, which its will carries."""
        return self._connection_nonce

    @property
    def nonce(self) -> str:
        """What the controller's next envelopes must echo."""
        return self._guard.nonce

    def controller_time_ms(self, now_ms: int) -> int | None:
        """The controller's clock, Unix milliseconds, ahead of it by less than an envelope lives; None before the first.

        Unlike the bound that envelopes are judged by, it is kept from one connection to the next.
        """
        return None if self._controller_ahead_ms is None else now_ms + self._controller_ahead_ms

    def begin(self, now_ms: int, keys: Mapping[str, Ed25519PublicKey] | None = None) -> None:
        """Make a new nonce for a new connection; envelopes for earlier ones are refused from now on. `keys` replace
        those that are obeyed."""
        self._keys = self._keys if keys is None else keys
        self._guard, self._previous = self._fresh_guard(now_ms), None
        self._connection_nonce = self._guard.nonce

    def renew(self, now_ms: int) -> None:
        """Make a new nonce on the same connection. What is under way for the one before, and in time, is still good."""
        self._guard, self._previous = self._fresh_guard(now_ms), self._guard

    def judge(self, topic: str, payload: object, now_ms: int) -> Admitted:
        """What to obey and until when, or InvalidEnvelope.

        Reasons: those of `downlink.unseal` and `SessionGuard.admit`, `wrong-topic`, `wrong-channel` (a body that does
        not belong there) and `stale-session` (an earlier session of this program; late, but nothing strange).
        """
        if not isinstance(payload, bytes):
            raise InvalidEnvelope("malformed", "an envelope is bytes")
        signed = unseal(payload, self._keys)
        channel = _CHANNEL_OF[type(signed.body)]
        if unmounted(topic) != down(self._unit_id, channel):
            raise InvalidEnvelope("wrong-channel", f"{type(signed.body).__name__} does not belong on {topic[:80]!r}")
        guard = self._guard_for(signed)
        body = guard.admit(signed, now_ms)
        controller_ms = guard.latest_controller_time_ms(now_ms)
        left_ms = 0 if controller_ms is None else signed.expires_at_ms - controller_ms
        self._controller_ahead_ms = None if controller_ms is None else controller_ms - now_ms
        return Admitted(body, now_ms + left_ms, signed.session)

    def _guard_for(self, signed: Signed) -> SessionGuard:
        if self._previous is not None and signed.session == self._previous.nonce:
            return self._previous
        if signed.session != self.nonce and signed.unit == self._unit_id and signed.session in self._own_nonces:
            raise InvalidEnvelope("stale-session", "envelope answers an earlier session of this unit")
        return self._guard

    def _fresh_guard(self, now_ms: int) -> SessionGuard:
        nonce = new_session_nonce()
        self._own_nonces.append(nonce)
        return SessionGuard(self._unit_id, nonce, now_ms)


class Telling(NamedTuple):
    """An `envelope-refused` event worth recording."""

    severity: Severity
    summary: str


class Refusals:
    """Counts refused envelopes; says which to record, so that a hostile broker can not fill the spool."""

    def __init__(self) -> None:
        """Nothing has been refused yet."""
        self.counts: dict[str, int] = {}
        self._told: dict[str, tuple[int, int]] = {}

    def note(self, refusal: InvalidEnvelope, now_ms: int) -> Telling | None:
        """What to record of this refusal: each reason (of a fixed few) once, and again after an hour at the soonest."""
        reason = refusal.reason
        count = self.counts[reason] = self.counts.get(reason, 0) + 1
        if reason in _UNTOLD_REASONS:
            return None
        told_at_ms, told_count = self._told.get(reason, (None, 0))
        if told_at_ms is not None and now_ms - told_at_ms < TELL_AGAIN_AFTER_MS:
            return None
        self._told[reason] = (now_ms, count)
        return Telling(
            _SEVERITY.get(reason, "alarm"), f"refused {count - told_count} envelopes ({reason}): {refusal.detail}"
        )
