"""The figures that a device said last, from the task that asks it to the sampler's thread."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from edge_agent.readers.figure_limits import objection
from edge_agent.readers.reading import Fault, Figure, Reading


class _Said(NamedTuple):
    figures: Mapping[str, Figure]
    at_s: float
    fault: str


class Latest:
    """Written by one task, read by any thread: each change is one assignment."""

    def __init__(self, mono_clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing has been said yet. `mono_clock` gives seconds and never steps back."""
        self._mono_clock = mono_clock
        self._said: _Said | None = None

    def tell(self, figures: Mapping[str, Figure]) -> None:
        """The device says this now: what it does not say, it does not know."""
        self._said = _Said(dict(figures), self._mono_clock(), "")

    def fail(self, fault: str) -> None:
        """The device does not answer; what it said before keeps its age."""
        self._said = (self._said or _Said({}, self._mono_clock(), ""))._replace(fault=fault)

    @property
    def now(self) -> tuple[Mapping[str, Figure], float, str]:
        """Figures, their age in seconds, and why there are no newer ones, empty where there are."""
        said = self._said
        if said is None:
            return {}, 0.0, ""
        return said.figures, max(0.0, self._mono_clock() - said.at_s), said.fault


class LatestReader:
    """A Reader of what a device said last, with its age. A device that was lost leaves its figures to grow old: they
    are never told as new, and are unknown after the sampler's time for that."""

    def __init__(
        self, name: str, source: str, names: Iterable[str], latest: Latest, *, fresh_s: float, faults_told: bool = True
    ) -> None:
        """`names` are the figures that it can give, `source` is what people call the device. Figures of at most
        `fresh_s` seconds count as read now. Without `faults_told`, somebody else tells that it was lost."""
        self._name = name
        self._source = source
        self._names = frozenset(names)
        self._latest = latest
        self._fresh_s = fresh_s
        self._faults_told = faults_told

    @property
    def name(self) -> str:
        """See Reader."""
        return self._name

    def read(self) -> Reading:
        """See Reader."""
        figures, age_s, fault = self._latest.now
        fits = {name: value for name, value in figures.items() if objection(name, value) is None}
        faults = [Fault(f"{self._source} {name}", f"{name} out of range") for name in figures.keys() - fits.keys()]
        if fault and self._faults_told:
            faults.append(Fault(self._source, fault))
        ages_s = dict.fromkeys(fits, age_s) if age_s > self._fresh_s else {}
        # A figure that has just become unknown must not be kept from before; one that was lost is kept with its age.
        return Reading(fits, tuple(faults), self._names - fits.keys(), ages_s)
