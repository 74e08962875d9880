"""The smallest sizes that keep together what the rules ask. Pure.

From the smallest that each conductor may have alone, the one that gains most for its copper grows by a size until every
way's limit holds; then each shrinks again as far as the others allow. So no conductor of the answer could be smaller
while the others stay.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.rule import at_most
from fleet.wiring.rules.size_limits import SizeLimits, WayLimit
from protocols.wiring.findings import RULES, RuleId


class Sizes(NamedTuple):
    """The size of each conductor for which there is one. `hopeless`: the limits that no sizes keep, whose conductors
    stay as they are, and after them those that can not be kept for that. `unsizable`: conductors that no size in the
    tables satisfies alone."""

    chosen: dict[str, float]
    hopeless: list[WayLimit]
    unsizable: list[str]


class SizeSearch:
    """A search for the smallest sizes. `kept` are conductors that stay as they are."""

    def __init__(self, limits: SizeLimits) -> None:
        self.limits = limits
        self._allowed: dict[str, list[float]] = {}
        for name, conductor in limits.conductors.items():
            allowed = limits.allowed(name)
            if conductor.length_m is None and conductor.csa_mm2 is not None:
                allowed = [size for size in allowed if size >= conductor.csa_mm2]
            self._allowed[name] = allowed
        self._chosen: dict[str, float] = {}
        self._ways: list[WayLimit] = []
        self._of: dict[str, list[int]] = {}
        self._lost: list[float] = []

    def smallest(self) -> Sizes:
        """The smallest sizes that keep every limit which can be kept."""
        unsizable = [name for name, allowed in self._allowed.items() if not allowed]
        self._chosen = {name: allowed[-1] for name, allowed in self._allowed.items() if allowed}
        hopeless = self._hopeless()
        self._start()
        while (worst := self._worst()) is not None:
            self._grow(worst)
        for name in sorted(self._chosen, key=self._copper, reverse=True):
            self._shrink(name)
        return Sizes(dict(self._chosen), hopeless, unsizable)

    def broken_by(self, name: str, csa_mm2: float) -> list[tuple[RuleId, str]]:
        """The rules that a conductor would break with a size while the others are as chosen, each with its subject, in
        the order of the rules."""
        subject = f"conductors.{name}"
        broken: list[tuple[RuleId, str]] = [(rule, subject) for rule in self.limits.broken_alone(name, csa_mm2)]
        for at in self._of.get(name, ()):
            way = self._ways[at]
            if not at_most(self._lost_with(at, name, csa_mm2), way.most):
                broken.append((way.rule, way.subject))
        return sorted(broken, key=lambda one: RULES.index(one[0]))

    def asked_of(self, name: str, csa_mm2: float) -> bool:
        """Whether a rule asks more of a conductor than to have a size, or that size is not enough for it alone."""
        return bool(self._of.get(name) or self.limits.broken_alone(name, csa_mm2))

    def at_best(self, way: WayLimit) -> dict[str, float]:
        """What each conductor of a way loses, in the way's unit, in the largest size it may have; one that may have
        none, as it is, and nothing where that is unknown."""
        lost: dict[str, float] = {}
        for name, weight in way.weights.items():
            allowed = self._allowed[name]
            size = allowed[-1] if allowed else self.limits.conductors[name].csa_mm2
            lost[name] = weight * (self.limits.milliohm_per_m(name, size) or 0.0)
        return lost

    def lost(self, way: WayLimit) -> float | None:
        """What is lost on a way, in its unit, with the sizes chosen and every other conductor as it is; None where one
        is of unknown size."""
        lost = 0.0
        for name, weight in way.weights.items():
            size = self._chosen.get(name, self.limits.conductors[name].csa_mm2)
            ohm = self.limits.milliohm_per_m(name, size)
            if ohm is None:
                return None
            lost += weight * ohm
        return lost

    def _hopeless(self) -> list[WayLimit]:
        """The limits that not even the largest sizes keep; their conductors are taken out, which may leave others
        without hope."""
        waiting = list(self.limits.ways)
        hopeless: list[WayLimit] = []
        while True:
            lost = [(way, self.lost(way)) for way in waiting]
            found = [way for way, volts in lost if volts is not None and not at_most(volts, way.most)]
            if not found:
                self._ways = [way for way, volts in lost if volts is not None]
                return hopeless
            hopeless += found
            waiting = [way for way in waiting if way not in found]
            for way in found:
                for name in way.weights:
                    self._chosen.pop(name, None)

    def _start(self) -> None:
        for name in self._chosen:
            self._chosen[name] = self._allowed[name][0]
        for at, way in enumerate(self._ways):
            for name in way.weights:
                self._of.setdefault(name, []).append(at)
        self._lost = [self.lost(way) or 0.0 for way in self._ways]

    def _worst(self) -> int | None:
        broken = [at for at, way in enumerate(self._ways) if not at_most(self._lost[at], way.most)]
        return max(broken, key=lambda at: self._lost[at] / self._ways[at].most, default=None)

    def _grow(self, worst: int) -> None:
        steps = [(name, size) for name, size in self._next_larger(self._ways[worst])]
        name, size = max(steps, key=lambda step: self._gain(*step))
        self._set(name, size)

    def _next_larger(self, way: WayLimit) -> Iterator[tuple[str, float]]:
        for name, weight in way.weights.items():
            size = self._chosen.get(name)
            if size is not None and weight > 0 and size < self._allowed[name][-1]:
                yield name, self._allowed[name][self._allowed[name].index(size) + 1]

    def _gain(self, name: str, csa_mm2: float) -> tuple[float, float]:
        """By what shares the limits that are broken come nearer for the copper it takes, and all in all."""
        gained = 0.0
        for at in self._of[name]:
            if not at_most(self._lost[at], self._ways[at].most):
                gained += (self._lost[at] - self._lost_with(at, name, csa_mm2)) / self._ways[at].most
        copper = (csa_mm2 - self._chosen[name]) * (self.limits.conductors[name].length_m or 0.0)
        return round(gained / copper, 9), gained

    def _shrink(self, name: str) -> None:
        for size in self._allowed[name]:
            if size >= self._chosen[name]:
                return
            if all(at_most(self._lost_with(at, name, size), self._ways[at].most) for at in self._of.get(name, ())):
                self._set(name, size)
                return

    def _set(self, name: str, csa_mm2: float) -> None:
        self._chosen[name] = csa_mm2
        for at in self._of.get(name, ()):
            self._lost[at] = self.lost(self._ways[at]) or 0.0

    def _lost_with(self, at: int, name: str, csa_mm2: float) -> float:
        before = self.limits.milliohm_per_m(name, self._chosen.get(name, self.limits.conductors[name].csa_mm2))
        after = self.limits.milliohm_per_m(name, csa_mm2)
        if before is None or after is None:
            return self._lost[at]
        return self._lost[at] + self._ways[at].weights[name] * (after - before)

    def _copper(self, name: str) -> float:
        return self._chosen[name] * (self.limits.conductors[name].length_m or 0.0)
