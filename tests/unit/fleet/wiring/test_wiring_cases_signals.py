"""The worked cases about batteries, load dump and the bus; test_wiring_cases.py reads the file."""

from collections.abc import Callable, Mapping
from typing import Any

from fleet.wiring.rules.battery_rules import days_to_no_start, standing_drain
from fleet.wiring.rules.can_rules import can_listen_only
from fleet.wiring.rules.vehicle_rules import load_dump
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, kit, only, wire

Case = Mapping[str, Any]


def drain(case: Case) -> None:
    changes: dict[str, object] = {"loads": {}, "conductors": {"W1": wire("B1", "F1.in")}, "splices.S1": {}}
    changes["conductors.W2"] = wire("F1.out", "S1")
    for at, quiescent_ma in enumerate(case["quiescent_ma"]):
        changes |= {
            f"loads.kit{at}": kit(quiescent_ma=quiescent_ma),
            f"conductors.feed{at}": wire("S1", f"kit{at}.+"),
            f"conductors.back{at}": wire(f"kit{at}.-", "G1"),
        }
    one = only(standing_drain, changed(circuit(), changes))
    assert one.verdict == case["verdict"]
    assert f"{one.figures['kit_drain_ma']:.4g}" == f"{case['total_ma']:.4g}"


def days(case: Case) -> None:
    battery = {
        "capacity_ah": case["battery_ah"],
        "soh": case["soh"],
        "soc_now": case["soc_now"],
        "soc_min": case["soc_min"],
        "standing_drain_ma": case["vehicle_ma"],
    }
    plan = changed(circuit(), {"vehicle.batteries.main": battery, "loads.camera.quiescent_ma": case["kit_ma"]})
    one = only(days_to_no_start, plan)
    assert f"{one.figures['days']:.4g}" == f"{case['days']:.4g}"
    assert only(days_to_no_start, plan, WiringPolicy(stand_days=case["days"])).verdict == "pass"


def listening(case: Case) -> None:
    """That no setting turns it off is test_can_rules.py's."""
    assert case["verdict"] == "fail, and no setting turns this check off"
    plan = changed(circuit(), {"buses.body": {}, "loads.camera.can": {"bus": "body", "mode": "normal"}})
    assert only(can_listen_only, plan).verdict == "fail"


def dump(case: Case) -> None:
    for load_dump_is in ("suppressed", "unsuppressed"):
        plan = changed(
            circuit(),
            {"vehicle.load_dump": load_dump_is, "loads.camera.transient_max_v": case["part_v_max"]},
        )
        assert only(load_dump, plan).verdict == case[load_dump_is]


CHECKS: dict[str, Callable[[Case], None]] = {
    "standing drain": drain,
    "days to no-start": days,
    "CAN mode other than listen-only": listening,
    "load-dump rating": dump,
}
