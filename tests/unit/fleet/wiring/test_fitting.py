"""What was measured on a harness, held against what its plan predicts: figures, limits with their boundary, what can
not be judged."""

from typing import Any

import pytest

from fleet.wiring.rules.fitting import compare_measured, expected, unknown_subjects
from protocols.wiring.fitted import Compared, Measured, MeasuredQuantity
from protocols.wiring.parts import Bus, LoadTerminal, Source
from protocols.wiring.plan import Alternator, Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, kit, wire, without

ALTERNATOR = Alternator(kind="conventional", charge_min_v=13.8, charge_max_v=14.4)
SENSING = {
    "+": LoadTerminal(role="supply"),
    "-": LoadTerminal(role="return"),
    "15": LoadTerminal(role="ignition-sense"),
}
DROP_V = 1.0 * 0.00798 * (0.2 + 1.0 + 1.0)
"""1 A through 2.2 m of 2.5 mm²."""


def whole() -> Plan:
    """A circuit with an alternator, an ignition-sense wire, and a bus."""
    return changed(
        circuit(loads={"camera": kit(terminals=SENSING)}),
        {
            "vehicle.alternator": ALTERNATOR,
            "sources.K15": Source(terminal="15", battery="main"),
            "fuses.F2": {"rating_a": 1},
            "conductors.W4": wire("K15", "F2.in"),
            "conductors.W5": wire("F2.out", "camera.15"),
            "buses.powertrain": Bus(length_m=5, termination_ohm=[120, 120]),
        },
    )


def told(quantity: MeasuredQuantity, subject: str, value: float, **more: Any) -> Measured:
    return Measured(quantity=quantity, subject=subject, value=value, **more)


def compared(plan: Plan, *measured: Measured, policy: WiringPolicy | None = None) -> Compared:
    """The last of what was measured."""
    return compare_measured(plan, policy or WiringPolicy(), measured)[-1]


def verdict(plan: Plan, *measured: Measured) -> str:
    return compared(plan, *measured).verdict


def test_what_can_be_measured_is_in_the_plan() -> None:
    assert expected(whole()) == [
        ("battery-v", "main"),
        ("voltage-at-load-v", "camera"),
        ("kit-drain-ma", "main"),
        ("sense-off-v", "camera"),
        ("sense-on-v", "camera"),
        ("termination-ohm", "powertrain"),
    ]
    assert expected(circuit(vehicle=None)) == [("voltage-at-load-v", "camera")]


def test_the_voltage_at_a_load_is_the_batterys_less_the_drop_at_running_current() -> None:
    battery = told("battery-v", "main", 12.6)
    one = compared(whole(), battery, told("voltage-at-load-v", "camera", 12.58))
    assert one.verdict == "pass"
    assert [one.predicted, one.low, one.high] == pytest.approx([12.582444, 12.6 - DROP_V - 0.2, 12.8], abs=5e-7)
    assert "predicted 12.6 V − 0.01756 V drop at 20 °C = 12.58 V" in one.sentence
    for value, wanted in (
        (12.6 - DROP_V - 0.2, "pass"),
        (12.6 - DROP_V - 0.2001, "fail"),
        (12.8, "pass"),
        (12.8001, "fail"),
    ):
        assert verdict(whole(), battery, told("voltage-at-load-v", "camera", value)) == wanted, value


def test_a_thinner_conductor_lets_less_be_predicted() -> None:
    measured = (told("battery-v", "main", 12.6), told("voltage-at-load-v", "camera", 12.5))
    thick, thin = (compared(changed(whole(), {"conductors.W2.csa_mm2": csa}), *measured) for csa in (2.5, 0.5))
    assert thick.predicted is not None
    assert thin.predicted is not None
    assert thin.predicted < thick.predicted


@pytest.mark.parametrize(
    ("plan", "needs"),
    [
        (
            changed(without(whole(), "sources.B1.battery"), {"vehicle.batteries.second": {"capacity_ah": 70}}),
            "sources.B1.battery",
        ),
        (without(whole(), "conductors.W2.length_m"), "conductors.W2.length_m"),
        (without(whole(), "loads.camera.running_a"), "loads.camera.running_a"),
        (without(whole(), "conductors.W3"), "no whole way"),
        (without(whole(), "loads.camera", "conductors.W2", "conductors.W3", "conductors.W5"), "no load"),
    ],
)
def test_a_voltage_that_nothing_predicts_is_not_judged(plan: Plan, needs: str) -> None:
    one = compared(plan, told("battery-v", "main", 12.6), told("voltage-at-load-v", "camera", 12.5))
    assert (one.verdict, one.predicted, one.low, one.high) == ("unjudged", None, None, None)
    assert needs in one.sentence


def test_the_only_battery_there_is_feeds_a_source_that_names_none() -> None:
    told_of = (told("battery-v", "main", 12.6), told("voltage-at-load-v", "camera", 12.5))
    unnamed = without(whole(), "sources.B1.battery")
    assert compared(unnamed, *told_of) == compared(whole(), *told_of)
    assert ("kit-drain-ma", "main") in expected(unnamed)


def test_without_the_batterys_voltage_none_at_a_load_is_judged() -> None:
    one = compared(whole(), told("voltage-at-load-v", "camera", 12.5))
    assert (one.verdict, "measure battery-v of main" in one.sentence) == ("unjudged", True)
    assert verdict(whole(), told("sense-on-v", "camera", 12.5)) == "unjudged"


@pytest.mark.parametrize(
    ("value", "wanted"), [(9.5, "pass"), (9.49, "fail"), (12.6, "pass"), (14.4, "pass"), (14.41, "fail")]
)
def test_a_batterys_voltage_is_between_cranking_and_charging(value: float, wanted: str) -> None:
    assert verdict(whole(), told("battery-v", "main", value)) == wanted


