"""The two kinds of chance a simulated host has: figures that wander, and spells that come and go."""

import math
import random


class Wander:
    """A value that is pulled to `mean` over `tau_s` seconds and strays from it by `deviation` (Ornstein-Uhlenbeck)."""

    def __init__(self, rng: random.Random, mean: float, deviation: float, tau_s: float) -> None:
        self._rng = rng
        self._deviation = deviation
        self._tau_s = tau_s
        self.mean = mean
        self.value = rng.gauss(mean, deviation)

    def step(self, dt_s: float) -> float:
        """The value `dt_s` seconds on: its distribution does not depend on how finely time is cut."""
        keep = math.exp(-dt_s / self._tau_s)
        noise = self._deviation * math.sqrt(1 - keep * keep) * self._rng.gauss(0, 1)
        self.value = self.mean + (self.value - self.mean) * keep + noise
        return self.value


class Spell:
    """Begins `per_hour` times an hour on average and lasts `shortest_s` … `longest_s` seconds."""

    def __init__(self, rng: random.Random, per_hour: float, shortest_s: float, longest_s: float) -> None:
        self._rng = rng
        self._per_s = per_hour / 3600
        self._range_s = (shortest_s, longest_s)
        self._left_s = 0.0

    @property
    def active(self) -> bool:
        """Whether the spell is on."""
        return self._left_s > 0

    def step(self, dt_s: float) -> bool:
        """Move on by `dt_s` seconds; True when a spell has begun in this step."""
        if self.active:
            self._left_s = max(0.0, self._left_s - dt_s)
            return False
        begins = self._rng.random() < 1 - math.exp(-self._per_s * dt_s)
        if begins:
            self._left_s = self._rng.uniform(*self._range_s)
        return begins
