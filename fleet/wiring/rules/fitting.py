"""Measured values held against what the plan predicts. Pure.

    voltage at load   U_battery − Σ I·R at running currents and 20 °C; from there − tolerance to U_battery + tolerance
    kit drain         Σ quiescent currents of the loads that a battery feeds; at most that + tolerance, and the policy's
    ignition sense    off: at most the policy's; on: at least U_battery − 1 V
    termination       the resistors at a bus's ends in parallel, ± tolerance

A value exactly at a limit passes.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import get_args

from fleet.wiring.rules.batteries import battery_behind
from fleet.wiring.rules.electric import Unknown, drop_v
from fleet.wiring.rules.fitting_limits import Limits, compared
from fleet.wiring.rules.network import Network, origin_of, terminal_of
from protocols.wiring.fitted import Compared, Measured, MeasuredQuantity
from protocols.wiring.parts import Load
from protocols.wiring.plan import Battery, Plan
from protocols.wiring.policy import WiringPolicy

SENSE_LOSS_V = 1.0
"""How far below the battery an ignition-sense wire may be with the ignition on."""
_QUANTITIES: tuple[MeasuredQuantity, ...] = get_args(MeasuredQuantity)


def expected(plan: Plan) -> list[tuple[MeasuredQuantity, str]]:
    """What can be measured on a fitted harness: each quantity with its battery, load or bus."""
    batteries = {} if plan.vehicle is None else plan.vehicle.batteries
    flows = Network(plan).flows
    feeding = {battery_behind(plan, origin_of(flow)) for flow in flows}
    sensing = [name for name, load in plan.loads.items() if terminal_of(name, load, "ignition-sense") is not None]
    subjects: dict[MeasuredQuantity, list[str]] = {
        "battery-v": list(batteries),
        "voltage-at-load-v": [flow.name for flow in flows],
        "kit-drain-ma": [name for name in batteries if name in feeding],
        "sense-off-v": sensing,
        "sense-on-v": sensing,
        "termination-ohm": list(plan.buses),
    }
    return [(quantity, subject) for quantity in _QUANTITIES for subject in subjects[quantity]]


def compare_measured(plan: Plan, policy: WiringPolicy, measured: Sequence[Measured]) -> list[Compared]:
    """Each measured value, in its order, beside what a plan whose names are right predicts under `policy`."""
    comparing = _Comparing(plan, policy, measured)
    return [compared(one, comparing.limits(one)) for one in measured]


class _Comparing:
    """A plan with all that was measured at one visit."""

    def __init__(self, plan: Plan, policy: WiringPolicy, measured: Sequence[Measured]) -> None:
        self._plan = plan
        self._policy = policy
        self._batteries: dict[str, Battery] = {} if plan.vehicle is None else plan.vehicle.batteries
        self._battery_v = {one.subject: one.value for one in measured if one.quantity == "battery-v"}

    @cached_property
    def _network(self) -> Network:
        return Network(self._plan)

    def limits(self, one: Measured) -> Limits:
        """What a value is held against."""
        match one.quantity:
            case "battery-v":
                return self._battery(one.subject)
            case "voltage-at-load-v":
                return self._at_load(one.subject)
            case "kit-drain-ma":
                return self._drain(one.subject)
            case "sense-off-v":
                return self._sense_off(one.subject)
            case "sense-on-v":
                return self._sense_on(one.subject)
            case "termination-ohm":
                return self._termination(one.subject)

    def _battery(self, name: str) -> Limits:
        battery, vehicle = self._batteries.get(name), self._plan.vehicle
        if battery is None or vehicle is None:
            return _nothing("battery", name)
        high = None if vehicle.alternator is None else vehicle.alternator.charge_max_v
        needs = []
        if battery.crank_min_v is None:
            needs.append(f"vehicle.batteries.{name}.crank_min_v")
        if high is None:
            needs.append("vehicle.alternator")
        missing = f"say {' and '.join(needs)}" if needs else ""
        return Limits(
            "from the voltage while cranking to the charging voltage", None, battery.crank_min_v, high, missing
        )

    def _at_load(self, name: str) -> Limits:
        flow = next((one for one in self._network.flows if one.name == name), None)
        if flow is None:
            return _nothing("load with a supply terminal", name)
        if flow.feed is None or flow.back is None:
            return Limits("", missing=f"{name} has no whole way from a source to a ground")
        battery_v, missing = self._measured_battery(flow.feed.origin)
        if battery_v is None:
            return Limits("", missing=missing)
        drop = drop_v(self._network, flow, "running")
        if isinstance(drop, Unknown):
            return Limits("", missing=f"say {', '.join(drop.needs)}")
        tolerance = self._policy.fitted_voltage_tolerance_v
        predicted = battery_v - drop.value
        formula = (
            f"predicted {battery_v:.6g} V − {drop.value:.4g} V drop at 20 °C = {predicted:.4g} V; "
            f"from {tolerance:g} V below that to {tolerance:g} V above the battery"
        )
        return Limits(formula, predicted, predicted - tolerance, battery_v + tolerance, unverified=drop.unverified)

    def _measured_battery(self, source: str) -> tuple[float | None, str]:
        """The voltage at the posts of the battery behind a source; else what is missing."""
        battery = battery_behind(self._plan, source)
        if battery is None:
            return None, f"say sources.{source}.battery"
        if battery not in self._battery_v:
            return None, f"measure battery-v of {battery} as well"
        return self._battery_v[battery], ""

    def _drain(self, name: str) -> Limits:
        if name not in self._batteries:
            return _nothing("battery", name)
        fed = [flow for flow in self._network.flows if battery_behind(self._plan, origin_of(flow)) == name]
        if not fed:
            return Limits("", missing=f"{name} feeds no load of this plan")
        silent = [f"loads.{flow.name}.quiescent_ma" for flow in fed if flow.load.quiescent_ma is None]
        if silent:
            return Limits("", missing=f"say {', '.join(silent)}")
        predicted = sum(flow.load.quiescent_ma or 0.0 for flow in fed)
        share = self._policy.fitted_drain_tolerance_percent / 100
        limit = self._policy.kit_drain_max_ma
        figures = " + ".join(f"{flow.load.quiescent_ma or 0.0:g}" for flow in fed)
        formula = (
            f"predicted {figures} = {predicted:.6g} mA; at most {100 * share:g} % more, and at most {limit:g} mA in all"
        )
        least = predicted * (1 - share)
        return Limits(
            formula,
            predicted,
            0.0,
            min(predicted * (1 + share), limit),
            little=least,
            why="see that every load is connected",
        )

    def _sensing(self, name: str) -> tuple[Load | None, str | None]:
        load = self._plan.loads.get(name)
        return load, None if load is None else terminal_of(name, load, "ignition-sense")

    def _sense_off(self, name: str) -> Limits:
        load, terminal = self._sensing(name)
        if load is None or terminal is None:
            return _nothing("load with an ignition-sense terminal", name)
        return Limits("with the ignition off", 0.0, None, self._policy.sense_off_max_v)

    def _sense_on(self, name: str) -> Limits:
        load, terminal = self._sensing(name)
        if load is None or terminal is None:
            return _nothing("load with an ignition-sense terminal", name)
        feed = self._network.feed(terminal)
        if feed is None:
            return Limits("", missing=f"no source feeds {terminal}")
        battery_v, missing = self._measured_battery(feed.origin)
        if battery_v is None:
            return Limits("", missing=missing)
        formula = f"with the ignition on: {battery_v:.6g} V at the battery − {SENSE_LOSS_V:g} V"
        return Limits(formula, battery_v, battery_v - SENSE_LOSS_V)

    def _termination(self, name: str) -> Limits:
        bus = self._plan.buses.get(name)
        if bus is None:
            return _nothing("bus", name)
        if not bus.termination_ohm:
            return Limits("", missing=f"say buses.{name}.termination_ohm")
        predicted = 1 / sum(1 / ohm for ohm in bus.termination_ohm)
        share = self._policy.fitted_termination_tolerance_percent / 100
        ends = " and ".join(f"{ohm:g} Ω" for ohm in bus.termination_ohm)
        formula = f"predicted {ends} in parallel = {predicted:.4g} Ω, ± {100 * share:g} %"
        return Limits(formula, predicted, predicted * (1 - share), predicted * (1 + share))


def _nothing(kind: str, name: str) -> Limits:
    return Limits("", missing=f"the plan has no {kind} {name}")


def unknown_subjects(plan: Plan, measured: Sequence[Measured]) -> Iterator[Measured]:
    """Those whose battery, load or bus the plan does not have."""
    batteries = {} if plan.vehicle is None else plan.vehicle.batteries
    there = {
        "battery-v": batteries.keys(),
        "kit-drain-ma": batteries.keys(),
        "voltage-at-load-v": plan.loads.keys(),
        "sense-off-v": plan.loads.keys(),
        "sense-on-v": plan.loads.keys(),
        "termination-ohm": plan.buses.keys(),
    }
    return (one for one in measured if one.subject not in there[one.quantity])
