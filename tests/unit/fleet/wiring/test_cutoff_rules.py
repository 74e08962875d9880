"""Low-voltage cut-off: hysteresis, charging, the load's own window, the start."""

from typing import Any

import pytest

from fleet.wiring.rules.cutoff_rules import cut_off
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, only

SUBJECT = "loads.camera.cutoff"


def cutting(**changes: Any) -> Plan:
    """Off below 11.5 V for 10 s, on above 12.5 V; no drop; a start of 2 s to 9.5 V; `changes` with `__` for dots."""
    plan = changed(
        circuit(),
        {
            "vehicle.alternator": {"kind": "smart", "charge_min_v": 12.8, "charge_max_v": 14.8},
            "conductors.W1.length_m": 0.0,
            "conductors.W2.length_m": 0.0,
            "conductors.W3.length_m": 0.0,
            SUBJECT: {"off_v": 11.5, "on_v": 12.5, "delay_s": 10.0},
        },
    )
    return changed(plan, {path.replace("__", "."): value for path, value in changes.items()})


def test_a_cut_off_that_holds() -> None:
    one = only(cut_off, cutting())
    assert (one.subject, one.verdict) == (SUBJECT, "pass")
    assert one.figures == {
        "off_v": 11.5,
        "on_v": 12.5,
        "delay_s": 10,
        "drop_v": 0,
        "hysteresis_min_v": 0.5,
        "charge_min_v": 12.8,
        "min_v": 9,
        "crank_s": 2,
    }


@pytest.mark.parametrize(("on_v", "verdict"), [(12.0, "pass"), (11.99, "fail"), (12.8, "pass"), (12.81, "fail")])
def test_it_comes_on_above_the_hysteresis_and_below_what_the_alternator_gives(on_v: float, verdict: str) -> None:
    assert only(cut_off, cutting(loads__camera__cutoff__on_v=on_v)).verdict == verdict


def test_the_house_sets_the_hysteresis() -> None:
    assert only(cut_off, cutting(), WiringPolicy(cutoff_hysteresis_min_v=1.0)).verdict == "pass"
    assert only(cut_off, cutting(), WiringPolicy(cutoff_hysteresis_min_v=1.1)).verdict == "fail"


@pytest.mark.parametrize(("off_v", "verdict"), [(12.79, "pass"), (12.8, "fail")])
def test_it_does_not_go_off_while_the_alternator_charges(off_v: float, verdict: str) -> None:
    plan = cutting(loads__camera__cutoff__off_v=off_v, loads__camera__cutoff__on_v=12.8)
    assert only(cut_off, plan, WiringPolicy(cutoff_hysteresis_min_v=0)).verdict == verdict


@pytest.mark.parametrize(("min_v", "verdict"), [(11.5, "pass"), (11.51, "fail"), (None, "unjudged")])
def test_it_goes_off_before_the_load_stops_by_itself(min_v: float | None, verdict: str) -> None:
    one = only(cut_off, cutting(loads__camera__min_v=min_v))
    assert one.verdict == verdict
    assert one.needs == ([] if min_v else ["loads.camera.min_v"])


@pytest.mark.parametrize(
    ("delay_s", "crank_min_v", "rides", "verdict"),
    [
        (2.0, 9.5, True, "pass"),
        (1.9, 9.5, True, "fail"),
        (0.0, 11.5, True, "pass"),
        (0.0, 11.49, True, "fail"),
        (0.0, 9.5, False, "pass"),
        (0.0, None, True, "unjudged"),
        (2.0, None, True, "pass"),
    ],
)
def test_it_outlasts_the_dip_of_a_start(delay_s: float, crank_min_v: float | None, rides: bool, verdict: str) -> None:
    plan = cutting(
        loads__camera__cutoff__delay_s=delay_s,
        loads__camera__rides_cranking=rides,
        vehicle__batteries__main__crank_min_v=crank_min_v,
    )
    one = only(cut_off, plan)
    assert one.verdict == verdict
    assert one.needs == (["vehicle.batteries.main.crank_min_v"] if verdict == "unjudged" else [])


def test_a_start_of_unknown_length_is_needed_where_it_dips_too_low() -> None:
    assert only(cut_off, cutting(vehicle__crank_s=None)).needs == ["vehicle.crank_s"]
    shallow = cutting(vehicle__crank_s=None, vehicle__batteries__main__crank_min_v=11.6)
    assert only(cut_off, shallow).verdict == "pass"


def test_an_unknown_alternator_is_needed() -> None:
    assert only(cut_off, cutting(vehicle__alternator=None)).needs == ["vehicle.alternator"]
    assert only(cut_off, changed(cutting(), {"vehicle": None})).needs == ["vehicle"]


def test_one_that_is_wrong_is_wrong_whatever_is_unknown() -> None:
    one = only(cut_off, cutting(vehicle__alternator=None, loads__camera__cutoff__on_v=11.6))
    assert one.verdict == "fail"


def test_the_drop_narrows_both_sides() -> None:
    """2 A through 2.5 mm² of IEC 60228 at 60 °C lose 0.3694 V on 20 m."""
    far = {"conductors__W2__length_m": 10.0, "conductors__W3__length_m": 10.0}
    drop_v = 2 * 20 * 0.00798 * (1 + 0.00393 * 40)
    one = only(cut_off, cutting(**far))
    assert one.verdict == "pass"
    assert one.figures["drop_v"] == pytest.approx(drop_v, rel=1e-12)
    assert only(cut_off, cutting(**far, loads__camera__min_v=11.5 - drop_v)).verdict == "pass"
    assert only(cut_off, cutting(**far, loads__camera__min_v=11.2)).verdict == "fail"
    near = {"loads__camera__cutoff__off_v": 12.45, "loads__camera__cutoff__on_v": 12.8}
    policy = WiringPolicy(cutoff_hysteresis_min_v=0)
    assert only(cut_off, cutting(**near), policy).verdict == "pass"
    assert only(cut_off, cutting(**near, **far), policy).verdict == "fail"


def test_an_unknown_drop_is_needed_only_where_the_rest_holds() -> None:
    unknown = {"conductors__W2__length_m": None}
    assert only(cut_off, cutting(**unknown)).needs == ["conductors.W2.length_m"]
    assert only(cut_off, cutting(**unknown, loads__camera__min_v=12.0)).verdict == "fail"


def test_a_load_that_is_open_is_judged_without_a_drop() -> None:
    assert only(cut_off, cutting(conductors__W3__to="F1.out")).figures["drop_v"] == 0


def test_a_load_without_a_cut_off_is_not_told_of() -> None:
    assert found(cut_off, circuit()) == []
