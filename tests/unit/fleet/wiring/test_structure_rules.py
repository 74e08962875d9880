"""How a plan hangs together: open, twice, wrongly joined, a cavity used twice."""

from typing import Any

import pytest

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.open_rules import open_circuit
from fleet.wiring.rules.structure_rules import (
    cavity_used_twice,
    fused_negative,
    parallel_fuses,
    supply_to_return,
    two_ways,
)
from protocols.wiring.parts import Cavity, Connector, Fuse, Ground, Load, LoadTerminal, Source, Splice
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without

STRUCTURE = {"open-circuit", "two-ways", "fused-negative", "parallel-fuses", "supply-to-return", "unfused-positive"}


def failing(plan: Plan) -> list[tuple[str, str]]:
    """What the rules of structure find wrong, as rule and subject."""
    return sorted((one.rule, one.subject) for one in assess(plan).of("fail") if one.rule in STRUCTURE)


def branched(**more: Any) -> Plan:
    """`B1` → W1 → `F1` → W2 → splice `S1` → W4, W5 → loads `camera`, `tracker` → W6, W7 → splice `S2` → W3 → `G1`."""
    return circuit(
        loads={"camera": kit(), "tracker": kit()},
        splices={"S1": Splice(), "S2": Splice()},
        conductors={
            "W1": wire("B1", "F1.in", length_m=0.2),
            "W2": wire("F1.out", "S1"),
            "W3": wire("S2", "G1"),
            "W4": wire("S1", "camera.+"),
            "W5": wire("tracker.+", "S1"),
            "W6": wire("camera.-", "S2"),
            "W7": wire("S2", "tracker.-"),
            **more,
        },
    )


def test_a_right_plan_passes_every_rule_of_structure() -> None:
    assert failing(circuit()) == failing(branched()) == []
    assert verdicts(open_circuit, branched()) == {"loads.camera": "pass", "loads.tracker": "pass"}
    assert verdicts(two_ways, circuit()) == {"sources.B1": "pass", "grounds.G1": "pass"}
    assert verdicts(fused_negative, circuit()) == verdicts(parallel_fuses, circuit()) == {"fuses.F1": "pass"}
    assert verdicts(supply_to_return, circuit()) == {"sources.B1": "pass"}


def test_an_empty_plan_and_one_of_conductors_alone_have_nothing_to_judge() -> None:
    assert failing(Plan(muster_wiring=1, name="empty")) == []
    loose = Plan(
        muster_wiring=1, name="loose", splices={"S1": Splice(), "S2": Splice()}, conductors={"W1": wire("S1", "S2")}
    )
    assert failing(loose) == []


@pytest.mark.parametrize(("taken", "subject"), [("W2", "loads.camera.terminals.+"), ("W3", "loads.camera.terminals.-")])
def test_a_missing_conductor_opens_the_circuit(taken: str, subject: str) -> None:
    assert failing(without(circuit(), f"conductors.{taken}")) == [("open-circuit", subject)]


@pytest.mark.parametrize(("taken", "pin"), [("W2", "+"), ("W3", "-")])
def test_loads_that_one_gap_leaves_without_are_told_of_together(taken: str, pin: str) -> None:
    fails = [one for one in found(open_circuit, without(branched(), f"conductors.{taken}")) if one.verdict == "fail"]
    assert [one.subject for one in fails] == [f"loads.camera.terminals.{pin}"]
    assert "tracker" in fails[0].sentence


def test_a_load_the_wrong_way_round_is_one_mistake() -> None:
    turned = changed(circuit(), {"conductors.W2.to": "camera.-", "conductors.W3.from": "camera.+"})
    assert failing(turned) == [("supply-to-return", "loads.camera")]


def test_a_supply_terminal_on_return_is_open_and_no_short() -> None:
    assert failing(changed(circuit(), {"conductors.W2": wire("camera.+", "G1")})) == [
        ("open-circuit", "loads.camera.terminals.+")
    ]


