"""A unit's side of a session: which envelopes may be obeyed, without trusting any wall clock.

The unit makes a nonce at monotonic time `made_at`. An envelope that echoes the nonce was issued later than that, at
the controller's time I. So at monotonic time m the controller's clock can not be past I + (m - made_at): the
smallest such sum seen is the bound. An envelope whose expiry is not above the bound is refused, so delay by a
broker makes envelopes die early and never live long.
"""

from protocols.downlink import Ack, Body, Signed, Welcome
from protocols.errors import InvalidEnvelope

MAX_SENDERS = 16
"""Controller processes one session listens to; a new session begins anew."""


class SessionGuard:
    """Judges the envelopes of one session. Pure: the caller passes monotonic milliseconds in."""

    def __init__(self, unit_id: str, nonce: str, made_at_mono_ms: int) -> None:
        """A session of `unit_id` whose `nonce` was made at `made_at_mono_ms`."""
        self.unit_id = unit_id
        self.nonce = nonce
        self._made_at_mono_ms = made_at_mono_ms
        self._earliest_issue_ms: int | None = None
        self._highest_counter: dict[tuple[str, str], int] = {}

    @property
    def calibrated(self) -> bool:
        """Whether any envelope of this session has been accepted."""
        return self._earliest_issue_ms is not None

    def latest_controller_time_ms(self, mono_ms: int) -> int | None:
        """The latest the controller's clock can be now, Unix ms; None before the first envelope."""
        if self._earliest_issue_ms is None:
            return None
        return self._earliest_issue_ms + (mono_ms - self._made_at_mono_ms)

    def admit(self, signed: Signed, mono_ms: int) -> Body:
        """Return the body to obey, or raise InvalidEnvelope.

        Reasons: `wrong-unit`, `wrong-session`, `replayed` (counter not above its sender's last), `too-many-senders`,
        `expired`. A refused envelope changes nothing here.
        """
        if signed.unit != self.unit_id:
            raise InvalidEnvelope("wrong-unit", f"envelope is for {signed.unit[:40]!r}")
        if signed.session != self.nonce:
            raise InvalidEnvelope("wrong-session", "envelope answers another session")
        # Answers and orders come from different tasks of the controller: each keeps its own order.
        lane = signed.sender, "answer" if isinstance(signed.body, Ack | Welcome) else "order"
        if signed.counter <= self._highest_counter.get(lane, 0):
            raise InvalidEnvelope("replayed", f"counter {signed.counter} was used before")
        if lane not in self._highest_counter and len(self._highest_counter) >= 2 * MAX_SENDERS:
            # To forget a sender would let its envelopes be replayed.
            raise InvalidEnvelope("too-many-senders", "more controllers than one session listens to")
        known = self._earliest_issue_ms
        earliest = signed.issued_at_ms if known is None else min(signed.issued_at_ms, known)
        if signed.expires_at_ms <= earliest + (mono_ms - self._made_at_mono_ms):
            raise InvalidEnvelope("expired", "envelope arrived at or after its expiry")
        self._earliest_issue_ms = earliest
        self._highest_counter[lane] = signed.counter
        return signed.body
