"""Whether the agent does its work: the sign without which it stops kicking the unit's watchdog. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Sign(NamedTuple):
    """`value` changes with each turn of some work; it has to within what `limit_s` says."""

    value: Callable[[], object]
    limit_s: Callable[[], float]


class VitalSigns:
    """Judges by counters that the work itself turns, so that a task that hangs is one that is dead."""

    def __init__(self, signs: Mapping[str, Sign]) -> None:
        """Each sign's time begins when it is first looked at."""
        self._signs = dict(signs)
        self._seen: dict[str, tuple[object, float]] = {}

    def missing(self, now_s: float) -> list[str]:
        """What has stood still for longer than it may at `now_s` of a clock that never steps back."""
        for name, sign in self._signs.items():
            value = sign.value()
            if name not in self._seen or self._seen[name][0] != value:
                self._seen[name] = (value, now_s)
        return [name for name, sign in self._signs.items() if now_s - self._seen[name][1] > sign.limit_s()]
