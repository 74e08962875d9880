"""Voltage drop, cold, hot and while cranking."""

import pytest

from fleet.wiring.rules.drop_rules import drop_cold, drop_cranking, drop_hot
from protocols.wiring.plan import Plan, Vehicle
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without

LORRY = Vehicle(system_v=24)


def losing(volts: float, vehicle: Vehicle | None = None) -> Plan:
    """A circuit that loses `volts` at 20 °C: 1 A over 1 mm², 19.5 mΩ a metre, half out and half back."""
    half_m = volts / 0.0195 / 2
    changes = {
        "loads.camera.peak_a": 1,
        "conductors.W1": wire("B1", "F1.in", 1.0, 0.0),
        "conductors.W2": wire("F1.out", "camera.+", 1.0, half_m),
        "conductors.W3": wire("camera.-", "G1", 1.0, half_m),
    }
    return changed(circuit(), {**changes, **({} if vehicle is None else {"vehicle": vehicle})})


@pytest.mark.parametrize(("volts", "verdict"), [(0.3, "pass"), (0.36, "pass"), (0.3601, "fail"), (0.45, "fail")])
def test_three_percent_bind_at_12_v(volts: float, verdict: str) -> None:
    one = only(drop_cold, losing(volts))
    assert (one.subject, one.verdict) == ("loads.camera", verdict)
    assert one.figures == {
        "drop_v": pytest.approx(volts, rel=1e-12),
        "drop_percent": pytest.approx(volts / 0.12, rel=1e-12),
        "limit_v": pytest.approx(0.36, rel=1e-12),
        "system_v": 12,
        "drop_max_percent": 3,
        "drop_max_v": 0.5,
        "temperature_c": 20,
    }


@pytest.mark.parametrize(("volts", "verdict"), [(0.5, "pass"), (0.5001, "fail"), (0.72, "fail")])
def test_half_a_volt_binds_at_24_v(volts: float, verdict: str) -> None:
    one = only(drop_cold, losing(volts, LORRY))
    assert (one.verdict, one.figures["limit_v"]) == (verdict, 0.5)


@pytest.mark.parametrize(("volts", "verdict"), [(0.3, "pass"), (0.36, "pass"), (0.3601, "fail")])
def test_copper_loses_more_when_hot(volts: float, verdict: str) -> None:
    one = only(drop_hot, losing(volts / (1 + 0.00393 * 40)))
    assert (one.verdict, one.figures["temperature_c"]) == (verdict, 60)
    assert one.figures["drop_v"] == pytest.approx(volts, rel=1e-12)


def test_a_plan_that_passes_a_hotter_place_is_judged_there() -> None:
    one = only(drop_hot, changed(losing(0.3), {"hot_c": 105}))
    assert (one.verdict, one.figures["temperature_c"]) == ("fail", 105)
    assert only(drop_hot, changed(losing(0.3), {"hot_c": 40})).figures["temperature_c"] == 60


def test_what_fails_cold_is_told_once_with_what_is_lost_when_hot() -> None:
    one = only(drop_cold, losing(0.4))
    assert "0.4 V (3.333 %) at 20 °C and 0.4629 V at 60 °C; at most 0.36 V" in one.sentence
    assert found(drop_hot, losing(0.4)) == []


def test_a_conductor_loses_what_all_loads_behind_it_draw() -> None:
    plan = changed(
        losing(0.1),
        {"loads.modem": kit(peak_a=2), "conductors.W4": wire("camera.+", "modem.+", 1.0, 0), "grounds.G2": {}},
    )
    plan = changed(plan, {"conductors.W5": wire("modem.-", "G2", 1.0, 0)})
    figures = {one.subject: one.figures["drop_v"] for one in found(drop_cold, plan)}
    assert figures == {"loads.camera": pytest.approx(0.2), "loads.modem": pytest.approx(0.15)}


