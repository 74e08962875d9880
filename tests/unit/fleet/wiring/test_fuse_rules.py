"""Fuses against cables, loads, holders, distance."""

import pytest

from fleet.wiring.rules.fuse_rules import (
    downstream_conductor,
    fuse_carries_load,
    fuse_distance,
    fuse_holder,
    fuse_protects_cable,
    fuse_standard,
)
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without


@pytest.mark.parametrize(("rating_a", "verdict"), [(10, "pass"), (11.55, "pass"), (11.56, "fail"), (15, "fail")])
def test_a_fuse_protects_the_cable_on_its_outlet(rating_a: float, verdict: str) -> None:
    plan = changed(circuit(), {"fuses.F1.rating_a": rating_a, "conductors.W2.csa_mm2": 1.0})
    one = only(fuse_protects_cable, plan)
    assert (one.subject, one.verdict) == ("conductors.W2", verdict)
    assert one.figures == {
        "rating_a": rating_a,
        "derating": 0.7,
        "ampacity_a": 16.5,
        "limit_a": pytest.approx(11.55, rel=1e-12),
    }


@pytest.mark.parametrize("csa_mm2", [None, 1.25])
def test_a_cable_whose_ampacity_nobody_knows_is_not_judged(csa_mm2: float | None) -> None:
    one = only(fuse_protects_cable, changed(circuit(), {"conductors.W2.csa_mm2": csa_mm2}))
    assert (one.verdict, one.needs) == ("unjudged", ["conductors.W2.csa_mm2"])


def test_a_remembered_ampacity_is_told() -> None:
    assert not only(fuse_protects_cable, circuit()).unverified
    [told] = only(fuse_protects_cable, changed(circuit(), {"conductors.W2.csa_mm2": 16})).unverified
    assert told.startswith("ampacity of 16 mm² thin-wall")


@pytest.mark.parametrize(("rating_a", "verdict"), [(7.5, "pass"), (7.7, "pass"), (7.71, "fail"), (15, "fail")])
def test_a_fuse_protects_what_is_farther_out(rating_a: float, verdict: str) -> None:
    plan = changed(
        circuit(),
        {
            "fuses.F1.rating_a": rating_a,
            "splices.S1": {},
            "conductors.W2.to": "S1",
            "conductors.W4": wire("S1", "camera.+", 0.5),
        },
    )
    assert verdicts(downstream_conductor, plan) == {"conductors.W4": verdict}
    assert verdicts(fuse_protects_cable, plan)["conductors.W2"] == "pass"


def test_what_is_behind_the_next_fuse_is_that_fuse_s_own() -> None:
    plan = changed(
        circuit(),
        {
            "fuses.F1.rating_a": 15,
            "fuses.F2": {"rating_a": 3},
            "conductors.W2.to": "F2.in",
            "conductors.W4": wire("F2.out", "camera.+", 0.5),
        },
    )
    assert verdicts(fuse_protects_cable, plan) == {"conductors.W2": "pass", "conductors.W4": "pass"}
    assert verdicts(downstream_conductor, plan) == {}


def test_a_conductor_may_be_written_either_way() -> None:
    turned = changed(circuit(), {"conductors.W2": wire("camera.+", "F1.out", 0.5), "fuses.F1.rating_a": 10})
    assert verdicts(fuse_protects_cable, turned) == {"conductors.W2": "fail"}


def test_no_fuse_no_word() -> None:
    plan = changed(without(circuit(), "fuses.F1", "conductors.W2"), {"conductors.W1.to": "camera.+"})
    assert verdicts(fuse_protects_cable, plan) == {}


@pytest.mark.parametrize(("load_a", "verdict"), [(3.74, "pass"), (3.75, "pass"), (3.76, "fail"), (0, "pass")])
def test_a_fuse_carries_its_load_for_hours(load_a: float, verdict: str) -> None:
    plan = changed(circuit(), {"loads.camera.running_a": load_a, "loads.camera.peak_a": load_a})
    one = only(fuse_carries_load, plan)
    assert (one.subject, one.verdict) == ("fuses.F1", verdict)
    assert one.figures["needed_a"] == pytest.approx(load_a / 0.75, rel=1e-12)
    if verdict == "fail":
        assert "fit a fuse of 7.5 A where" in one.remedy


@pytest.mark.parametrize(("peak_a", "verdict"), [(4.99, "pass"), (5.0, "pass"), (5.01, "fail"), (None, "pass")])
def test_a_fuse_carries_its_peak(peak_a: float | None, verdict: str) -> None:
    one = only(fuse_carries_load, changed(circuit(), {"loads.camera.running_a": 1.0, "loads.camera.peak_a": peak_a}))
    assert (one.verdict, one.figures.get("peak_a")) == (verdict, peak_a)
    if verdict == "fail":
        assert "5.01 A at the peak" in one.sentence


