"""How long to wait before the next try. Pure: randomness is passed in."""

from collections.abc import Callable
from random import SystemRandom

FIRST_S = 0.5
LONGEST_S = 60.0
_DOUBLINGS_MAX = 32

Draw = Callable[[float, float], float]
"""Draws evenly between two bounds."""

evenly: Draw = SystemRandom().uniform


class Backoff:
    """Full jitter: each wait is drawn evenly from 0 up to a bound that doubles with each failure.

    (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full jitter spreads many clients best.)
    """

    def __init__(
        self,
        first_s: float = FIRST_S,
        longest_s: float = LONGEST_S,
        draw: Draw = evenly,
    ) -> None:
        """Waits begin at up to `first_s` and grow to up to `longest_s`."""
        self._first_s = first_s
        self._longest_s = longest_s
        self._draw = draw
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        bound_s = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, _DOUBLINGS_MAX))
        self._failures += 1
        return self._draw(0.0, bound_s)

    def reset(self) -> None:
        """It worked: begin again with short waits."""
        self._failures = 0
