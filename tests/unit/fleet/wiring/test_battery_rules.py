"""Standing drain, days to no-start, and the curve."""

from typing import Any

import pytest

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.battery_rules import days_to_no_start, standing_drain
from protocols.wiring.findings import DrainCurve
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without

MAIN = "vehicle.batteries.main"


def fed(plan: Plan, name: str, source: str, **load: Any) -> Plan:
    """A plan with one more load, fed from `source`."""
    return changed(
        plan,
        {
            f"loads.{name}": kit(**load),
            f"fuses.F_{name}": {"rating_a": 5},
            f"conductors.{name}_1": wire(source, f"F_{name}.in"),
            f"conductors.{name}_2": wire(f"F_{name}.out", f"{name}.+"),
            f"conductors.{name}_3": wire(f"{name}.-", "G1"),
        },
    )


def two_batteries() -> Plan:
    """A camera of 10 mA on the battery `main`, a fridge of 30 mA on `second`, which the vehicle takes 5 mA from."""
    plan = changed(
        circuit(),
        {
            "vehicle.batteries.second": {"capacity_ah": 100.0, "standing_drain_ma": 5.0},
            "sources.B2": {"terminal": "30a", "battery": "second", "circuit": "battery"},
        },
    )
    return fed(plan, "fridge", "B2", quiescent_ma=30)


@pytest.mark.parametrize(("quiescent_ma", "verdict"), [(0, "pass"), (32, "pass"), (32.1, "fail"), (500, "fail")])
def test_kit_takes_no_more_than_50_ma_from_a_standing_vehicle(quiescent_ma: float, verdict: str) -> None:
    plan = fed(circuit(), "modem", "B1", quiescent_ma=8)
    plan = changed(plan, {"loads.camera.quiescent_ma": quiescent_ma + 10})
    one = only(standing_drain, plan)
    assert (one.subject, one.verdict) == (MAIN, verdict)
    assert one.figures == {"kit_drain_ma": quiescent_ma + 18, "kit_drain_max_ma": 50}


def test_the_house_sets_how_much_kit_may_take() -> None:
    policy = WiringPolicy(kit_drain_max_ma=9.9)
    assert only(standing_drain, circuit(), policy).verdict == "fail"
    assert only(standing_drain, circuit(), WiringPolicy(kit_drain_max_ma=10)).verdict == "pass"


def test_the_vehicle_s_own_drain_is_not_the_kit_s() -> None:
    plan = changed(circuit(), {f"{MAIN}.standing_drain_ma": 400})
    assert only(standing_drain, plan).verdict == "pass"
    assert only(days_to_no_start, plan).verdict == "fail"


def test_kit_that_does_not_say_what_it_takes_is_not_judged_unless_the_rest_is_too_much() -> None:
    plan = fed(circuit(), "modem", "B1", quiescent_ma=None)
    needs = ["loads.modem.quiescent_ma"]
    assert [only(one, plan).needs for one in (standing_drain, days_to_no_start)] == [needs, needs]
    assert only(standing_drain, changed(plan, {"loads.camera.quiescent_ma": 51})).verdict == "fail"
    assert assess(plan).curves == []


def test_kit_on_terminal_15_need_not_say_what_it_takes_with_the_ignition_off() -> None:
    plan = changed(circuit(), {"sources.B1.terminal": "15", "loads.camera.quiescent_ma": None})
    assert only(standing_drain, plan).figures["kit_drain_ma"] == 0
    assert only(standing_drain, changed(plan, {"loads.camera.quiescent_ma": 60})).verdict == "fail"


@pytest.mark.parametrize(("stand_days", "verdict"), [(17, "pass"), (17.5, "pass"), (17.6, "fail")])
def test_days_to_no_start(stand_days: float, verdict: str) -> None:
    plan = changed(circuit(), {"loads.camera.quiescent_ma": 20, "vehicle.stand_days": stand_days})
    one = only(days_to_no_start, plan)
    assert (one.subject, one.verdict) == (MAIN, verdict)
    assert one.figures == {
        "capacity_ah": 70,
        "soh": 1,
        "soc_now": 0.9,
        "soc_min": 0.6,
        "vehicle_ma": 30,
        "kit_drain_ma": 20,
        "stand_days": stand_days,
        "days": pytest.approx(17.5, rel=1e-12),
    }


def test_the_house_sets_the_days_where_the_vehicle_does_not() -> None:
    assert only(days_to_no_start, circuit(), WiringPolicy(stand_days=21.875)).verdict == "pass"
    assert only(days_to_no_start, circuit(), WiringPolicy(stand_days=22)).verdict == "fail"
    own = changed(circuit(), {"vehicle.stand_days": 3})
    assert only(days_to_no_start, own, WiringPolicy(stand_days=22)).verdict == "pass"


