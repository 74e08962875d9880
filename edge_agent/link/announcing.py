"""When to announce the unit's session (again). Pure: the caller passes monotonic milliseconds in.

A controller answers an announcement with a Welcome. Silence, although something waits for an answer, means that the
controller was away, or that its answer came so late that it had to be refused (`protocols.session`): only a new nonce
helps then. Each unanswered announcement doubles the wait for the next. What is answered is announced again after an
hour all the same: each announcement ends in a proof (`link.proving`), and a copy of the unit's card shows by what was
proved since the card was copied.
"""

from protocols.backoff import Draw, evenly

LONGEST_MS = 300_000
HURRIED_MS = 2_000
PROVE_AGAIN_MS = 3_600_000
_DOUBLINGS_MAX = 16


class Announcing:
    """The announcements of one connection."""

    def __init__(self, silence_ms: int, now_ms: int, draw: Draw = evenly) -> None:
        """`silence_ms` is how long an answer may take; the session is being announced at `now_ms`."""
        self._silence_ms = silence_ms
        self._draw = draw
        self._announced_at_ms = now_ms
        self._heard_at_ms: int | None = None
        self._unanswered = 0
        self._stale = False
        self._welcomed = False
        self._jitter = draw(0.75, 1.25)

    def heard_lately(self, now_ms: int) -> bool:
        """Whether the controller has said anything valid on this connection within three silences."""
        return self._heard_at_ms is not None and now_ms - self._heard_at_ms <= 3 * self._silence_ms

    def probe_from_ms(self) -> int:
        """From when a controller that has not been heard may be sent a spooled row to see whether it answers that:
        it is given a moment to answer the announcement first."""
        return self._announced_at_ms + HURRIED_MS

    def heard(self, now_ms: int, *, progress: bool) -> None:
        """A valid envelope came; with `progress` it acknowledged something."""
        self._heard_at_ms = now_ms
        self._stale = False
        if progress:
            self._unanswered = 0

    def welcomed(self, now_ms: int) -> None:
        """A Welcome came."""
        self.heard(now_ms, progress=False)
        self._welcomed = True

    def refused_stale(self) -> None:
        """An envelope was refused as late or as for another session: the controller is there, the nonce is worn."""
        self._stale = True

    def announced(self, now_ms: int) -> None:
        """The session has been announced again, with a new nonce."""
        self._announced_at_ms = now_ms
        self._unanswered += 1
        self._stale = self._welcomed = False
        self._jitter = self._draw(0.75, 1.25)

    def due_ms(self, *, waiting: bool) -> int:
        """When to announce again, if nothing is heard before: after PROVE_AGAIN_MS while all is answered and nothing is
        `waiting`. A Welcome that does not come is asked for again whatever else is heard: only it asks for a proof."""
        if not self._welcomed:
            return min(self._silence_ends_ms(), self._announced_at_ms + self._patience_ms(self._silence_ms))
        answered = self._heard_at_ms is not None and self._heard_at_ms >= self._announced_at_ms
        if answered and not waiting and not self._stale:
            return self._announced_at_ms + round(PROVE_AGAIN_MS * self._jitter)
        return self._silence_ends_ms()

    def _silence_ends_ms(self) -> int:
        since_ms = max(self._announced_at_ms, self._heard_at_ms or 0)
        return since_ms + self._patience_ms(HURRIED_MS if self._stale else self._silence_ms)

    def _patience_ms(self, first_ms: int) -> int:
        wait_ms = min(LONGEST_MS, first_ms << min(self._unanswered, _DOUBLINGS_MAX))
        return round(wait_ms * self._jitter)
