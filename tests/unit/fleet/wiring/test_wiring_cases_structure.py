"""The worked cases about how a plan hangs together and the diagnostic plug; test_wiring_cases.py reads the file."""

from collections.abc import Callable, Mapping
from typing import Any

from fleet.wiring.rules.obd_rules import obd_pin
from fleet.wiring.rules.structure_rules import cavity_used_twice, fused_negative, supply_to_return
from protocols.wiring.parts import Cavity, Connector, Fuse
from tests.support.wiring_plans import changed, circuit, only, verdicts, wire

Case = Mapping[str, Any]


def two_in_a_cavity(case: Case) -> None:
    plan = changed(
        circuit(connectors={"X1": Connector(cavities={"1": Cavity(joins="camera.+")})}),
        {"conductors.W2.to": "X1.1", "conductors.W9": wire("X1.1", "F1.out")},
    )
    one = only(cavity_used_twice, plan)
    assert (one.verdict, one.subject) == (case["verdict"], "connectors.X1.cavities.1")


def short(case: Case) -> None:
    plan = changed(circuit(), {"conductors.W9": wire("B1", "G1")})
    assert (plan.sources["B1"].terminal, plan.grounds["G1"].terminal) == ("30", "31")
    assert verdicts(supply_to_return, plan) == {"conductors.W9": case["verdict"]}


def fuse_in_the_return(case: Case) -> None:
    plan = changed(
        circuit(),
        {"fuses.F2": Fuse(rating_a=5), "conductors.W3.to": "F2.in", "conductors.W9": wire("F2.out", "G1")},
    )
    assert verdicts(fused_negative, plan) == {"fuses.F1": "pass", "fuses.F2": case["verdict"]}


def drawn_from_the_plug(case: Case) -> None:
    plan = changed(
        circuit(connectors={"X1": Connector(kind="J1962", cavities={"16": Cavity(joins="B1")})}),
        {"conductors.W1.from": "X1.16", "loads.camera.running_a": case["load_a"]},
    )
    one = only(obd_pin, plan)
    assert (one.verdict, one.figures) == (case["verdict"], {"load_a": case["load_a"], "limit_a": 4.0})


CHECKS: dict[str, Callable[[Case], None]] = {
    "cavity used twice": two_in_a_cavity,
    "terminal 30 joined to terminal 31": short,
    "fused negative": fuse_in_the_return,
    "OBD pin 16 above 4 A (12 V)": drawn_from_the_plug,
}