def test_an_unknown_drain_of_the_vehicle_is_not_judged_unless_kit_alone_is_too_much() -> None:
    plan = changed(circuit(), {f"{MAIN}.standing_drain_ma": None})
    assert only(days_to_no_start, plan).needs == [f"{MAIN}.standing_drain_ma"]
    heavy = only(days_to_no_start, changed(plan, {"loads.camera.quiescent_ma": 400}))
    assert (heavy.verdict, "at most" in heavy.sentence) == ("fail", True)


def test_a_battery_that_is_down_already_starts_nothing() -> None:
    plan = changed(circuit(), {f"{MAIN}.soc_now": 0.5})
    assert only(days_to_no_start, plan).figures["days"] == 0
    still = changed(plan, {f"{MAIN}.standing_drain_ma": 0, "loads.camera.quiescent_ma": 0})
    assert only(days_to_no_start, still).verdict == "fail"


def test_a_battery_that_nothing_drains_stands_for_ever() -> None:
    plan = changed(circuit(), {f"{MAIN}.standing_drain_ma": 0, "loads.camera.quiescent_ma": 0})
    one = only(days_to_no_start, plan)
    assert (one.verdict, "days" in one.figures) == ("pass", False)
    assert assess(plan).curves == []


def test_two_batteries_are_judged_each_for_itself() -> None:
    plan = two_batteries()
    drains = {one.subject: one.figures["kit_drain_ma"] for one in found(standing_drain, plan)}
    assert drains == {MAIN: 10, "vehicle.batteries.second": 30}
    days = {one.subject: one.figures["days"] for one in found(days_to_no_start, plan)}
    assert days == {
        MAIN: pytest.approx(70 * 0.3 / 0.040 / 24),
        "vehicle.batteries.second": pytest.approx(100 * 0.3 / 0.035 / 24),
    }
    more = changed(plan, {"loads.fridge.quiescent_ma": 60})
    assert verdicts(standing_drain, more) == {MAIN: "pass", "vehicle.batteries.second": "fail"}


def test_a_battery_that_feeds_no_kit_is_not_told_of() -> None:
    plan = without(two_batteries(), *(f"conductors.fridge_{at}" for at in (1, 2, 3)), "loads.fridge")
    assert verdicts(days_to_no_start, plan) == {MAIN: "pass"}


def test_a_source_without_a_battery_has_the_only_one() -> None:
    assert verdicts(standing_drain, without(circuit(), "sources.B1.battery")) == {MAIN: "pass"}


def test_a_source_without_a_battery_among_several_is_not_judged() -> None:
    plan = without(two_batteries(), "sources.B2.battery")
    needs = ["sources.B2.battery"]
    assert [one.needs for one in found(standing_drain, plan)] == [needs, needs]
    assert [one.needs for one in found(days_to_no_start, plan)] == [needs, needs]


def test_where_no_battery_is_named_all_kit_is_judged_together() -> None:
    plan = fed(circuit(vehicle=None), "modem", "B1", quiescent_ma=41)
    one = only(standing_drain, plan)
    assert (one.subject, one.verdict, one.figures["kit_drain_ma"]) == ("loads", "fail", 51)
    assert found(days_to_no_start, plan) == []


def test_a_plan_without_loads_is_not_judged_by_drain() -> None:
    plan = without(circuit(), "loads.camera", "conductors.W2", "conductors.W3")
    assert found(standing_drain, plan) + found(days_to_no_start, plan) == []


def only_curve(plan: Plan) -> DrainCurve:
    [curve] = assess(plan).curves
    return curve


def test_the_curve_goes_from_now_to_a_little_below_the_least() -> None:
    curve = only_curve(changed(circuit(), {"loads.camera.quiescent_ma": 20}))
    assert (curve.battery, curve.soc_min) == ("main", 0.6)
    assert curve.days == pytest.approx(17.5, rel=1e-12)
    assert curve.days_without_kit == pytest.approx(70 * 0.3 / 0.030 / 24, rel=1e-12)
    for points, drain_ma in ((curve.with_kit, 50), (curve.without_kit, 30)):
        assert len(points) == 41
        assert (points[0].days, points[0].soc) == (0, 0.9)
        assert points[-1].soc == pytest.approx(0.55)
        for point in points:
            assert point.soc == pytest.approx(0.9 - drain_ma / 1000 * 24 * point.days / 70)
        assert [point.days for point in points] == sorted(point.days for point in points)


def test_the_curve_of_a_vehicle_that_draws_nothing_itself_is_flat_without_kit() -> None:
    curve = only_curve(changed(circuit(), {f"{MAIN}.standing_drain_ma": 0}))
    assert curve.days_without_kit is None
    assert {point.soc for point in curve.without_kit} == {0.9}
    assert curve.without_kit[-1].days == curve.with_kit[-1].days


def test_the_curve_never_goes_below_empty() -> None:
    curve = only_curve(changed(circuit(), {f"{MAIN}.soc_min": 0.0}))
    assert min(point.soc for point in curve.with_kit) == pytest.approx(0.0, abs=1e-12)
    assert all(point.soc >= 0 for point in curve.with_kit)
