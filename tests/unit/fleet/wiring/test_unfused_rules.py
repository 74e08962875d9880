"""What is live with no fuse before it."""

from itertools import pairwise

import pytest

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.fuse_rules import fuse_distance
from fleet.wiring.rules.unfused_rules import unfused_positive
from protocols.wiring.parts import Cavity, Connector, Fuse, LoadTerminal, Source, Splice
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without


def failing(plan: Plan) -> list[str]:
    return [one.subject for one in found(unfused_positive, plan) if one.verdict == "fail"]


def unfused(splice_to: str = "tracker.+") -> Plan:
    """`B1` → W1 → splice `S1`; from there W4 → `F1` → W2 → `camera`, and W5."""
    return changed(
        circuit(loads={"camera": kit(), "tracker": kit()}),
        {
            "splices.S1": Splice(),
            "conductors.W1": wire("B1", "S1", length_m=0.1),
            "conductors.W4": wire("F1.in", "S1", length_m=0.1),
            "conductors.W5": wire(splice_to, "S1", length_m=0.1),
            "conductors.W6": wire("tracker.-", "G1"),
        },
    )


def test_what_a_fuse_is_before_passes() -> None:
    assert verdicts(unfused_positive, circuit()) == {"loads.camera.terminals.+": "pass"}


def test_a_feed_without_any_fuse_is_told_of_once_at_its_first_conductor() -> None:
    plan = changed(without(unfused(), "fuses.F1", "conductors.W2"), {"conductors.W4": wire("S1", "camera.+")})
    assert failing(plan) == ["conductors.W1"]
    assert "camera, tracker" in next(one.sentence for one in found(unfused_positive, plan) if one.verdict == "fail")


def test_the_branch_without_a_fuse_is_told_of_and_the_one_with_is_not() -> None:
    assert verdicts(unfused_positive, unfused()) == {"conductors.W5": "fail", "loads.camera.terminals.+": "pass"}


def test_a_live_end_that_feeds_nothing_needs_a_fuse() -> None:
    plan = changed(unfused("X1.1"), {"connectors.X1": Connector(cavities={"1": Cavity()})})
    assert failing(plan) == ["conductors.W5"]


def test_a_load_on_the_way_to_the_first_fuse_is_unfused() -> None:
    plan = changed(
        unfused("tracker.sense"), {"loads.tracker": kit(terminals={"sense": LoadTerminal(role="ignition-sense")})}
    )
    assert failing(without(plan, "conductors.W6")) == ["conductors.W5"]
    chained = changed(
        circuit(loads={"camera": kit(), "tracker": kit()}),
        {
            "conductors.W1.to": "tracker.+",
            "conductors.W4": wire("tracker.+", "F1.in"),
            "conductors.W5": wire("tracker.-", "G1"),
        },
    )
    assert failing(chained) == ["conductors.W1"]


def test_a_fuse_written_the_other_way_round_is_a_fuse() -> None:
    plan = changed(circuit(), {"conductors.W1.to": "F1.out", "conductors.W2.from": "F1.in"})
    assert failing(plan) == []


@pytest.mark.parametrize(
    ("start", "end"), [("F1.in", "F1.out"), ("B1", "camera.+"), ("camera.+", "B1"), ("F1.out", "B1")]
)
def test_a_way_past_a_fuse_is_told_of_once_and_what_it_passed_is_judged_as_if_it_were_not(start: str, end: str) -> None:
    plan = changed(circuit(), {"conductors.W9": wire(start, end)})
    structure = {"open-circuit", "two-ways", "parallel-fuses", "unfused-positive", "supply-to-return"}
    assert [(one.rule, one.subject) for one in assess(plan).of("fail") if one.rule in structure] == [
        ("unfused-positive", "conductors.W9")
    ]
    assert only(fuse_distance, plan).verdict == "pass"


def test_a_way_past_a_fuse_that_another_fuse_is_behind_is_found_all_the_same() -> None:
    plan = changed(
        circuit(),
        {
            "fuses.F2": Fuse(rating_a=3),
            "conductors.W2.to": "F2.in",
            "conductors.W4": wire("F2.out", "camera.+"),
            "conductors.W9": wire("B1", "F2.in"),
        },
    )
    assert failing(plan) == ["conductors.W9"]


def test_a_vehicles_fuse_does_not_protect_our_conductor() -> None:
    tapped = {"sources.B1": Source(terminal="15", fuse_a=10, existing_load_a=2)}
    plan = changed(without(circuit(), "fuses.F1", "conductors.W1"), {**tapped, "conductors.W2.from": "B1"})
    assert failing(plan) == ["conductors.W2"]


@pytest.mark.parametrize(("fuse_a", "verdict"), [(10.0, "pass"), (None, "fail")])
def test_a_load_that_is_plugged_in_counts_the_vehicles_fuse(fuse_a: float | None, verdict: str) -> None:
    plan = circuit(
        sources={"B1": Source(terminal="30", fuse_a=fuse_a)},
        fuses={},
        connectors={
            "OBD": Connector(kind="J1962", cavities={"16": Cavity(joins="B1")}),
            "X1": Connector(kind="J1962", mates="OBD", cavities={"16": Cavity(joins="camera.+")}),
        },
        conductors={},
    )
    assert verdicts(unfused_positive, plan) == {"loads.camera.terminals.+": verdict}


def test_a_conductor_behind_the_plug_is_told_of_and_not_the_contacts_before_it() -> None:
    plan = circuit(
        fuses={},
        connectors={
            "OBD": Connector(kind="J1962", cavities={"16": Cavity(joins="B1")}),
            "X1": Connector(kind="J1962", mates="OBD", cavities={"16": Cavity()}),
        },
        conductors={"W1": wire("camera.+", "X1.16"), "W3": wire("camera.-", "G1")},
    )
    assert failing(plan) == ["conductors.W1"]


def test_of_more_fuses_than_are_weighed_every_way_past_is_still_told_of() -> None:
    names = [f"kit{number}" for number in range(12)]
    plan = circuit(
        loads={name: kit() for name in names},
        fuses={f"F-{name}": Fuse(rating_a=5) for name in names},
        conductors={
            **{f"in-{name}": wire("B1", f"F-{name}.in") for name in names},
            **{f"past-{name}": wire("B1", f"F-{name}.out") for name in names},
            **{f"out-{name}": wire(f"F-{name}.out", f"{name}.+") for name in names},
            **{f"back-{name}": wire(f"{name}.-", "G1") for name in names},
        },
    )
    told = [one.subject for one in assess(plan).of("fail") if one.rule in ("unfused-positive", "two-ways")]
    assert all(any(subject.endswith(f"-{name}") for subject in told) for name in names)


def test_a_chain_of_hundreds_of_conductors_is_judged() -> None:
    points = ["F1.out", *(f"S{number}" for number in range(199)), "camera.+"]
    chain = {f"C{number}": wire(*ends) for number, ends in enumerate(pairwise(points))}
    plan = circuit(
        splices={point: Splice() for point in points[1:-1]},
        conductors={"W1": wire("B1", "F1.in"), **chain, "W3": wire("camera.-", "G1")},
    )
    assert verdicts(unfused_positive, plan) == {"loads.camera.terminals.+": "pass"}
    assert failing(changed(plan, {"conductors.W1.to": "S0"})) == ["conductors.C1"]
