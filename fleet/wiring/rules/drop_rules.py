"""What is lost between source, load and ground. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.batteries import battery_behind
from fleet.wiring.rules.electric import Known, Unknown, Worked, drop_v, dropped_v, flow_conductors
from fleet.wiring.rules.network import Flow, origin_of
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, rule, unjudged

_COLD_C = 20.0
_HOLDS = "drop_v ≤ min(drop_max_v, drop_max_percent / 100 · system_v), drop_v = Σ current · resistance at temperature_c"


@rule("drop-cold", "function", _HOLDS)
def drop_cold(case: Case) -> Iterator[Found]:
    """Of each load that is joined to a source and a ground, at 20 °C, with what all loads draw at most."""
    for flow in _joined(case):
        yield _judged(case, flow, _COLD_C)


@rule("drop-hot", "function", _HOLDS)
def drop_hot(case: Case) -> Iterator[Found]:
    """The same at the hottest place. A load that fails at 20 °C is not told of twice: `drop-cold` says what is lost
    when hot as well."""
    for flow in _joined(case):
        if _judged(case, flow, _COLD_C).verdict != "fail":
            yield _judged(case, flow, case.hot_c)


@rule("drop-cranking", "function", "crank_min_v - drop_v ≥ min_v, drop_v at 20 °C")
def drop_cranking(case: Case) -> Iterator[Found]:
    """Of each load that has to stay on while the engine is started, the voltage that is left to it then."""
    for flow in _joined(case):
        if not flow.load.rides_cranking:
            continue
        drop = drop_v(case.network, flow, "peak", _COLD_C)
        crank, low = crank_min_v(case, flow), _min_v(flow)
        if isinstance(drop, Known) and isinstance(crank, Known) and isinstance(low, Known):
            yield _cranked(flow, crank.value, drop, low.value)
        else:
            yield unjudged(f"loads.{flow.name}", f"whether {flow.name} stays on while cranking", crank, drop, low)


def _joined(case: Case) -> Iterator[Flow]:
    return (flow for flow in case.network.flows if flow.feed is not None and flow.back is not None)


class _Limit(NamedTuple):
    """The most that may be lost, volts."""

    value: float
    figures: dict[str, float]


def _limit(case: Case, system_v: float) -> _Limit:
    percent, most = case.policy.drop_max_percent, case.policy.drop_max_v
    limit = min(most, percent / 100 * system_v)
    figures = {"limit_v": limit, "system_v": system_v, "drop_max_percent": percent, "drop_max_v": most}
    return _Limit(limit, figures)


def _judged(case: Case, flow: Flow, temperature_c: float) -> Found:
    drop = drop_v(case.network, flow, "peak", temperature_c)
    subject = f"loads.{flow.name}"
    vehicle = case.plan.vehicle
    if vehicle is None or isinstance(drop, Unknown):
        system = Unknown(("vehicle",)) if vehicle is None else Known(vehicle.system_v)
        return unjudged(subject, f"how much {flow.name} loses at {temperature_c:g} °C", system, drop)
    limit = _limit(case, vehicle.system_v)
    percent = 100 * drop.value / vehicle.system_v
    figures = {"drop_v": drop.value, "drop_percent": percent, **limit.figures, "temperature_c": temperature_c}
    said = f"{flow.name} loses {drop.value:.4g} V ({percent:.4g} %) at {temperature_c:g} °C"
    if at_most(drop.value, limit.value):
        return Found("pass", subject, said, "", figures, drop.unverified)
    if temperature_c == _COLD_C:
        hot = drop_v(case.network, flow, "peak", case.hot_c)
        if isinstance(hot, Known):
            said += f" and {hot.value:.4g} V at {case.hot_c:g} °C"
    return Found(
        "fail",
        subject,
        f"{said}; at most {limit.value:.4g} V is allowed",
        f"fit larger or shorter conductors; {_greediest(case, flow)} loses the most of it",
        figures,
        drop.unverified,
    )


def _greediest(case: Case, flow: Flow) -> str:
    """The conductor of a load's way that loses the most."""

    def lost(name: str) -> float:
        drop = dropped_v(case.network, name, "peak")
        return drop.value if isinstance(drop, Known) else 0.0

    return max(flow_conductors(flow), key=lost)


def _min_v(flow: Flow) -> Worked:
    low = flow.load.min_v
    return Unknown((f"loads.{flow.name}.min_v",)) if low is None else Known(low)


def crank_min_v(case: Case, flow: Flow) -> Worked:
    """The lowest voltage of the battery behind a load while the engine is started; the only battery where the source
    does not say which."""
    vehicle = case.plan.vehicle
    if vehicle is None or not vehicle.batteries:
        return Unknown(("vehicle" if vehicle is None else "vehicle.batteries",))
    name = battery_behind(case.plan, origin_of(flow))
    if name is None:
        return Unknown((f"sources.{origin_of(flow)}.battery" if flow.feed is not None else f"loads.{flow.name}",))
    battery = vehicle.batteries[name]
    if battery.crank_min_v is None:
        return Unknown((f"vehicle.batteries.{name}.crank_min_v",))
    return Known(battery.crank_min_v)


def _cranked(flow: Flow, crank_min_v: float, drop: Known, min_v: float) -> Found:
    at_load = crank_min_v - drop.value
    figures = {"crank_min_v": crank_min_v, "drop_v": drop.value, "at_load_v": at_load, "min_v": min_v}
    said = f"{flow.name} has {at_load:.4g} V while the engine is started, and works from {min_v:g} V"
    if at_least(at_load, min_v):
        return Found("pass", f"loads.{flow.name}", said, "", figures, drop.unverified)
    remedy = "feed it through a supply that holds the voltage up, or say rides_cranking: false where it may restart"
    return Found("fail", f"loads.{flow.name}", said, remedy, figures, drop.unverified)


RULES = (drop_cold, drop_hot, drop_cranking)