def test_the_conductor_that_loses_the_most_is_named() -> None:
    one = only(drop_cold, changed(losing(0.4), {"conductors.W3.length_m": 20}))
    assert one.remedy == "fit larger or shorter conductors; W3 loses the most of it"


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({"loads.camera.peak_a": None}, ["loads.camera.peak_a"]),
        ({"conductors.W2.csa_mm2": None}, ["conductors.W2.csa_mm2"]),
        ({"conductors.W2.csa_mm2": 3}, ["conductors.W2.csa_mm2"]),
        ({"conductors.W3.length_m": None, "vehicle": None}, ["vehicle", "conductors.W3.length_m"]),
    ],
)
def test_a_drop_that_nobody_can_work_out_is_not_judged(changes: dict[str, object], needs: list[str]) -> None:
    plan = changed(losing(0.1), changes)
    for rule in (drop_cold, drop_hot):
        one = only(rule, plan)
        assert (one.verdict, one.needs) == ("unjudged", needs)
    assert only(drop_cranking, plan).verdict == "unjudged"


def test_a_load_without_a_source_or_a_ground_is_left_to_the_rule_of_open_circuits() -> None:
    for gone in ("W1", "W2", "W3"):
        plan = without(circuit(), f"conductors.{gone}")
        assert [found(rule, plan) for rule in (drop_cold, drop_hot, drop_cranking)] == [[], [], []]


def test_the_house_says_how_much_may_be_lost() -> None:
    assert only(drop_cold, losing(0.4), WiringPolicy(drop_max_percent=4)).verdict == "pass"
    assert only(drop_cold, losing(0.4), WiringPolicy(drop_max_percent=20, drop_max_v=0.3)).verdict == "fail"
    assert only(drop_hot, losing(0.35), WiringPolicy(hot_c=20)).verdict == "pass"


@pytest.mark.parametrize(("min_v", "verdict"), [(9.0, "pass"), (9.2, "pass"), (9.2001, "fail"), (10, "fail")])
def test_a_load_that_stays_on_has_enough_while_cranking(min_v: float, verdict: str) -> None:
    one = only(drop_cranking, changed(losing(0.3), {"loads.camera.min_v": min_v}))
    assert (one.subject, one.verdict) == ("loads.camera", verdict)
    assert one.figures == {
        "crank_min_v": 9.5,
        "drop_v": pytest.approx(0.3),
        "at_load_v": pytest.approx(9.2),
        "min_v": min_v,
    }


def test_a_load_that_may_restart_is_not_judged_while_cranking() -> None:
    assert found(drop_cranking, changed(circuit(), {"loads.camera.rides_cranking": False})) == []


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({"loads.camera.min_v": None}, "loads.camera.min_v"),
        ({"vehicle.batteries.main.crank_min_v": None}, "vehicle.batteries.main.crank_min_v"),
        ({"vehicle.batteries": {}}, "vehicle.batteries"),
        ({"vehicle": None}, "vehicle"),
        ({"sources.B1.battery": None, "vehicle.batteries.second": {"capacity_ah": 60}}, "sources.B1.battery"),
    ],
)
def test_what_cranking_leaves_is_not_judged_where_it_is_not_known(changes: dict[str, object], needs: str) -> None:
    one = only(drop_cranking, changed(circuit(), changes))
    assert (one.verdict, one.needs) == ("unjudged", [needs])


def test_a_source_that_does_not_say_which_is_behind_the_only_battery() -> None:
    plan = changed(circuit(), {"sources.B1.battery": None})
    assert verdicts(drop_cranking, plan) == {"loads.camera": "pass"}


def test_each_load_is_judged_by_the_battery_behind_it() -> None:
    plan = changed(
        circuit(),
        {
            "loads.camera.min_v": 11,
            "vehicle.batteries.second": {"capacity_ah": 60, "crank_min_v": 12},
            "sources.B1.battery": "second",
        },
    )
    assert verdicts(drop_cranking, plan) == {"loads.camera": "pass"}
    assert verdicts(drop_cranking, changed(plan, {"sources.B1.battery": "main"})) == {"loads.camera": "fail"}
