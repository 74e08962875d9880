"""When a level counts: once it has lasted. Pure; times are milliseconds of one clock that does not step."""

from typing import NamedTuple

CONTACT_BOUNCES = 20
"""Short levels on the way to a lasting change that are a contact's own; more of them are chatter."""


class Settled(NamedTuple):
    """The level that counts from now on, and since when it lasts."""

    active: bool
    since_ms: int


class Debouncer:
    """One line. `level` is the one that counts, None until the first has lasted.

    `chatter` counts the levels that were too short to count and led to no change, or were too many for one.
    """

    def __init__(self, debounce_ms: int) -> None:
        """A level counts when it has lasted `debounce_ms`, 0 and more."""
        self._debounce_ms = debounce_ms
        self._raw: Settled | None = None
        self._short = 0
        self._last_ms = 0
        self.level: bool | None = None
        self.chatter = 0

    @property
    def due_ms(self) -> int | None:
        """When the present level will count; None when it counts already, or there is none."""
        if self._raw is None or (self._raw.active == self.level and not self._short):
            return None
        return self._raw.since_ms + self._debounce_ms

    def see(self, at_ms: int, *, active: bool) -> Settled | None:
        """The line is `active`, or not, since `at_ms`; a time before the last one counts as the last one.

        Returns what settled before that, if it is a change.
        """
        settled = self.settle(at_ms)
        self._last_ms = max(self._last_ms, at_ms)
        if self._raw is None:
            self._raw = Settled(active, self._last_ms)
        elif self._raw.active != active:
            if self._last_ms - self._raw.since_ms < self._debounce_ms:
                self._count_short()
            self._raw = Settled(active, self._last_ms)
        return settled

    def settle(self, now_ms: int) -> Settled | None:
        """The change of level that has lasted long enough at `now_ms`; once for each."""
        due_ms = self.due_ms
        if self._raw is None or due_ms is None or now_ms < due_ms:
            return None
        if self._raw.active == self.level:
            self.chatter += self._short
            self._short = 0
            return None
        self._short = 0
        self.level = self._raw.active
        return self._raw

    def lose(self) -> None:
        """The line is no longer watched: nothing counts until a level has lasted again."""
        self._raw = None
        self._short = 0
        self.level = None

    def _count_short(self) -> None:
        self._short += 1
        if self._short > CONTACT_BOUNCES:
            self.chatter += self._short
            self._short = 0
