"""The worked cases, each through the rules on a small plan: every figure of the file, to four significant digits."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fleet.wiring.rules.current_rules import splice_total
from fleet.wiring.rules.drop_rules import drop_cold, drop_cranking
from fleet.wiring.rules.fuse_rules import downstream_conductor, fuse_carries_load, fuse_protects_cable
from protocols.wiring.parts import Splice
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, kit, only, wire
from tests.unit.fleet.wiring import test_wiring_cases_advice, test_wiring_cases_signals, test_wiring_cases_structure

CASES = tomllib.loads((Path(__file__).parents[3] / "cases" / "wiring.toml").read_text(encoding="utf-8"))["case"]
Case = Mapping[str, Any]


class Asked(Mapping[str, Any]):
    """A case that remembers what was asked of it."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.asked = {"check"}

    def __getitem__(self, key: str) -> Any:
        value = self.case[key]
        self.asked.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.case)

    def __len__(self) -> int:
        return len(self.case)


def same(figure: float, written: float) -> bool:
    """Whether two figures are the same to four significant digits."""
    return f"{figure:.4g}" == f"{written:.4g}"


def fuse_against_cable(case: Case) -> None:
    policy = WiringPolicy(derating=case["derating"])
    plan = changed(circuit(), {"conductors.W2.csa_mm2": case["csa_mm2"]})
    for verdict in ("pass", "fail"):
        for rating_a in case[f"{verdict}_fuse_a"]:
            one = only(fuse_protects_cable, changed(plan, {"fuses.F1.rating_a": rating_a}), policy)
            assert (one.verdict, one.figures["rating_a"]) == (verdict, rating_a)
            assert same(one.figures["limit_a"], case["limit_a"])


def fuse_against_load(case: Case) -> None:
    plan = changed(circuit(), {"loads.camera.running_a": case["load_a"]})
    for verdict in ("pass", "fail"):
        for rating_a in case[f"{verdict}_fuse_a"]:
            one = only(fuse_carries_load, changed(plan, {"fuses.F1.rating_a": rating_a}))
            assert (one.verdict, one.figures["load_a"]) == (verdict, case["load_a"])
            assert same(one.figures["needed_a"], case["needed_a"])


def downstream(case: Case) -> None:
    plan = changed(
        circuit(),
        {
            "fuses.F1.rating_a": case["fuse_a"],
            "splices.S1": Splice(),
            "conductors.W2.to": "S1",
            "conductors.W4": wire("S1", "camera.+", case["downstream_csa_mm2"]),
        },
    )
    one = only(downstream_conductor, plan)
    assert (one.subject, one.verdict) == ("conductors.W4", case["verdict"])


def run(load_a: float, csa_mm2: float, out_m: float, return_m: float) -> Plan:
    """A circuit whose fuse sits at its source."""
    return changed(
        circuit(),
        {
            "loads.camera.peak_a": load_a,
            "conductors.W1": wire("B1", "F1.in", csa_mm2, 0),
            "conductors.W2": wire("F1.out", "camera.+", csa_mm2, out_m),
            "conductors.W3": wire("camera.-", "G1", csa_mm2, return_m),
        },
    )


def voltage_drop(case: Case) -> None:
    one = only(drop_cold, run(case["load_a"], case["csa_mm2"], case["out_m"], case["return_m"]))
    assert one.verdict == case["verdict"]
    for figure in ("drop_v", "drop_percent"):
        if figure in case:
            assert same(one.figures[figure], case[figure])


def cranking(case: Case) -> None:
    """The circuit of the file's first drop, on a battery that goes down to 9.0 V."""
    plan = changed(
        run(3.0, 1.0, 5.0, 5.0),
        {"vehicle.batteries.main.crank_min_v": 9.0, "loads.camera.min_v": case["load_min_v"]},
    )
    one = only(drop_cranking, plan)
    assert one.verdict == case["verdict"]
    assert same(one.figures["drop_v"], case["drop_v"])
    assert same(one.figures["at_load_v"], case["at_load_v"])
    assert same(one.figures["min_v"], case["load_min_v"])


def splice(case: Case) -> None:
    changes: dict[str, object] = {
        "fuses.F1.rating_a": case["fuse_a"],
        "splices.S1": Splice(),
        "conductors.W2.to": "S1",
        "loads": {},
        "conductors.W3.from": "G1",
        "conductors.W3.to": "G2",
        "grounds.G2": {},
    }
    for at, running_a in enumerate(case["branches_a"]):
        changes |= {
            f"loads.kit{at}": kit(running_a=running_a),
            f"conductors.feed{at}": wire("S1", f"kit{at}.+"),
            f"conductors.back{at}": wire(f"kit{at}.-", "G1"),
        }
    [one] = found(splice_total, changed(circuit(), changes))
    branches = [amps for name, amps in one.figures.items() if name.startswith("branch_")]
    assert branches == case["branches_a"]
    assert same(one.figures["total_a"], case["total_a"])
    assert (one.figures["limit_a"], one.verdict) == (case["fuse_a"], "pass")


CHECKS: dict[str, Callable[[Case], None]] = {
    "fuse protects cable": fuse_against_cable,
    "fuse carries load": fuse_against_load,
    "downstream conductor": downstream,
    "voltage drop": voltage_drop,
    "voltage while cranking": cranking,
    "splice": splice,
}
EVERY_CHECK = {
    **CHECKS,
    **test_wiring_cases_advice.CHECKS,
    **test_wiring_cases_signals.CHECKS,
    **test_wiring_cases_structure.CHECKS,
}


def test_no_case_is_forgotten() -> None:
    assert {case["check"] for case in CASES} == EVERY_CHECK.keys()


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case['check']}" for at, case in enumerate(CASES, start=1)])
def test_the_case_holds(case: dict[str, Any]) -> None:
    asked = Asked(case)
    EVERY_CHECK[case["check"]](asked)
    assert asked.asked == case.keys()
