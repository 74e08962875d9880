"""One check, from asking the unit for a nonce to its end. Pure: what happens is told, what to do is returned.

    asking ──nonce──► granting ──lease sent──► opening ──picture, sound or position──► live ──► closed
      └──────────────────┴── before any lease was sent ──► refused

While live, a new nonce is asked for when little of the lease is left and somebody watches. When the lease has ended, or
nothing comes any more, it is dark at once; why, the unit says at about the same time, and is waited for a moment. Times
are seconds of one monotonic clock.
"""

from dataclasses import dataclass
from math import ceil

from protocols.access_record import REASONS
from protocols.api.checks import RESUME_S, CheckState

Reason = str
"""One of `protocols.access_record.REASONS`."""

_TOO_LATE: frozenset[Reason] = frozenset({"bad-nonce", "lease-expired"})
"""What a unit says of a lease that answers a nonce it no longer waits for."""


_NOT_THE_UNITS: frozenset[Reason] = frozenset(
    {
        *("passed", "failed", "viewer-left", "stopped", "unit-away", "too-many-open", "role-may-not-sign"),
        *("no-authority", "authority-cancelled", "before-authority", "after-authority", "review-overdue"),
    }
)
"""What people say of a check, and what only a controller can know."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take. `unit_s`: for the unit's nonce; `grant_s`: for the log's receipt; `answer_s`: for
    the unit to answer the lease; `media_s`: from there to the first picture or sound; `word_s`: for the unit to say why
    it is dark; `close_s`: for its last word. A lease of which `renew_below_s` are left is renewed; a check without
    viewers ends after `resume_s`."""

    unit_s: float = 5.0
    grant_s: float = 10.0
    answer_s: float = 10.0
    media_s: float = 20.0
    word_s: float = 0.8
    close_s: float = 3.0
    renew_below_s: float = 25.0
    resume_s: float = float(RESUME_S)


@dataclass(frozen=True, slots=True)
class Ask:
    """Send AskNonce."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Grant a lease that answers `nonce`, made on boot `boot_id`; the `first` one carries the offer."""

    nonce: str
    boot_id: str
    first: bool


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """Give the unit's session description to the media."""

    sdp: str


@dataclass(frozen=True, slots=True)
class GoDark:
    """Give nobody anything any more; Ended follows, and says why."""


@dataclass(frozen=True, slots=True)
class Close:
    """Send CloseOpening."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Ended:
    """The check is over for everybody who watches; once."""

    state: CheckState
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing more will come; once, and the last step. `open_s` is what the unit says, None when it said nothing."""

    open_s: int | None


Step = Ask | Grant | TakeAnswer | GoDark | Close | Ended | Rest