def test_a_fuse_carries_all_loads_behind_it() -> None:
    plan = changed(
        circuit(),
        {
            "splices.S1": {},
            "conductors.W2.to": "S1",
            "conductors.W4": wire("S1", "camera.+"),
            "loads.modem": kit(running_a=3.0),
            "conductors.W5": wire("S1", "modem.+"),
        },
    )
    one = only(fuse_carries_load, plan)
    assert (one.verdict, one.figures["load_a"]) == ("fail", 4.0)


def test_a_load_too_large_for_any_blade_fuse_is_told_what_it_needs() -> None:
    one = only(fuse_carries_load, changed(circuit(), {"loads.camera.running_a": 45}))
    assert "a fuse of at least 60 A" in one.remedy


def test_a_fuse_is_not_judged_by_a_load_that_nobody_knows_and_not_without_a_load() -> None:
    plan = changed(circuit(), {"loads.camera.running_a": None, "fuses.F2": {"rating_a": 5}})
    one = only(fuse_carries_load, plan)
    assert (one.subject, one.verdict, one.needs) == ("fuses.F1", "unjudged", ["loads.camera.running_a"])


@pytest.mark.parametrize(("holder_max_a", "verdict"), [(20, "pass"), (5, "pass"), (4.99, "fail")])
def test_a_holder_is_made_for_its_fuse(holder_max_a: float, verdict: str) -> None:
    one = only(fuse_holder, changed(circuit(), {"fuses.F1.holder_max_a": holder_max_a}))
    assert (one.subject, one.verdict) == ("fuses.F1", verdict)
    assert one.figures == {"rating_a": 5, "holder_max_a": holder_max_a}


def test_a_holder_that_says_nothing_is_not_judged() -> None:
    assert found(fuse_holder, changed(circuit(), {"fuses.F1.holder_max_a": None})) == []


@pytest.mark.parametrize(
    ("rating_a", "verdict", "near"),
    [
        (7.5, "pass", ""),
        (40, "pass", ""),
        (1, "pass", ""),
        (6, "fail", "5 A or 7.5 A"),
        (0.5, "fail", "1 A"),
        (50, "fail", "40 A"),
    ],
)
def test_a_blade_fuse_has_one_of_the_ratings_there_are(rating_a: float, verdict: str, near: str) -> None:
    one = only(fuse_standard, changed(circuit(), {"fuses.F1.rating_a": rating_a}))
    assert (one.subject, one.verdict) == ("fuses.F1", verdict)
    assert one.remedy == (f"fit one of {near}, or say kind: other" if near else "")


def test_another_kind_of_fuse_has_any_rating() -> None:
    assert found(fuse_standard, changed(circuit(), {"fuses.F1": {"rating_a": 6, "kind": "other"}})) == []


@pytest.mark.parametrize(("length_m", "verdict"), [(0.2, "pass"), (0.3, "pass"), (0.301, "fail")])
def test_a_fuse_is_close_to_its_source(length_m: float, verdict: str) -> None:
    one = only(fuse_distance, changed(circuit(), {"conductors.W1.length_m": length_m}))
    assert (one.subject, one.verdict) == ("fuses.F1", verdict)
    assert one.figures == {"length_mm": pytest.approx(length_m * 1000), "fuse_distance_max_mm": 300}


def test_every_conductor_before_the_first_fuse_counts_and_none_before_the_next() -> None:
    plan = changed(
        circuit(),
        {
            "splices.S1": {},
            "conductors.W1.to": "S1",
            "conductors.W4": wire("F1.out", "S1", length_m=0.1),
            "conductors.W2": wire("F1.in", "F2.in", length_m=5),
            "fuses.F2": {"rating_a": 3},
            "conductors.W5": wire("F2.out", "camera.+"),
        },
    )
    one = only(fuse_distance, plan)
    assert (one.subject, one.verdict) == ("fuses.F1", "pass")
    assert one.figures["length_mm"] == pytest.approx(300)


def test_a_distance_that_nobody_knows_is_not_judged_and_one_from_no_source_is_none() -> None:
    one = only(fuse_distance, changed(circuit(), {"conductors.W1.length_m": None}))
    assert (one.verdict, one.needs) == ("unjudged", ["conductors.W1.length_m"])
    assert found(fuse_distance, without(circuit(), "conductors.W1")) == []


def test_the_house_says_how_close_a_fuse_has_to_be() -> None:
    assert only(fuse_distance, circuit(), WiringPolicy(fuse_distance_max_mm=150)).verdict == "fail"