def test_a_load_without_a_return_terminal_is_open_and_one_that_draws_nothing_is_not_judged() -> None:
    lone = circuit(
        loads={"camera": kit(terminals={"+": LoadTerminal(role="supply"), "-": LoadTerminal(role="signal")})}
    )
    assert only(open_circuit, lone).subject == "loads.camera"
    listener = circuit(loads={"camera": Load(terminals={"h": LoadTerminal(role="can-h")})}, conductors={})
    assert found(open_circuit, listener) == []


@pytest.mark.parametrize(("start", "end"), [("S1", "camera.+"), ("camera.+", "S1")])
def test_a_second_conductor_beside_the_first_is_a_second_way(start: str, end: str) -> None:
    assert failing(branched(W9=wire(start, end))) == [("two-ways", "conductors.W9")]


def test_a_second_way_to_a_ground_is_found() -> None:
    grounds = changed(branched(W9=wire("S2", "G2")), {"grounds.G2": Ground()})
    assert failing(grounds) == [("two-ways", "conductors.W9")]


def test_a_ring_of_two_loads_is_told_of_once() -> None:
    assert failing(branched(W9=wire("camera.+", "tracker.+"))) == [("two-ways", "conductors.W9")]


@pytest.mark.parametrize("battery", [None, "aux"])
def test_two_sources_that_are_joined_behind_fuses_are_two_ways(battery: str | None) -> None:
    joined = changed(
        branched(W9=wire("B2", "F2.in"), W10=wire("F2.out", "S1")),
        {"sources.B2": Source(terminal="30a", battery=battery, circuit="battery"), "fuses.F2": Fuse(rating_a=5)},
    )
    assert [rule for rule, _ in failing(joined)] == ["two-ways"]
    [one] = [one for one in found(two_ways, joined) if one.verdict == "fail"]
    assert all(source in one.sentence for source in ("B1", "B2"))


def test_two_sources_joined_by_a_conductor_alone_are_found() -> None:
    joined = changed(branched(W9=wire("B1", "B2")), {"sources.B2": Source(terminal="30", circuit="battery")})
    assert failing(joined) == [("two-ways", "conductors.W9")]


def test_two_fuses_side_by_side_are_parallel_and_no_second_way() -> None:
    plan = changed(branched(W9=wire("B1", "F2.in"), W10=wire("F2.out", "S1")), {"fuses.F2": Fuse(rating_a=5)})
    assert failing(plan) == [("parallel-fuses", "fuses.F2")]


def test_fuses_from_two_studs_of_one_battery_are_parallel() -> None:
    plan = changed(
        branched(W9=wire("B2", "F2.in"), W10=wire("F2.out", "S1")),
        {"sources.B2": Source(terminal="30", battery="main", circuit="battery"), "fuses.F2": Fuse(rating_a=5)},
    )
    assert failing(plan) == [("parallel-fuses", "fuses.F2")]


def test_three_fuses_side_by_side_are_two_too_many() -> None:
    plan = changed(
        branched(W9=wire("B1", "F2.in"), W10=wire("F2.out", "S1"), W11=wire("F3.out", "B1"), W12=wire("F3.in", "S1")),
        {"fuses.F2": Fuse(rating_a=5), "fuses.F3": Fuse(rating_a=5)},
    )
    assert failing(plan) == [("parallel-fuses", "fuses.F2"), ("parallel-fuses", "fuses.F3")]


def test_fuses_one_after_another_are_not_parallel() -> None:
    plan = changed(
        circuit(),
        {
            "conductors.W2": wire("F1.out", "F2.in"),
            "conductors.W4": wire("F2.out", "camera.+"),
            "fuses.F2": Fuse(rating_a=3),
        },
    )
    assert verdicts(parallel_fuses, plan) == {"fuses.F1": "pass", "fuses.F2": "pass"}


@pytest.mark.parametrize(("first", "second"), [("in", "out"), ("out", "in")])
def test_a_fuse_in_the_return_is_told_of_once(first: str, second: str) -> None:
    plan = changed(
        branched(W3=wire("S2", f"F2.{first}"), W9=wire(f"F2.{second}", "G1")), {"fuses.F2": Fuse(rating_a=5)}
    )
    assert failing(plan) == [("fused-negative", "fuses.F2")]


