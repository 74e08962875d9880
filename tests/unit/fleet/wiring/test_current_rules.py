"""What conductors and splices carry: returns, feeds before a fuse, totals."""

import pytest

from fleet.wiring.rules.current_rules import branches_a, conductor_load, let_through_a, return_conductor, splice_total
from fleet.wiring.rules.network import Network
from protocols.wiring.parts import Splice
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without


def shared(**amps: float) -> Plan:
    """Loads on one fuse of 10 A, fed from splice `S1` by `feed-NAME`, returned to splice `R1` by `back-NAME`."""
    changes: dict[str, object] = {
        "fuses.F1.rating_a": 10,
        "splices": {"S1": Splice(), "R1": Splice()},
        "conductors.W2.to": "S1",
        "conductors.W3.from": "R1",
    }
    for name, running_a in amps.items():
        changes |= {
            f"loads.{name}": kit(running_a=running_a),
            f"conductors.feed-{name}": wire("S1", f"{name}.+"),
            f"conductors.back-{name}": wire(f"{name}.-", "R1"),
        }
    return changed(without(circuit(), "loads.camera"), changes)


@pytest.mark.parametrize(("rating_a", "verdict"), [(7.5, "pass"), (7.7, "pass"), (7.71, "fail"), (15, "fail")])
def test_a_return_carries_what_the_fuse_lets_pass(rating_a: float, verdict: str) -> None:
    one = only(return_conductor, changed(circuit(), {"fuses.F1.rating_a": rating_a, "conductors.W3.csa_mm2": 0.5}))
    assert (one.subject, one.verdict) == ("conductors.W3", verdict)
    assert one.figures == {
        "rating_a": rating_a,
        "derating": 0.7,
        "ampacity_a": 11,
        "limit_a": pytest.approx(7.7, rel=1e-12),
    }


@pytest.mark.parametrize("csa_mm2", [None, 1.25])
def test_a_return_whose_ampacity_nobody_knows_is_not_judged(csa_mm2: float | None) -> None:
    one = only(return_conductor, changed(circuit(), {"conductors.W3.csa_mm2": csa_mm2}))
    assert (one.verdict, one.needs) == ("unjudged", ["conductors.W3.csa_mm2"])


def test_a_shared_return_is_told_of_once_however_many_return_by_it() -> None:
    plan = changed(shared(camera=1, modem=1, siren=1), {"conductors.W3.csa_mm2": 0.5})
    assert verdicts(return_conductor, plan) == {
        "conductors.W3": "fail",
        "conductors.back-camera": "pass",
        "conductors.back-modem": "pass",
        "conductors.back-siren": "pass",
    }


@pytest.mark.parametrize(("main_a", "verdict", "rating_a"), [(15, "pass", 15), (30, "fail", 25)])
def test_a_shared_return_carries_what_two_fuses_let_pass_together(main_a: float, verdict: str, rating_a: float) -> None:
    """2.5 mm² may carry 20.3 A: two fuses of 10 and 15 A are too much, unless the one before both lets less pass."""
    plan = changed(
        shared(camera=1, modem=1),
        {
            "fuses.F1.rating_a": main_a,
            "fuses.F2": {"rating_a": 10},
            "fuses.F3": {"rating_a": 15},
            "conductors.feed-camera.from": "F2.out",
            "conductors.feed-modem.from": "F3.out",
            "conductors.W4": wire("S1", "F2.in"),
            "conductors.W5": wire("S1", "F3.in"),
        },
    )
    [one] = [one for one in found(return_conductor, plan) if one.subject == "conductors.W3"]
    assert (one.verdict, one.figures["rating_a"]) == (verdict, rating_a)
    assert "F2 and F3" in one.sentence


def test_what_is_let_through_is_capped_by_the_fuse_before_unless_something_hangs_between() -> None:
    fuses = {name: {"rating_a": amps} for name, amps in (("A", 20), ("B", 15), ("C", 10), ("D", 5))}
    network = Network(changed(circuit(), {"fuses": fuses}))
    assert let_through_a(network, []) == 0
    assert let_through_a(network, [["B"]]) == 15
    assert let_through_a(network, [["B"], ["B"], ["C"]]) == 25
    assert let_through_a(network, [["A", "B"], ["A", "C"]]) == 20
    assert let_through_a(network, [["A", "C"], ["A", "D"]]) == 15
    assert let_through_a(network, [["A", "C"], ["A"]]) == 20
    assert let_through_a(network, [["A", "C"], ["D"], ["A", "C"]]) == 15


