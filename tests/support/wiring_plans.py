"""Small plans of harnesses, how to change them, and what one rule says of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fleet.wiring.rules.rule import Case, Rule
from protocols.wiring.findings import Judgement, Verdict
from protocols.wiring.parts import Fuse, Ground, Load, Source
from protocols.wiring.plan import Battery, Conductor, Plan, Vehicle
from protocols.wiring.policy import WiringPolicy

VAN = Vehicle(
    system_v=12,
    batteries={"main": Battery(capacity_ah=70, standing_drain_ma=30, crank_min_v=9.5)},
    crank_s=2,
)


def wire(start: str, end: str, csa_mm2: float | None = 2.5, length_m: float | None = 1.0, **more: Any) -> Conductor:
    """A conductor; `more` are its other fields."""
    return Conductor(start=start, end=end, csa_mm2=csa_mm2, length_m=length_m, **more)


def kit(peak_a: float | None = 2.0, running_a: float | None = 1.0, **more: Any) -> Load:
    """A load with the terminals `+` and `-`; `more` are its other fields."""
    return Load(**{"peak_a": peak_a, "running_a": running_a, "quiescent_ma": 10, "min_v": 9.0, "max_v": 16.0, **more})


def circuit(vehicle: Vehicle | None = VAN, **more: Any) -> Plan:
    """One circuit of a 12 V van that is right: battery `B1` → W1 → fuse `F1` → W2 → load `camera` → W3 → ground `G1`.
    `more` are fields of the plan that replace these."""
    parts: dict[str, Any] = {
        "sources": {"B1": Source(terminal="30", battery="main", circuit="battery")},
        "fuses": {"F1": Fuse(rating_a=5, holder_max_a=20)},
        "loads": {"camera": kit()},
        "grounds": {"G1": Ground()},
        "conductors": {
            "W1": wire("B1", "F1.in", length_m=0.2),
            "W2": wire("F1.out", "camera.+"),
            "W3": wire("camera.-", "G1"),
        },
    }
    return Plan(muster_wiring=1, name="test", vehicle=vehicle, **{**parts, **more})


def changed(plan: Plan, changes: Mapping[str, Any]) -> Plan:
    """A plan with other values at paths: `{"conductors.W2.csa_mm2": 1.0, "conductors.W4": wire("B1", "S1")}`. Names of
    fields are those of the file (`from`, `to`); what is between is made where it is not there."""
    built = msgspec.to_builtins(plan)
    for path, value in changes.items():
        *way, last = path.split(".")
        here = built
        for part in way:
            if here.get(part) is None:
                here[part] = {}
            here = here[part]
        here[last] = msgspec.to_builtins(value)
    return msgspec.convert(built, Plan)


def without(plan: Plan, *paths: str) -> Plan:
    """A plan without what is at paths: `conductors.W2`, `vehicle.alternator`."""
    built = msgspec.to_builtins(plan)
    for path in paths:
        *way, last = path.split(".")
        here = built
        for part in way:
            here = here[part]
        del here[last]
    return msgspec.convert(built, Plan)


def found(rule: Rule, plan: Plan, policy: WiringPolicy | None = None) -> list[Judgement]:
    """Everything a rule says of a plan."""
    return list(rule.judge(Case(plan, policy or WiringPolicy())))


def only(rule: Rule, plan: Plan, policy: WiringPolicy | None = None) -> Judgement:
    """The one thing that a rule says of a plan."""
    [one] = found(rule, plan, policy)
    return one


def verdicts(rule: Rule, plan: Plan, policy: WiringPolicy | None = None) -> dict[str, Verdict]:
    """What a rule says of each subject of a plan, by its path; a subject that is told of twice is an error."""
    judgements = found(rule, plan, policy)
    by_subject = {one.subject: one.verdict for one in judgements}
    assert len(by_subject) == len(judgements), f"{rule.id} tells of a subject twice"
    return by_subject
