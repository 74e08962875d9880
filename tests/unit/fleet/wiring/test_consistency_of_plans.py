"""Names that do not hang together: each is told once, where it is written, with what to write."""

import pytest
from hypothesis import given

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.reading import read_plan
from protocols.wiring.parts import Bus, Cavity, Connector, LoadTerminal, Source, Splice
from protocols.wiring.plan import Cable, Plan
from tests.support.generated_plans import plans
from tests.support.wiring_plans import changed, circuit, kit, wire

WHOLE = circuit(
    splices={"S1": Splice()},
    buses={"body": Bus()},
    cables={"C1": Cable()},
    connectors={
        "X1": Connector(mates="X2", cavities={"1": Cavity(joins="B1"), "2": Cavity()}, links=[["1", "2"]]),
        "X2": Connector(mates="X1", cavities={"1": Cavity(), "3": Cavity(joins="body.h")}),
        "X3": Connector(cavities={"1": Cavity()}),
    },
)


def told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(one.path, one.message, one.remedy) for one in inconsistencies(plan)]


def test_a_plan_whose_names_hang_together_has_nothing_to_tell() -> None:
    assert told(WHOLE) == []


@pytest.mark.parametrize(
    ("changes", "path", "message", "remedy"),
    [
        ({"conductors.W1.from": "B9"}, "conductors.W1.from", "there is no B9", "add B9, or write another"),
        ({"conductors.W2.to": "camra.+"}, "conductors.W2.to", "there is no camra", "write camera, or add"),
        ({"conductors.W1.from": "B1.1"}, "conductors.W1.from", "B1 is one point, without parts", "write B1"),
        ({"conductors.W1.from": "S1.1"}, "conductors.W1.from", "S1 is one point, without parts", "write S1"),
        ({"conductors.W3.to": "G1.1"}, "conductors.W3.to", "G1 is one point, without parts", "write G1"),
        ({"conductors.W1.to": "F1"}, "conductors.W1.to", "F1 is no point by itself", "write one of F1.in, F1.out"),
        ({"conductors.W1.to": "F1.1"}, "conductors.W1.to", "F1 has no 1", "write one of F1.in, F1.out"),
        ({"conductors.W1.to": "X1.9"}, "conductors.W1.to", "X1 has no 9", "write one of X1.1, X1.2"),
        ({"conductors.W1.to": "X1"}, "conductors.W1.to", "X1 is no point by itself", "write one of X1.1, X1.2"),
        ({"conductors.W2.to": "camera.x"}, "conductors.W2.to", "camera has no x", "write one of camera.+, camera.-"),
        ({"conductors.W2.to": "body.x"}, "conductors.W2.to", "body has no x", "write one of body.h, body.l"),
        (
            {"conductors.W4": wire("S1", "S1")},
            "conductors.W4.to",
            "W4 goes from S1 to itself",
            "write where its other end is",
        ),
        ({"conductors.W1.cable": "C2"}, "conductors.W1.cable", "there is no cable C2", "add C2, or write"),
        ({"sources.S1": Source(terminal="30")}, "splices.S1", "S1 is also one of the sources", "give one of them"),
        ({"cables.camera": Cable()}, "cables.camera", "camera is also one of the loads", "give one of them"),
        ({"connectors.X1.cavities.1.joins": "B7"}, "connectors.X1.cavities.1.joins", "there is no B7", "add B7"),
        (
            {"connectors.X1.cavities.1.joins": "X1.1"},
            "connectors.X1.cavities.1.joins",
            "X1.1 joins itself",
            "write what",
        ),
        (
            {"connectors.X2.cavities.3.joins": "body.x"},
            "connectors.X2.cavities.3.joins",
            "body has no x",
            "write one of",
        ),
        ({"connectors.X1.links": [["1", "9"]]}, "connectors.X1.links.0", "X1 has no cavity 9", "write one of 1, 2"),
        ({"connectors.X1.links": [["2", "2"]]}, "connectors.X1.links.0", "2 is linked to itself", "write two cavities"),
        ({"connectors.X3.mates": "X9"}, "connectors.X3.mates", "there is no connector X9", "add X9"),
        ({"connectors.X3.mates": "X3"}, "connectors.X3.mates", "X3 mates with itself", "write the other half"),
        ({"connectors.X3.mates": "X1"}, "connectors.X3.mates", "X3 mates with X1, and that with X2", "let both halves"),
        (
            {"connectors.X1.mates": "X3", "connectors.X2.mates": "X3"},
            "connectors.X2.mates",
            "X1 mates with X3 already",
            "a connector mates with one other",
        ),
        ({"sources.B1.battery": "mian"}, "sources.B1.battery", "there is no battery mian", "write main, or add mian"),
        ({"vehicle": None}, "sources.B1.battery", "there is no battery main", "add main, or write another"),
        (
            {"loads.camera.can": {"bus": "bodi", "mode": "listen-only"}},
            "loads.camera.can.bus",
            "there is no bus bodi",
            "write body, or add bodi",
        ),
        (
            {"loads.camera.terminals": {"+": {"role": "supply"}, "-": {"role": "return"}, "2": {"role": "supply"}}},
            "loads.camera.terminals.2",
            "2 is a second supply terminal beside +",
            "split the load in two",
        ),
        (
            {"loads.camera.terminals": {"+": {"role": "supply"}, "-": {"role": "return"}, "2": {"role": "return"}}},
            "loads.camera.terminals.2",
            "2 is a second return terminal beside -",
            "split the load in two",
        ),
    ],
)
def test_a_name_that_does_not_fit_is_told_once(
    changes: dict[str, object], path: str, message: str, remedy: str
) -> None:
    [(found_path, found_message, found_remedy)] = told(changed(WHOLE, changes))
    assert (found_path, found_message) == (path, message)
    assert found_remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            {"loads.camera.peak_a": 0.9},
            "loads.camera.peak_a",
            "camera draws 1 A for hours, and 0.9 A at most",
        ),
        (
            {"vehicle.alternator": {"kind": "smart", "charge_min_v": 14.7, "charge_max_v": 13.6}},
            "vehicle.alternator.charge_max_v",
            "13.6 V at most is less than the 14.7 V at least",
        ),
        (
            {
                "vehicle.system_v": 24,
                "vehicle.alternator": {"kind": "smart", "charge_min_v": 13.6, "charge_max_v": 14.7},
            },
            "vehicle.alternator.charge_max_v",
            "an alternator of 14.7 V charges no system of 24 V",
        ),
    ],
)
def test_figures_that_can_not_both_be_so_are_told(changes: dict[str, object], path: str, message: str) -> None:
    [(found_path, found_message, remedy)] = told(changed(WHOLE, changes))
    assert (found_path, found_message) == (path, message)
    assert remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"loads.camera.peak_a": 1.0},
        {"loads.camera.peak_a": None},
        {"loads.camera.running_a": None},
        {"vehicle.alternator": {"kind": "smart", "charge_min_v": 12.0, "charge_max_v": 12.0}},
    ],
)
def test_figures_that_are_equal_or_not_said_contradict_nothing(changes: dict[str, object]) -> None:
    assert told(changed(WHOLE, changes)) == []


def test_signals_may_be_many() -> None:
    more = {name: LoadTerminal(role="signal") for name in ("s1", "s2")}
    terminals = {"+": LoadTerminal(role="supply"), "-": LoadTerminal(role="return"), **more}
    assert told(circuit(loads={"camera": kit(terminals=terminals)})) == []


def test_a_fault_of_a_name_has_its_place_and_the_plan_is_there() -> None:
    reading = read_plan("muster_wiring: 1\nname: van\ngrounds: {G1: }\nconductors:\n  W1: {from: G1, to: B1}\n")
    [fault] = reading.faults
    assert (fault.place, fault.path) == ((5, 18), "conductors.W1.to")
    assert reading.plan is not None


@given(plans())
def test_any_plan_is_looked_through_and_one_that_hangs_together_can_be_judged(plan: Plan) -> None:
    if not inconsistencies(plan):
        assess(plan)
