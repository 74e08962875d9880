"""How long to wait before the next try. Pure: randomness can be passed in."""

from collections.abc import Callable
from random import SystemRandom

_DOUBLINGS_MAX = 32

Draw = Callable[[float, float], float]
"""Draws evenly between two bounds."""

evenly: Draw = SystemRandom().uniform


class Backoff:
    """Full jitter: each wait is drawn evenly from 0 up to a bound that doubles with each failure.

    (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full jitter spreads many clients best.)
    """

    def __init__(self, *, base_s: float, cap_s: float, draw: Draw = evenly) -> None:
        """Waits begin at up to `base_s` and grow to up to `cap_s`."""
        self._base_s = base_s
        self._cap_s = cap_s
        self._draw = draw
        self._failures = 0

    @property
    def bound_s(self) -> float:
        """The bound of the next wait, seconds."""
        return min(self._cap_s, self._base_s * 2.0 ** min(self._failures, _DOUBLINGS_MAX))

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        wait_s = self._draw(0.0, self.bound_s)
        self._failures += 1
        return wait_s

    def reset(self) -> None:
        """It worked: begin again with short waits."""
        self._failures = 0
