"""What one input tells: its lasting changes, its chatter, and how much of both was left out. Pure.

Times are milliseconds of CLOCK_BOOTTIME, which the caller passes in.
"""

from typing import NamedTuple

from edge_agent.inputs.debouncing import Debouncer, Settled
from edge_agent.inputs.settings import InputKind, InputSettings
from edge_agent.watch import Happening
from protocols.uplink import Severity

EVENTS_PER_HOUR = 60
"""Of one line. A door that is used all day says its last word at the end of the hour, with the count of the others."""

HOUR_MS = 3_600_000
CHATTER_EVERY_MS = 60_000


class Meaning(NamedTuple):
    """What a level of a kind of input means: how bad it is, and in words; no words, no event."""

    severity: Severity
    words: str


class _Kind(NamedTuple):
    active: Meaning
    inactive: Meaning
    rests_active: bool = False


_KINDS: dict[InputKind, _Kind] = {
    "tamper": _Kind(Meaning("alarm", "the housing was opened"), Meaning("info", "the housing is closed again")),
    "door": _Kind(Meaning("warning", "the door is open"), Meaning("info", "the door is closed")),
    "pir": _Kind(Meaning("info", "movement"), Meaning("info", "")),
    "power": _Kind(Meaning("info", "the supply is back"), Meaning("alarm", "the supply is lost"), rests_active=True),
    "lid": _Kind(Meaning("info", "the lid is open"), Meaning("info", "the lid is closed")),
}


def meaning(kind: InputKind, *, active: bool) -> Meaning:
    """What an input of `kind` says when it is `active`, or not."""
    return _KINDS[kind].active if active else _KINDS[kind].inactive


class _HourlyBound:
    """At the most `EVENTS_PER_HOUR` in an hour that begins with its first event."""

    def __init__(self) -> None:
        self._ends_ms: int | None = None
        self._admitted = 0
        self.left_out = 0

    @property
    def due_ms(self) -> int | None:
        """When what was left out is to be told."""
        return self._ends_ms if self.left_out else None

    def admits(self, now_ms: int) -> bool:
        if self._ends_ms is None or (now_ms >= self._ends_ms and not self.left_out):
            self._ends_ms = now_ms + HOUR_MS
            self._admitted = 0
        if self._admitted >= EVENTS_PER_HOUR:
            self.left_out += 1
            return False
        self._admitted += 1
        return True

    def close(self, now_ms: int) -> int:
        """The count of those left out, when their hour is over, else 0. Telling it is the new hour's first event."""
        if self.due_ms is None or now_ms < self.due_ms:
            return 0
        count, self.left_out = self.left_out, 0
        self._ends_ms = now_ms + HOUR_MS
        self._admitted = 1
        return count


class LineWatch:
    """One input. It says nothing while its line rests as it should: closed, still, supplied."""

    def __init__(self, settings: InputSettings) -> None:
        """Nothing is known of the line yet."""
        self.settings = settings
        self._debouncer = Debouncer(settings.debounce_ms)
        self._bound = _HourlyBound()
        self._last = _KINDS[settings.kind].rests_active
        self._chatter_told = 0
        self._chatter_due_ms: int | None = None

    @property
    def level(self) -> bool | None:
        """Whether the line is active, None while that is not known."""
        return self._debouncer.level

    @property
    def due_ms(self) -> int | None:
        """When `tick` has something to do next, if no level comes before."""
        dues = (self._debouncer.due_ms, self._bound.due_ms, self._chatter_due_ms)
        return min((due_ms for due_ms in dues if due_ms is not None), default=None)

    def see(self, at_ms: int, *, active: bool) -> list[Happening]:
        """The line is `active`, or not, since `at_ms`; returns what is to be told because of it."""
        return self._told(self._debouncer.see(at_ms, active=active), at_ms)

    def tick(self, now_ms: int) -> list[Happening]:
        """What is to be told because of the time."""
        return self._told(self._debouncer.settle(now_ms), now_ms)

    def lose(self) -> None:
        """The line is no longer watched. A level that is another one later is told as a change."""
        self._debouncer.lose()

    def _told(self, settled: Settled | None, now_ms: int) -> list[Happening]:
        happenings = [*self._of_chatter(now_ms), *self._of_left_out(now_ms)]
        if settled is None or settled.active == self._last:
            return happenings
        self._last = settled.active
        said = meaning(self.settings.kind, active=settled.active)
        if said.words and self._bound.admits(now_ms):
            happenings.append(self._happening(said.severity, said.words))
        return happenings

    def _of_left_out(self, now_ms: int) -> list[Happening]:
        count = self._bound.close(now_ms)
        if not count:
            return []
        said = meaning(self.settings.kind, active=self._last)
        words = said.words or "still"
        return [self._happening(said.severity, f"{words}; {count} changes within the hour were not told one by one")]

    def _of_chatter(self, now_ms: int) -> list[Happening]:
        untold = self._debouncer.chatter - self._chatter_told
        if not untold:
            return []
        if self._chatter_due_ms is None:
            self._chatter_due_ms = now_ms + CHATTER_EVERY_MS
        if now_ms < self._chatter_due_ms:
            return []
        self._chatter_due_ms = None
        self._chatter_told += untold
        lasted = f"{untold} levels within a minute did not last {self.settings.debounce_ms} ms"
        summary = f"{self.settings.name}: {lasted}; check the switch and its cable"
        return [Happening("input-chatter", "warning", summary)]

    def _happening(self, severity: Severity, words: str) -> Happening:
        return Happening(f"input-{self.settings.kind}", severity, f"{self.settings.name}: {words}")
