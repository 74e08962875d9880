"""Whether a dead short blows the fuse."""

import pytest

from fleet.wiring.rules.short_rules import short_blows_fuse
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, only, wire, without


def long(out_m: float, rating_a: float, return_m: float = 0.0) -> Plan:
    """A circuit of 1 mm², 19.5 mΩ a metre, whose fuse sits at its source."""
    return changed(
        circuit(),
        {
            "conductors.W1": wire("B1", "F1.in", 1.0, 0.0),
            "conductors.W2": wire("F1.out", "camera.+", 1.0, out_m),
            "conductors.W3": wire("camera.-", "G1", 1.0, return_m),
            "fuses.F1.rating_a": rating_a,
        },
    )


def test_a_short_at_the_load_goes_out_and_back() -> None:
    one = only(short_blows_fuse, long(5, 10, return_m=5))
    assert (one.subject, one.verdict) == ("fuses.F1", "pass")
    assert one.figures == {
        "system_v": 12,
        "source_resistance_ohm": 0.010,
        "loop_ohm": pytest.approx(0.195, rel=1e-12),
        "short_factor": 3,
        "rating_a": 10,
        "needed_a": 30,
        "short_a": pytest.approx(12 / 0.205, rel=1e-12),
    }
    assert one.sentence == "a short at camera.+ of 58.54 A blows F1 of 10 A in time"


@pytest.mark.parametrize(("rating_a", "verdict"), [(19.5, "pass"), (20, "pass"), (20.01, "fail"), (30, "fail")])
def test_three_times_the_fuse_is_enough(rating_a: float, verdict: str) -> None:
    """12 V over 10 mΩ and 190 mΩ are 60 A."""
    plan = long(0.19 / 0.0195, rating_a)
    one = only(short_blows_fuse, plan)
    assert one.verdict == verdict
    assert one.figures["short_a"] == pytest.approx(60, rel=1e-9)
    if verdict == "fail":
        assert one.remedy == "fit a fuse of at most 20 A, or larger or shorter conductors"


def test_the_load_farthest_away_decides() -> None:
    plan = changed(
        long(1, 5),
        {"loads.far": {}, "conductors.W4": wire("camera.+", "far.+", 1.0, 9.0), "conductors.W5": wire("far.-", "G1")},
    )
    one = only(short_blows_fuse, plan)
    assert "far.+" in one.sentence
    assert one.figures["loop_ohm"] == pytest.approx(0.0195 * 10 + 0.00798)


def test_a_sense_wire_is_protected_too() -> None:
    plan = changed(
        circuit(),
        {
            "loads.camera.terminals.key": {"role": "ignition-sense"},
            "conductors.W4": wire("F1.out", "camera.key", 0.5, 9),
        },
    )
    one = only(short_blows_fuse, plan)
    assert "camera.key" in one.sentence
    assert one.figures["loop_ohm"] == pytest.approx(0.039 * 9 + 0.00798 * (1 + 0.2))


def test_a_main_fuse_protects_as_far_as_the_next_fuse() -> None:
    plan = changed(
        long(4, 40),
        {"conductors.W2.to": "F2.in", "fuses.F2": {"rating_a": 3}, "conductors.W4": wire("F2.out", "camera.+", 0.5, 9)},
    )
    main, inner = found(short_blows_fuse, plan)
    assert (main.subject, main.verdict) == ("fuses.F1", "pass")
    assert main.figures["loop_ohm"] == pytest.approx(0.078)
    assert (inner.subject, inner.verdict) == ("fuses.F2", "pass")
    assert inner.figures["loop_ohm"] == pytest.approx(0.078 + 0.351)


def test_it_is_not_judged_where_a_length_or_the_vehicle_is_not_known() -> None:
    for plan, needs in (
        (changed(circuit(), {"conductors.W3.length_m": None}), ["conductors.W3.length_m"]),
        (circuit(vehicle=None), ["vehicle"]),
        (
            changed(circuit(vehicle=None), {"conductors.W2.csa_mm2": None}),
            ["vehicle", "conductors.W2.csa_mm2"],
        ),
    ):
        one = only(short_blows_fuse, plan)
        assert (one.verdict, one.needs) == ("unjudged", needs)


def test_what_fails_already_fails_whatever_the_rest_is() -> None:
    plan = changed(long(30, 10), {"loads.near": {}, "conductors.W4": wire("F1.out", "near.+", length_m=None)})
    assert only(short_blows_fuse, plan).verdict == "fail"


def test_a_fuse_that_protects_nothing_is_not_judged() -> None:
    assert found(short_blows_fuse, without(circuit(), "conductors.W1")) == []
    assert found(short_blows_fuse, without(circuit(vehicle=None), "conductors.W2")) == []


def test_nothing_holds_back_a_short_where_there_is_no_resistance() -> None:
    one = only(short_blows_fuse, long(0, 30), WiringPolicy(source_resistance_ohm=0))
    assert one.verdict == "pass"
    assert "short_a" not in one.figures


def test_a_remembered_resistance_is_told() -> None:
    [told] = only(short_blows_fuse, changed(circuit(), {"conductors.W2.resistance": "iso-6722"})).unverified
    assert "ISO 6722" in told