def test_a_battery_of_which_little_is_known_fails_only_what_is_known() -> None:
    without_alternator = circuit()
    assert verdict(without_alternator, told("battery-v", "main", 9.0)) == "fail"
    one = compared(without_alternator, told("battery-v", "main", 12.0))
    assert (one.verdict, "say vehicle.alternator" in one.sentence) == ("unjudged", True)
    assert verdict(circuit(vehicle=None), told("battery-v", "main", 12.0)) == "unjudged"


@pytest.mark.parametrize(("value", "wanted"), [(-0.1, "fail"), (0.0, "pass"), (12.0, "pass"), (12.01, "fail")])
def test_the_kits_drain_is_at_most_what_its_loads_draw_asleep_and_a_tolerance(value: float, wanted: str) -> None:
    one = compared(whole(), told("kit-drain-ma", "main", value))
    assert one.verdict == wanted
    assert [one.predicted, one.low, one.high] == pytest.approx([10.0, 0.0, 12.0])
    assert "predicted 10 = 10 mA; at most 20 % more, and at most 50 mA in all" in one.sentence


def test_the_policys_drain_binds_where_it_is_smaller_and_is_included() -> None:
    plan = changed(whole(), {"loads.camera.quiescent_ma": 45})
    assert compared(plan, told("kit-drain-ma", "main", 50)).high == 50
    assert verdict(plan, told("kit-drain-ma", "main", 50)) == "pass"
    assert verdict(plan, told("kit-drain-ma", "main", 50.1)) == "fail"


def test_a_drain_that_is_too_small_to_be_true_is_told() -> None:
    assert (
        "implausible: see that every load is connected" in compared(whole(), told("kit-drain-ma", "main", 7.9)).sentence
    )
    assert "implausible" not in compared(whole(), told("kit-drain-ma", "main", 8)).sentence


def test_a_drain_is_not_judged_where_a_load_does_not_say_what_it_draws() -> None:
    one = compared(without(whole(), "loads.camera.quiescent_ma"), told("kit-drain-ma", "main", 5))
    assert (one.verdict, "loads.camera.quiescent_ma" in one.sentence) == ("unjudged", True)
    two = changed(whole(), {"vehicle.batteries.second": {"capacity_ah": 12}})
    assert verdict(two, told("kit-drain-ma", "second", 5)) == "unjudged"


@pytest.mark.parametrize(("value", "wanted"), [(-0.01, "pass"), (0.0, "pass"), (1.0, "pass"), (1.01, "fail")])
def test_an_ignition_sense_wire_is_low_with_the_ignition_off(value: float, wanted: str) -> None:
    assert verdict(whole(), told("sense-off-v", "camera", value)) == wanted


@pytest.mark.parametrize(("value", "wanted"), [(11.6, "pass"), (11.59, "fail"), (12.6, "pass")])
def test_an_ignition_sense_wire_is_within_a_volt_of_the_battery_with_the_ignition_on(value: float, wanted: str) -> None:
    assert verdict(whole(), told("battery-v", "main", 12.6), told("sense-on-v", "camera", value)) == wanted


def test_a_load_without_ignition_sense_has_none_to_be_judged() -> None:
    for measured in (told("sense-off-v", "camera", 0), told("sense-on-v", "camera", 0)):
        assert verdict(circuit(), told("battery-v", "main", 12.6), measured) == "unjudged"
    assert verdict(without(whole(), "conductors.W4"), told("sense-on-v", "camera", 12)) == "unjudged"


@pytest.mark.parametrize(
    ("value", "wanted"), [(57.0, "pass"), (56.99, "fail"), (60, "pass"), (63.0, "pass"), (63.01, "fail"), (120, "fail")]
)
def test_a_bus_measures_what_its_ends_are_in_parallel(value: float, wanted: str) -> None:
    one = compared(whole(), told("termination-ohm", "powertrain", value))
    assert one.verdict == wanted
    assert [one.predicted, one.low, one.high] == pytest.approx([60.0, 57.0, 63.0])
    assert "predicted 120 Ω and 120 Ω in parallel = 60 Ω, ± 5 %" in one.sentence


def test_a_bus_that_says_nothing_of_its_ends_is_not_judged() -> None:
    plan = without(whole(), "buses.powertrain.termination_ohm")
    assert verdict(plan, told("termination-ohm", "powertrain", 60)) == "unjudged"
    assert verdict(circuit(), told("termination-ohm", "powertrain", 60)) == "unjudged"


def test_the_policy_says_how_far_off_a_value_may_be() -> None:
    policy = WiringPolicy(fitted_voltage_tolerance_v=0.5, sense_off_max_v=2.0)
    battery = told("battery-v", "main", 12.6)
    assert compared(whole(), battery, told("voltage-at-load-v", "camera", 12.1), policy=policy).verdict == "pass"
    assert compared(whole(), told("sense-off-v", "camera", 2.0), policy=policy).verdict == "pass"


def test_every_value_is_compared_in_its_order_and_keeps_who_measured_it() -> None:
    measured = [told("sense-off-v", "camera", 0.1), told("battery-v", "main", 12.6, by_unit=True)]
    found = compare_measured(whole(), WiringPolicy(), measured)
    assert [(one.quantity, one.value, one.by_unit) for one in found] == [
        ("sense-off-v", 0.1, False),
        ("battery-v", 12.6, True),
    ]


def test_what_the_plan_does_not_have_is_named() -> None:
    measured = [told("battery-v", "mian", 12), told("battery-v", "main", 12), told("termination-ohm", "comfort", 60)]
    assert [one.subject for one in unknown_subjects(whole(), measured)] == ["mian", "comfort"]