class Session:
    """The states of one check. Every method returns the steps to take now, in order; none once all is over."""

    def __init__(self, begun_s: float, *, has_media: bool, limits: Limits | None = None) -> None:
        self.state: CheckState = "asking"
        self.reason: Reason = ""
        self.detail = ""
        self.is_over = False
        self.viewers = 0
        self.lease_ends_s: float | None = None
        """The earliest moment at which the unit may think that its lease ends."""
        self._limits = limits or Limits()
        self._has_media = has_media
        self._waits_for: str | None = "nonce"
        self._since_s = begun_s
        self._asked_s = begun_s
        self._heard_s = begun_s
        self._over_s: float | None = None
        self._unwatched_s: float | None = begun_s if has_media else None
        self._nonce: str | None = None
        self._boot_id: str | None = None
        self._used: set[str] = set()
        self._lasts_s = 0.0
        self._sent_s = begun_s
        """When the first lease was sent: nothing was open before."""
        self._no_more: tuple[Reason, str] | None = None
        self._dark: tuple[Reason, str] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is closed or refused."""
        return self.state in {"closed", "refused"}

    @property
    def goes_on(self) -> bool:
        """Whether anything may still be opened, renewed or shown."""
        return not self.has_ended and self._dark is None

    @property
    def had_lease(self) -> bool:
        """Whether a lease was ever sent to the unit."""
        return self.lease_ends_s is not None

    def begin(self) -> list[Step]:
        """The first step."""
        return [Ask()]

    def nonce_made(self, nonce: str, boot_id: str, now_s: float) -> list[Step]:
        """The unit made a nonce. One that was not asked for, or that came before, changes nothing."""
        if not self.goes_on or self._waits_for != "nonce" or nonce in self._used:
            return []
        if self.state == "live" and not self.viewers:
            return self._stop_renewing(now_s)
        if self._boot_id is not None and boot_id != self._boot_id:
            return self.end("other-boot", "the unit has started anew: everything is closed there", now_s)
        self._used.add(nonce)
        self._nonce, self._boot_id, self._heard_s = nonce, boot_id, now_s
        self._wait("lease", now_s)
        if self.state == "asking":
            self.state = "granting"
        return [Grant(nonce, boot_id, first=not self.had_lease)]

    def granted(self, lasts_s: float, now_s: float) -> list[Step]:
        """The lease that was asked for is in the log, and on its way to the unit."""
        if not self.goes_on or self._waits_for != "lease":
            return []
        self._lasts_s = lasts_s
        self._wait("answer", now_s)
        if self.state == "granting":
            self.state = "opening"
            self._sent_s = now_s
            self._take_lease()
        return []

    def nobody_to_name(self, now_s: float) -> list[Step]:
        """A renewal was to be granted, and everybody has left: there is none until somebody watches again."""
        return [*self.watched(0, now_s), *self._stop_renewing(now_s)]

    def not_granted(self, reason: Reason, detail: str, now_s: float, *, runs_out: bool = False) -> list[Step]:
        """There is no lease. With `runs_out` one that is running may come to its end, and is the last one: what it then
        ends with is `reason`."""
        if not self.goes_on or self._waits_for != "lease":
            return []
        if runs_out and self.state == "live":
            self._no_more = (reason, detail)
            self._waits_for = None
            return []
        return self.end(reason, detail, now_s)

    def answered(self, nonce: str, sdp: str | None, now_s: float) -> list[Step]:
        """The unit obeys the lease that answers `nonce`; any other changes nothing."""
        if not self.goes_on or self._waits_for != "answer" or nonce != self._nonce:
            return []
        self._waits_for = None
        self._since_s = now_s
        if self.state == "live":
            self._take_lease()
            return []
        if not self._has_media:
            self.state = "live"
            return []
        if sdp is None:
            return self.end("media-failed", "the unit answered without a session description", now_s)
        return [TakeAnswer(sdp)]

    def began(self, _now_s: float) -> list[Step]:
        """The first picture or sound has come."""
        if self.state == "opening" and self._waits_for is None and self._dark is None:
            self.state = "live"
        return []

    def lost(self, detail: str, now_s: float) -> list[Step]:
        """Nothing comes from the unit any more."""
        return self._go_dark("media-failed", detail, now_s)

    def refused(self, rule: Reason, detail: str, now_s: float) -> list[Step]:
        """The unit does not open, or does not stay open. A renewal that came too late is asked for anew, as long as
        the lease before it lasts."""
        rule, detail = _of_unit(rule, detail)
        if self._dark is not None and rule in _TOO_LATE:
            return []
        if self.state == "live" and rule in _TOO_LATE and (self._over_s is None or now_s < self._over_s):
            return self._ask_again(now_s)
        if self.state != "opening":
            return self.end(rule, detail, now_s)
        return self._end("refused", rule, detail, now_s, by_unit=True)

    def closed(self, reason: Reason, detail: str, open_s: int, now_s: float) -> list[Step]:
        """The unit has closed: by itself, or as it was told. That its lease ended, it knows; why there was no other
        one, the controller does. It was not open for longer than since the first lease was sent."""
        if self.is_over or not self.had_lease:
            return []
        reason, detail = _of_unit(reason, detail)
        if reason == "expiry" and self._no_more is not None:
            reason, detail = self._no_more
        steps = self.end(reason, detail, now_s, by_unit=True) if not self.has_ended else []
        self.is_over = True
        return [*[step for step in steps if not isinstance(step, Rest)], Rest(min(open_s, ceil(now_s - self._sent_s)))]

    def watched(self, viewers: int, now_s: float) -> list[Step]:
        """So many watch now."""
        self.viewers = viewers
        if self._has_media:
            self._unwatched_s = None if viewers else (now_s if self._unwatched_s is None else self._unwatched_s)
        return []

    def end(self, reason: Reason, detail: str, now_s: float, *, by_unit: bool = False) -> list[Step]:
        """End it, for whichever cause; `by_unit`: the unit knows already. Changes nothing after the first time."""
        return self._end("closed" if self.had_lease else "refused", reason, detail, now_s, by_unit=by_unit)

    def _end(self, state: CheckState, reason: Reason, detail: str, now_s: float, *, by_unit: bool) -> list[Step]:
        if self.has_ended:
            return []
        self.state, self.reason, self.detail, self._dark = state, reason, detail, None
        steps: list[Step] = [Ended(state, reason, detail)]
        if not by_unit:
            steps.append(Close(reason))
        if by_unit or not self.had_lease:
            self.is_over = True
            return [*steps, Rest(None)]
        self._wait("last word", now_s)
        return steps

    def look(self, now_s: float) -> list[Step]:
        """See whether something is due."""
        if self.is_over:
            return []
        if self.has_ended:
            return self._rest() if now_s >= self._since_s + self._limits.close_s else []
        if self._dark is not None:
            return self.end(*self._dark, now_s) if now_s >= self._since_s + self._limits.word_s else []
        return self._late(now_s) or self._renew(now_s)

    def due_s(self) -> float:
        """When to look next, at the latest."""
        limits = self._limits
        due = [self._since_s + self._limit_s()]
        if not self.goes_on:
            return due[0]
        if self._over_s is not None:
            due.append(self._over_s)
        if self._unwatched_s is not None:
            due.append(self._unwatched_s + limits.resume_s)
        if self.lease_ends_s is not None and self._may_renew():
            due.append(self.lease_ends_s - limits.renew_below_s)
        return min(due)

    def _late(self, now_s: float) -> list[Step]:
        if self._over_s is not None and now_s >= self._over_s:
            return self._go_dark(*(self._no_more or ("expiry", "the lease has ended")), now_s)
        if self._unwatched_s is not None and now_s >= self._unwatched_s + self._limits.resume_s:
            return self.end("viewer-left", "nobody watched any more", now_s)
        if now_s < self._since_s + self._limit_s():
            return []
        if self.state == "live":
            return self._ask_again(now_s)
        if self._waits_for == "lease":
            return self.end("no-receipt", "the log did not confirm the lease in time", now_s)
        if self._waits_for is None:
            return self.end("media-failed", "no picture or sound came from the unit", now_s)
        return self.end("unit-away", "the unit did not answer in time", now_s)

    def _go_dark(self, reason: Reason, detail: str, now_s: float) -> list[Step]:
        """Dark now; ended for `reason` unless the unit says another one within `word_s`."""
        if not self.goes_on:
            return []
        self._dark = (reason, detail)
        self._waits_for, self._since_s = None, now_s
        return [GoDark()]

    def _ask_again(self, now_s: float) -> list[Step]:
        """A renewal that got stuck is begun anew, as long as the lease lasts."""
        if self._waits_for is None:
            self._since_s = now_s
            return []
        return self._ask(now_s) if self.viewers else self._stop_renewing(now_s)

    def _stop_renewing(self, now_s: float) -> list[Step]:
        self._waits_for, self._since_s = None, now_s
        return []

    def _renew(self, now_s: float) -> list[Step]:
        ends_s = self.lease_ends_s
        if ends_s is None or not self._may_renew() or ends_s - now_s > self._limits.renew_below_s:
            return []
        return self._ask(now_s)

    def _ask(self, now_s: float) -> list[Step]:
        self._asked_s = now_s
        self._wait("nonce", now_s)
        return [Ask()]

    def _may_renew(self) -> bool:
        return self.state == "live" and self.viewers > 0 and self._waits_for is None and self._no_more is None

    def _limit_s(self) -> float:
        limits = self._limits
        if self.has_ended:
            return limits.close_s
        if self._dark is not None:
            return limits.word_s
        by_step = {"nonce": limits.unit_s, "lease": limits.grant_s, "answer": limits.answer_s}
        return by_step.get(self._waits_for or "", limits.media_s)

    def _take_lease(self) -> None:
        """The unit counts from when it made the nonce: after it was asked, and before it was heard."""
        self.lease_ends_s = self._asked_s + self._lasts_s
        self._over_s = self._heard_s + self._lasts_s

    def _wait(self, what: str, now_s: float) -> None:
        self._waits_for, self._since_s = what, now_s

    def _rest(self) -> list[Step]:
        self.is_over = True
        return [Rest(None)]


def _of_unit(reason: Reason, detail: str) -> tuple[Reason, str]:
    """What a unit gives as its reason; `fault` with its word in place of one that no unit can have."""
    if reason in REASONS and reason not in _NOT_THE_UNITS:
        return reason, detail
    return "fault", f"the unit says {reason}" + (f": {detail}" if detail else "")