def test_a_load_without_a_fuse_is_left_to_the_rule_of_unfused_positives() -> None:
    plan = changed(without(circuit(), "fuses.F1", "conductors.W2"), {"conductors.W1.to": "camera.+"})
    assert found(return_conductor, plan) == []


@pytest.mark.parametrize(("running_a", "verdict"), [(7.6, "pass"), (7.7, "pass"), (7.71, "fail")])
def test_a_conductor_before_the_fuse_carries_what_it_feeds(running_a: float, verdict: str) -> None:
    plan = changed(circuit(), {"loads.camera.running_a": running_a, "conductors.W1.csa_mm2": 0.5})
    one = only(conductor_load, plan)
    assert (one.subject, one.verdict) == ("conductors.W1", verdict)
    assert one.figures == {
        "load_a": running_a,
        "derating": 0.7,
        "ampacity_a": 11,
        "limit_a": pytest.approx(7.7, rel=1e-12),
    }


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({"loads.camera.running_a": None}, ["loads.camera.running_a"]),
        ({"conductors.W1.csa_mm2": None}, ["conductors.W1.csa_mm2"]),
        (
            {"conductors.W1.csa_mm2": None, "loads.camera.running_a": None},
            ["conductors.W1.csa_mm2", "loads.camera.running_a"],
        ),
    ],
)
def test_a_load_of_a_conductor_that_nobody_knows_is_not_judged(changes: dict[str, object], needs: list[str]) -> None:
    one = only(conductor_load, changed(circuit(), changes))
    assert (one.verdict, one.needs) == ("unjudged", needs)


def test_a_conductor_that_feeds_no_load_is_not_judged_by_load() -> None:
    assert found(conductor_load, without(circuit(), "conductors.W2")) == []


@pytest.mark.parametrize(("rating_a", "verdict"), [(6.5, "pass"), (6.3, "pass"), (6.29, "fail"), (3, "fail")])
def test_a_splice_carries_the_sum_of_its_branches(rating_a: float, verdict: str) -> None:
    one = only(splice_total, changed(shared(a=2.1, b=3.0, c=1.2), {"splices.S1.rating_a": rating_a}))
    assert (one.subject, one.verdict) == ("splices.S1", verdict)
    assert one.figures == {
        "branch_feed-a_a": 2.1,
        "branch_feed-b_a": 3.0,
        "branch_feed-c_a": 1.2,
        "total_a": pytest.approx(6.3, rel=1e-12),
        "splice_rating_a": rating_a,
        "fuse_rating_a": 10,
        "limit_a": rating_a,
    }
    assert one.sentence.startswith("S1 carries 2.1 + 3 + 1.2 = 6.3 A for hours")


@pytest.mark.parametrize(("running_a", "verdict"), [(6.9, "pass"), (7.0, "pass"), (7.01, "fail")])
def test_a_splice_carries_no_more_than_the_fuse_before_it(running_a: float, verdict: str) -> None:
    one = only(splice_total, shared(a=3.0, b=running_a))
    assert (one.subject, one.verdict, one.figures["limit_a"]) == ("splices.S1", verdict, 10)


def test_a_return_splice_is_judged_by_its_own_rating_only() -> None:
    plan = shared(a=2.0, b=3.0)
    assert "splices.R1" not in verdicts(splice_total, plan)
    for rating_a, verdict in ((5.0, "pass"), (4.9, "fail")):
        rated = changed(plan, {"splices.R1.rating_a": rating_a})
        [one] = [one for one in found(splice_total, rated) if one.subject == "splices.R1"]
        assert (one.verdict, one.figures["branch_back-a_a"], one.figures["total_a"]) == (verdict, 2.0, 5.0)


def test_a_splice_is_not_judged_while_a_branch_is_not_known() -> None:
    one = only(splice_total, changed(shared(a=2.0, b=3.0), {"loads.b.running_a": None}))
    assert (one.verdict, one.needs) == ("unjudged", ["loads.b.running_a"])


def test_a_splice_that_feeds_nothing_is_not_judged() -> None:
    plan = changed(circuit(), {"splices.S9": {"rating_a": 5}, "conductors.W9": wire("F1.out", "S9")})
    assert found(splice_total, plan) == []


def test_branches_meet_in_a_splice_after_a_splice() -> None:
    plan = changed(
        shared(a=2.0, b=3.0),
        {"splices.S2": {}, "conductors.W4": wire("S1", "S2"), "conductors.feed-b.from": "S2"},
    )
    assert branches_a(Network(plan), "S1") == {"feed-a": 2.0, "W4": 3.0}
    assert branches_a(Network(plan), "R1") == {"back-a": 2.0, "back-b": 3.0}
