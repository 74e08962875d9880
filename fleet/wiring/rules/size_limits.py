"""What the rules ask of the cross-sections in a plan, so that sizes can be tried without judging the plan anew. Pure.

Of one conductor alone: what it has to carry, and what its cavities take. Of the conductors of a way together: what may
be lost on it, and how much resistance a short may meet.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from fleet.wiring.rules.cavity_rules import sizes_taken
from fleet.wiring.rules.current_rules import let_through_a
from fleet.wiring.rules.drop_rules import crank_min_v
from fleet.wiring.rules.electric import Known, flow_conductors
from fleet.wiring.rules.network import Flow
from fleet.wiring.rules.rule import Case, at_least, at_most
from fleet.wiring.rules.short_rules import shorts
from fleet.wiring.rules.sizing import drop_limit_v
from fleet.wiring.rules.tables import ampacity, copper_factor, resistance, sizes
from protocols.wiring.findings import RuleId
from protocols.wiring.parts import Load
from protocols.wiring.plan import Conductor, Vehicle

_LESS_THAN_V = 1e-6
"""By how much a voltage has to be below a limit that it must not reach."""


class Floor(NamedTuple):
    """What a conductor has to carry, amperes, so that a rule passes."""

    rule: RuleId
    needed_a: float


class WayLimit(NamedTuple):
    """Σ weight · resistance ≤ `most`, over the conductors of a way; resistances in mΩ/m at 20 °C. `subject` is whose
    rule it is: a load's drop in volts, a fuse's loop in ohms."""

    rule: RuleId
    subject: str
    weights: Mapping[str, float]
    most: float


class SizeLimits:
    """What the rules ask of the sizes of a plan's conductors."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.conductors = {name: one for name, one in case.plan.conductors.items() if not one.shield}

    def offered(self, name: str) -> list[float]:
        """The sizes in the tables of a conductor's type, mm², the smallest first."""
        conductor = self.conductors[name]
        return sizes(conductor.type, conductor.resistance)

    def broken_alone(self, name: str, csa_mm2: float) -> list[RuleId]:
        """The rules about a conductor alone that a size breaks; a size that is in no table carries nothing."""
        conductor = self.conductors[name]
        entry = ampacity(csa_mm2, conductor.type)
        limit_a = 0.0 if entry is None else self.case.policy.derating * entry.value
        broken = [floor.rule for floor in self.floors.get(name, ()) if not at_most(floor.needed_a, limit_a)]
        if not self._fits(conductor, csa_mm2):
            broken.append("cavity-size")
        return broken

    def allowed(self, name: str) -> list[float]:
        """The sizes that break no rule about a conductor alone."""
        return [size for size in self.offered(name) if not self.broken_alone(name, size)]

    def milliohm_per_m(self, name: str, csa_mm2: float | None) -> float | None:
        """A conductor's resistance at 20 °C with a size; None where the tables do not have it."""
        entry = None if csa_mm2 is None else resistance(csa_mm2, self.conductors[name].resistance)
        return None if entry is None else entry.value

    @cached_property
    def floors(self) -> dict[str, list[Floor]]:
        """What each conductor has to carry."""
        found: dict[str, list[Floor]] = {}
        for name, floor in (*self._behind_fuses(), *self._without_fuse(), *self._returning()):
            if name in self.conductors:
                found.setdefault(name, []).append(floor)
        return found

    @cached_property
    def ways(self) -> list[WayLimit]:
        """What holds for ways that are known well enough to be judged, and that some conductor could keep."""
        found = (*self._drops(), *self._short_loops())
        return [one for one in found if one.most > 0 and any(one.weights.values())]

    def _fits(self, conductor: Conductor, csa_mm2: float) -> bool:
        for end in (conductor.start, conductor.end):
            taken = sizes_taken(self.case.plan, end)
            if not at_least(csa_mm2, taken.get("csa_min_mm2", csa_mm2)):
                return False
            if not at_most(csa_mm2, taken.get("csa_max_mm2", csa_mm2)):
                return False
        return True

    def _behind_fuses(self) -> Iterator[tuple[str, Floor]]:
        for fuse, planned in self.case.plan.fuses.items():
            for name, is_first in self.case.network.conductors_behind(fuse):
                rule: RuleId = "fuse-protects-cable" if is_first else "downstream-conductor"
                yield name, Floor(rule, planned.rating_a)

    def _without_fuse(self) -> Iterator[tuple[str, Floor]]:
        network = self.case.network
        for name in self.conductors:
            end = network.outer_end(name)
            if end is not None and network.fuse_before(end) is None:
                load_a = network.current_a("conductor", name, "running")
                if load_a:
                    yield name, Floor("conductor-load", load_a)

    def _returning(self) -> Iterator[tuple[str, Floor]]:
        network = self.case.network
        for name, conductor in self.conductors.items():
            flows = () if network.is_fed(conductor.start) else network.flows_through("conductor", name)
            fuses = [found for flow in flows if flow.feed is not None and (found := flow.feed.names("fuse"))]
            if fuses:
                yield name, Floor("return-conductor", let_through_a(network, fuses))

    def _drops(self) -> Iterator[WayLimit]:
        vehicle = self.case.plan.vehicle
        for flow in self.case.network.flows:
            weights = None if flow.feed is None or flow.back is None else self._drop_weights(flow)
            if weights is None or vehicle is None:
                continue
            subject = f"loads.{flow.name}"
            limit_v = drop_limit_v(vehicle.system_v, self.case.policy)
            yield WayLimit("drop-cold", subject, weights, limit_v)
            factor = copper_factor(self.case.hot_c)
            hot = {name: weight * factor for name, weight in weights.items()}
            yield WayLimit("drop-hot", subject, hot, limit_v)
            crank = crank_min_v(self.case, flow) if flow.load.rides_cranking else None
            dip_v = crank.value if isinstance(crank, Known) else None
            if dip_v is not None and flow.load.min_v is not None:
                yield WayLimit("drop-cranking", subject, weights, dip_v - flow.load.min_v)
            for most_v in _left_by_cutoff(vehicle, flow.load, dip_v):
                yield WayLimit("cut-off", f"{subject}.cutoff", hot, most_v)

    def _drop_weights(self, flow: Flow) -> dict[str, float] | None:
        weights: dict[str, float] = {}
        for name in flow_conductors(flow):
            length_m = self.conductors[name].length_m
            current_a = self.case.network.current_a("conductor", name, "peak")
            if length_m is None or current_a is None:
                return None
            weights[name] = current_a * length_m / 1000
        return weights

    def _short_loops(self) -> Iterator[WayLimit]:
        policy, vehicle = self.case.policy, self.case.plan.vehicle
        if vehicle is None:
            return
        for fuse, planned in self.case.plan.fuses.items():
            most_ohm = vehicle.system_v / (policy.short_factor * planned.rating_a) - policy.source_resistance_ohm
            loops = (frozenset(conductors) for _, conductors in shorts(self.case, fuse))
            lengths = {name: one.length_m for name, one in self.conductors.items() if one.length_m is not None}
            for names in _widest(loop for loop in loops if loop <= lengths.keys()):
                weights = {name: lengths[name] / 1000 for name in sorted(names)}
                yield WayLimit("short-blows-fuse", f"fuses.{fuse}", weights, most_ohm)


def _left_by_cutoff(vehicle: Vehicle, load: Load, dip_v: float | None) -> Iterator[float]:
    """What a load's cut-off leaves to be lost between battery and load, volts: it goes off while the load still works,
    not while the alternator charges, and not by the dip of a start that is longer than its delay."""
    cutoff = load.cutoff
    if cutoff is None:
        return
    if load.min_v is not None:
        yield cutoff.off_v - load.min_v
    if vehicle.alternator is not None:
        yield vehicle.alternator.charge_min_v - cutoff.off_v - _LESS_THAN_V
    if dip_v is not None and (vehicle.crank_s is None or not at_least(cutoff.delay_s, vehicle.crank_s)):
        yield dip_v - cutoff.off_v


def _widest(loops: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """The loops that are not a part of another, which asks for no less."""
    found: list[frozenset[str]] = []
    for loop in sorted(set(loops), key=lambda one: (-len(one), sorted(one))):
        if not any(loop <= wider for wider in found):
            found.append(loop)
    return found