def test_a_fuse_in_the_return_with_a_way_past_it_is_told_of_once() -> None:
    plan = changed(branched(W8=wire("S2", "F2.in"), W9=wire("F2.out", "G1")), {"fuses.F2": Fuse(rating_a=5)})
    assert failing(plan) == [("fused-negative", "fuses.F2")]


def test_a_fuse_that_hangs_on_a_ground_is_in_the_negative_and_one_on_nothing_is_not_judged() -> None:
    plan = changed(
        circuit(), {"fuses.F2": Fuse(rating_a=5), "fuses.F3": Fuse(rating_a=5), "conductors.W9": wire("F2.out", "G1")}
    )
    assert verdicts(fused_negative, plan) == {"fuses.F1": "pass", "fuses.F2": "fail"}


@pytest.mark.parametrize(
    ("start", "end"), [("S1", "S2"), ("S2", "S1"), ("S1", "G1"), ("B1", "G1"), ("B1", "S2"), ("F1.out", "camera.-")]
)
def test_a_conductor_from_supply_to_return_is_told_of_by_its_own_name_and_once(start: str, end: str) -> None:
    assert failing(branched(W9=wire(start, end))) == [("supply-to-return", "conductors.W9")]


def test_a_source_on_a_ground_through_a_fuse_is_a_short() -> None:
    plan = changed(circuit(), {"conductors.W2": wire("F1.out", "G1")})
    assert ("supply-to-return", "conductors.W2") in failing(plan)


def test_two_shorts_are_two_mistakes() -> None:
    assert failing(branched(W8=wire("S1", "S2"), W9=wire("camera.+", "camera.-"))) == [
        ("supply-to-return", "conductors.W8"),
        ("supply-to-return", "conductors.W9"),
    ]


def test_a_link_inside_a_connector_that_joins_supply_with_return_is_found() -> None:
    plan = changed(
        branched(
            W4=wire("S1", "X1.1"), W8=wire("X1.1", "camera.+"), W6=wire("camera.-", "X1.2"), W9=wire("X1.2", "S2")
        ),
        {"connectors.X1": Connector(cavities={"1": Cavity(), "2": Cavity()}, links=[["1", "2"]])},
    )
    assert failing(plan) == [("supply-to-return", "connectors.X1.cavities.1")]


def test_a_contact_with_a_ground_where_supply_ends_is_found() -> None:
    plan = changed(branched(W9=wire("S1", "X1.1")), {"connectors.X1": Connector(cavities={"1": Cavity(joins="G1")})})
    assert failing(plan) == [("supply-to-return", "conductors.W9")]


def test_a_shield_between_supply_and_return_is_a_short_and_a_live_one_is_told_of() -> None:
    assert failing(branched(W9=wire("S1", "S2", shield=True))) == [("supply-to-return", "conductors.W9")]
    live = changed(branched(W9=wire("S1", "S3", shield=True)), {"splices.S3": Splice()})
    assert failing(live) == [("supply-to-return", "conductors.W9")]
    assert failing(changed(branched(W9=wire("S2", "S3", shield=True)), {"splices.S3": Splice()})) == []


def test_a_screens_terminal_on_supply_is_told_of() -> None:
    terminals = {**kit().terminals, "s": LoadTerminal(role="screen")}
    live = changed(branched(W9=wire("S1", "camera.s")), {"loads.camera.terminals": terminals})
    assert failing(live) == [("supply-to-return", "loads.camera.terminals.s")]
    assert failing(changed(live, {"conductors.W9.from": "S2"})) == []


def test_a_cavity_takes_one_conductor() -> None:
    plan = changed(
        circuit(),
        {
            "connectors.X1": Connector(cavities={"1": Cavity(joins="camera.+"), "2": Cavity()}),
            "conductors.W2.to": "X1.1",
        },
    )
    one = only(cavity_used_twice, plan)
    assert (one.verdict, one.subject, one.figures) == ("pass", "connectors.X1.cavities.1", {"conductors": 1})
    two = only(cavity_used_twice, changed(plan, {"conductors.W9": wire("X1.1", "camera.-", shield=True)}))
    assert (two.verdict, two.figures) == ("fail", {"conductors": 2})
