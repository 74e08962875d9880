"""When a stream has ended by itself, and when a picture has been waited for long enough. Pure: time is handed in."""

from dataclasses import dataclass
from typing import Literal

EndReason = Literal["closed", "no-answer", "not-connected", "connection-failed", "no-packets", "unit-closed"]
"""Why a stream has ended.

closed: the controller closed it. no-answer: the unit sent no answer. not-connected: no path to the unit, or nothing
sent on it. connection-failed: the path was lost, or the unit's certificate is not that of its answer. no-packets: the
unit has fallen silent. unit-closed: the unit said that it sends no more.
"""


@dataclass(frozen=True, slots=True)
class VigilLimits:
    """answer_s: from the offer to the unit's answer; connect_s: from there to the first frame; silence_s: without any
    packet; give_up_s: without a picture for want of lost packets."""

    answer_s: float = 30.0
    connect_s: float = 15.0
    silence_s: float = 5.0
    give_up_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """How a stream stands: packets and pictures since the beginning, and video packets that are missing now."""

    answered: bool
    live: bool
    packets: int = 0
    pictures: int = 0
    missing: int = 0


class Vigil:
    """Looked at with `end_reason` and `gives_up`, some times a second; times are seconds of one monotonic clock."""

    def __init__(self, limits: VigilLimits, begun_s: float) -> None:
        self._limits = limits
        self._state_since_s = begun_s
        self._packet_s = begun_s
        self._complete_s = begun_s
        self._last = Seen(answered=False, live=False)

    def look(self, seen: Seen, now_s: float) -> None:
        """Take note of how the stream stands."""
        last, self._last = self._last, seen
        if (seen.answered, seen.live) != (last.answered, last.live):
            self._state_since_s = now_s
        if seen.packets != last.packets or seen.live != last.live:
            self._packet_s = now_s
        if seen.pictures != last.pictures or not seen.missing:
            self._complete_s = now_s

    def end_reason(self, now_s: float) -> EndReason | None:
        """Why the stream has to end now; None while it may go on."""
        if self._last.live:
            return "no-packets" if now_s - self._packet_s > self._limits.silence_s else None
        waited_s = now_s - self._state_since_s
        if self._last.answered:
            return "not-connected" if waited_s > self._limits.connect_s else None
        return "no-answer" if waited_s > self._limits.answer_s else None

    def gives_up(self, now_s: float) -> bool:
        """Whether to go on without the packets that hold up the picture; it is taken as done."""
        if now_s - self._complete_s <= self._limits.give_up_s:
            return False
        self._complete_s = now_s
        return True
