"""Fuses against cables, loads, holders, distance."""

import pytest

from fleet.wiring.rules.fuse_rules import downstream_conductor, fuse_protects_cable
from tests.support.wiring_plans import changed, circuit, only, verdicts, wire, without


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
