"""How large a picture a terminal's line bears, and how often, from how long the last ones took. Pure."""

from collections import deque
from typing import NamedTuple

PICTURE_S = 1.5
"""How long one picture may be on the line: so long a key's answer waits behind it."""
_RATES_PER_S = (5.0, 3.0, 2.0, 1.0, 0.5, 0.25)
_SIDES = (1.0, 0.8, 0.65, 0.5, 0.42, 0.35, 0.28, 0.22, 0.17, 0.12)
_KEPT = 3
_ROOM = 0.7
"""What a larger picture may take of PICTURE_S: no size is left and taken again all the time."""
_LATE = 1.25


class Quality(NamedTuple):
    """At most `frames_per_s` pictures, of which width and height are `side` (0 … 1) of what the screen has room for."""

    frames_per_s: float
    side: float


BEST = Quality(_RATES_PER_S[0], _SIDES[0])
FIRST = Quality(BEST.frames_per_s, 0.35)
"""What nothing is known of yet is asked with a picture that costs an eighth."""
MODEST = Quality(1.0, 0.35)
"""For a terminal that does not say what it has taken."""


class PictureCost:
    """What pictures cost on one terminal's line, and the `quality` that follows from it."""

    def __init__(self) -> None:
        self.quality = FIRST
        self._whole_s: deque[float] = deque(maxlen=_KEPT)
        self._far_s: deque[float] = deque(maxlen=_KEPT)

    @property
    def is_known(self) -> bool:
        """Whether any picture has been timed."""
        return bool(self._whole_s)

    def took(self, on_line_s: float, in_all_s: float) -> None:
        """A picture of the present quality was painted `in_all_s` ago, and was on the line for `on_line_s` of them."""
        self._whole_s.append(on_line_s / self.quality.side**2)
        self._far_s.append(max(0.0, in_all_s - on_line_s))
        whole_s = _usual(self._whole_s)
        side = next((side for side in _SIDES if self._bears(whole_s, side)), _SIDES[-1])
        in_all_s = _usual(self._far_s) + whole_s * side**2
        rate = next((rate for rate in _RATES_PER_S if rate * in_all_s <= _LATE), _RATES_PER_S[-1])
        self.quality = Quality(rate, side)

    def _bears(self, whole_s: float, side: float) -> bool:
        room = _ROOM if side > self.quality.side else 1.0
        return whole_s * side**2 <= PICTURE_S * room


def _usual(times_s: deque[float]) -> float:
    """The worse one of two, the middle one of three: one picture that was held up says nothing."""
    return sorted(times_s)[len(times_s) // 2]
