"""What our kit takes from a standing vehicle's batteries, and how long each can stand. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.batteries import battery_behind
from fleet.wiring.rules.network import Flow, origin_of
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule
from protocols.wiring.findings import DrainCurve, DrainPoint
from protocols.wiring.plan import Battery, Plan

_CURVE_STEPS = 40
_BEYOND = 0.05
"""How far below the lowest share of charge a curve goes on."""
LEAST_DRAIN_MA = 0.001
"""What is less drains nothing: a battery loses far more by itself."""
_DEAD_WHEN_STANDING = ("15", "50")
_ALL = "loads"


class Drain(NamedTuple):
    """What kit takes from a battery while the vehicle stands, as far as it is known, and paths of what is not."""

    known_ma: float
    needs: list[str]


@rule("standing-drain", "function", "kit_drain_ma ≤ kit_drain_max_ma")
def standing_drain(case: Case) -> Iterator[Found]:
    """Of each battery that feeds kit, and of the kit as a whole where the plan names no battery. The vehicle's own
    drain does not count here."""
    limit_ma = case.policy.kit_drain_max_ma
    for name, drain in kit_drains(case).items():
        subject, whose = (_battery_path(name), f" from {name}") if name else (_ALL, "")
        figures = {"kit_drain_ma": drain.known_ma, "kit_drain_max_ma": limit_ma}
        if not at_most(drain.known_ma, limit_ma):
            yield Found(
                "fail",
                subject,
                f"the kit takes {drain.known_ma:.4g} mA{whose} while the vehicle stands, more than {limit_ma:g} mA",
                "switch kit off with the ignition, or choose kit that sleeps deeper",
                figures,
            )
        elif drain.needs:
            yield missing(subject, f"what the kit takes{whose} while the vehicle stands", drain.needs)
        else:
            yield Found(
                "pass", subject, f"the kit takes {drain.known_ma:.4g} mA{whose} while the vehicle stands", "", figures
            )


@rule(
    "days-to-no-start",
    "safety",
    "days = capacity_ah · soh · (soc_now − soc_min) / ((vehicle_ma + kit_drain_ma) / 1000) / 24 ≥ stand_days",
)
def days_to_no_start(case: Case) -> Iterator[Found]:
    """Of each battery that feeds kit: how long the vehicle stands until it does not start."""
    for name, battery, drain in _drained(case):
        yield _stands(case, name, battery, drain)


def drain_curves(case: Case) -> list[DrainCurve]:
    """How each battery that feeds kit goes down; none of a battery that nothing drains, or of which too little is
    known."""
    curves: list[DrainCurve] = []
    for name, battery, drain in _drained(case):
        vehicle_ma = battery.standing_drain_ma
        if drain.needs or vehicle_ma is None or not _drains(vehicle_ma + drain.known_ma):
            continue
        days = days_at(battery, vehicle_ma + drain.known_ma)
        alone = days_at(battery, vehicle_ma) if _drains(vehicle_ma) else None
        curves.append(
            DrainCurve(
                battery=name,
                soc_min=battery.soc_min,
                days=days,
                days_without_kit=alone,
                with_kit=_points(battery, vehicle_ma + drain.known_ma, vehicle_ma + drain.known_ma),
                without_kit=_points(battery, vehicle_ma, vehicle_ma if _drains(vehicle_ma) else drain.known_ma),
            )
        )
    return curves


def days_at(battery: Battery, drain_ma: float) -> float:
    """How many days `drain_ma`, at least 0.001, takes from the charge of now to the least; 0 when it is there."""
    usable_ah = battery.capacity_ah * battery.soh * max(0.0, battery.soc_now - battery.soc_min)
    return usable_ah / (drain_ma / 1000) / 24


def kit_drains(case: Case) -> dict[str, Drain]:
    """What kit takes from each battery that feeds some, by its name; by "" from all of them where the plan names none.
    A load that no source feeds counts where there is only one battery: `open-circuit` tells of it."""
    batteries = case.plan.vehicle.batteries if case.plan.vehicle is not None else {}
    drawn: dict[str, list[Flow]] = {}
    unplaced: list[str] = []
    for flow in case.network.flows:
        behind = battery_behind(case.plan, origin_of(flow)) if batteries else ""
        if behind is not None:
            drawn.setdefault(behind, []).append(flow)
        elif flow.feed is not None:
            unplaced.append(f"sources.{flow.feed.origin}.battery")
    if unplaced:
        drawn = {name: drawn.get(name, []) for name in batteries}
    return {name: _drain(case.plan, flows, unplaced) for name, flows in drawn.items()}


def _drain(plan: Plan, flows: list[Flow], unplaced: list[str]) -> Drain:
    silent = [f"loads.{flow.name}.quiescent_ma" for flow in flows if _is_silent(plan, flow)]
    known_ma = sum(flow.load.quiescent_ma or 0.0 for flow in flows)
    return Drain(known_ma, [*silent, *dict.fromkeys(unplaced)])


def _is_silent(plan: Plan, flow: Flow) -> bool:
    """Whether nobody says what a load takes: what is fed by a terminal that is dead while the vehicle stands need
    not."""
    dead = flow.feed is not None and plan.sources[flow.feed.origin].terminal in _DEAD_WHEN_STANDING
    return flow.load.quiescent_ma is None and not dead


def _drained(case: Case) -> Iterator[tuple[str, Battery, Drain]]:
    for name, drain in kit_drains(case).items():
        if case.plan.vehicle is not None and name in case.plan.vehicle.batteries:
            yield name, case.plan.vehicle.batteries[name], drain


def _stands(case: Case, name: str, battery: Battery, drain: Drain) -> Found:
    subject, vehicle = _battery_path(name), case.plan.vehicle
    own_days = None if vehicle is None else vehicle.stand_days
    stand_days = own_days or case.policy.stand_days
    vehicle_ma = battery.standing_drain_ma
    figures = {
        "capacity_ah": battery.capacity_ah,
        "soh": battery.soh,
        "soc_now": battery.soc_now,
        "soc_min": battery.soc_min,
        "vehicle_ma": vehicle_ma or 0.0,
        "kit_drain_ma": drain.known_ma,
        "stand_days": stand_days,
    }
    needs = [*drain.needs, *([f"{subject}.standing_drain_ma"] if vehicle_ma is None else [])]
    total_ma = drain.known_ma + (vehicle_ma or 0.0)
    flat = battery.soc_now <= battery.soc_min
    days = days_at(battery, total_ma) if _drains(total_ma) else 0.0
    if (_drains(total_ma) or flat) and not at_least(days, stand_days):
        at_most_days = f"{'at most ' if needs else ''}{days:.4g} days"
        return Found(
            "fail",
            subject,
            f"{name} starts the engine for {at_most_days} of standing, and {stand_days:g} are wanted",
            "take less current while the vehicle stands, or a battery with more capacity or charge",
            {**figures, "days": days},
        )
    if needs:
        return missing(subject, f"how long {name} can stand and start the engine", needs)
    if not _drains(total_ma):
        return Found("pass", subject, f"nothing drains {name} while the vehicle stands", "", figures)
    return Found(
        "pass",
        subject,
        f"{name} starts the engine after {days:.4g} days of standing",
        "",
        {**figures, "days": days},
    )


def _drains(drain_ma: float) -> bool:
    return drain_ma >= LEAST_DRAIN_MA


def _points(battery: Battery, drain_ma: float, pace_ma: float) -> list[DrainPoint]:
    """A battery's charge under `drain_ma`, for as long as `pace_ma` takes to bring it a little below the least."""
    end_soc = max(0.0, min(battery.soc_now, battery.soc_min) - _BEYOND)
    full_ah = battery.capacity_ah * battery.soh
    end_days = full_ah * (battery.soc_now - end_soc) / (pace_ma / 1000) / 24
    lost_a_day = drain_ma / 1000 * 24 / full_ah
    steps = [end_days * step / _CURVE_STEPS for step in range(_CURVE_STEPS + 1)]
    return [DrainPoint(days=days, soc=max(0.0, battery.soc_now - days * lost_a_day)) for days in steps]


def _battery_path(name: str) -> str:
    return f"vehicle.batteries.{name}"


RULES = (standing_drain, days_to_no_start)
