"""How long a task waits before it tries again: full jitter, so that many controllers do not come back at once."""

from random import SystemRandom

_random = SystemRandom()


class Backoff:
    """Waits that grow from `base_s` to `cap_s` with each failure, each drawn evenly from nothing to the bound."""

    def __init__(self, base_s: float = 0.2, cap_s: float = 10.0) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._failures = 0

    @property
    def longest_s(self) -> float:
        """The bound of the next wait, seconds."""
        return min(self._cap_s, self._base_s * 2.0 ** min(self._failures, 32))

    def next_s(self) -> float:
        """The next wait, seconds; counts a failure."""
        wait_s = _random.uniform(0.0, self.longest_s)
        self._failures += 1
        return wait_s

    def succeeded(self) -> None:
        """Begin again with short waits."""
        self._failures = 0
