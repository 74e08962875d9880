"""The diagram in the terminal: each part once, readable without colour, within its width."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.diagram import LEAST_WIDTH, cavity_tables, diagram
from fleet.wiring.rules.marks import Line, Mark, cells, plain
from protocols.wiring.findings import Assessment, Judgement
from protocols.wiring.parts import Bus, Cavity, Connector, Load, LoadTerminal, Splice
from protocols.wiring.plan import Conductor, Plan
from tests.support.wiring_plans import changed, circuit, kit, wire, without


def drawn(plan: Plan, assessment: Assessment | None = None, width: int = 80) -> list[str]:
    return [plain(line) for line in diagram(plan, assessment, width)]


def tree(lines: list[str]) -> list[str]:
    """The rows between the heads of the columns and the legend."""
    at = next(number for number, line in enumerate(lines) if "peak A" in line)
    return lines[at + 1 : len(lines) - 1 - lines[::-1].index("")]


def of(lines: list[str], name: str) -> list[str]:
    """Lines that tell of a component."""
    return [line for line in lines if name in line.replace("□", " ").split()]


def test_one_circuit_is_followed_from_its_source_to_its_ground() -> None:
    plan = changed(
        circuit(loads={"camera": kit(description="Camera")}),
        {"conductors.W1.colour": "RD", "conductors.W2.colour": "GNYE", "conductors.W3.colour": "BN"},
    )
    assert tree(drawn(plan, width=64)) == [
        "● B1  30 battery +, battery main",
        "│ W1 ····························  2.5 RD       0.2     1      2",
        "▬ F1  fuse 5 A, tan blade",
        "│ W2 ····························  2.5 GNYE       1     1      2",
        "■ camera.+  Camera, drop 0.04 V",
        "▪ camera.-  return",
        "╎ W3 ····························  2.5 BN         1     1      2",
        "╧ G1  31 return",
    ]


def test_what_is_not_known_is_a_question_mark() -> None:
    plan = changed(
        circuit(), {"conductors.W2.csa_mm2": None, "conductors.W2.length_m": None, "loads.camera.peak_a": None}
    )
    [line] = of(drawn(plan), "W2")
    assert line.split()[-5:] == ["?", "?", "?", "1", "?"]


def test_a_colour_is_text_and_each_of_its_codes_is_painted_as_itself() -> None:
    plan = changed(circuit(), {"conductors.W2.colour": "GNYE"})
    [line] = [line for line in diagram(plan, None, 80) if any(mark.text == "W2" for mark in line)]
    assert [mark for mark in line if mark.tone == "colour"] == [
        Mark("│", "colour", "GN"),
        Mark("GN", "colour", "GN"),
        Mark("YE", "colour", "YE"),
    ]


def test_smaller_branches_are_indented_and_the_largest_goes_straight_on() -> None:
    plan = circuit(
        splices={"S1": Splice(), "S2": Splice()},
        loads={"camera": kit(), "lamp": kit()},
        conductors={
            "W1": wire("B1", "F1.in"),
            "W2": wire("F1.out", "S1"),
            "W3": wire("S1", "lamp.+"),
            "W4": wire("S1", "S2"),
            "W5": wire("S2", "camera.+"),
            "W6": wire("camera.-", "G1"),
            "W7": wire("lamp.-", "G1"),
        },
    )
    starts = [line.split("··")[0].split("  ")[0].rstrip() for line in tree(drawn(plan))]
    assert starts == [
        "● B1", "│ W1", "▬ F1", "│ W2", "◆ S1",
        "├──┐ W3", "│", "│", "│", "│",
        "│ W4", "◆ S2", "│ W5", "■ camera.+", "▪ camera.-", "╎ W6", "╧ G1",
    ]  # fmt: skip


def test_a_shared_return_is_drawn_once() -> None:
    plan = circuit(
        splices={"S1": Splice(), "S2": Splice()},
        loads={"camera": kit(), "lamp": kit()},
        conductors={
            "W1": wire("B1", "F1.in"),
            "W2": wire("F1.out", "S1"),
            "W3": wire("S1", "lamp.+"),
            "W4": wire("S1", "camera.+"),
            "W5": wire("camera.-", "S2"),
            "W6": wire("lamp.-", "S2"),
            "W7": wire("S2", "G1"),
        },
    )
    lines = drawn(plan)
    assert len(of(lines, "W7")) == 1
    assert sum("with the return above to G1" in line for line in lines) == 1


def test_cavities_that_mate_stand_on_one_line() -> None:
    plan = circuit(
        connectors={
            "X1": Connector(part="2-way sealed", mates="X2", cavities={"1": Cavity()}),
            "X2": Connector(cavities={"1": Cavity()}),
        },
        conductors={
            "W1": wire("B1", "F1.in"),
            "W2": wire("F1.out", "X1.1"),
            "W3": wire("X2.1", "camera.+"),
            "W4": wire("camera.-", "G1"),
        },
    )
    assert "□ X1.1 ⇄ X2.1  2-way sealed" in drawn(plan)


def bus_plan() -> Plan:
    terminals = {
        "+": LoadTerminal(role="supply"),
        "-": LoadTerminal(role="return"),
        "h": LoadTerminal(role="can-h"),
        "l": LoadTerminal(role="can-l"),
    }
    return changed(
        circuit(loads={"camera": Load(peak_a=2, running_a=1, terminals=terminals)}),
        {
            "buses.pt": Bus(bitrate_kbit=500, length_m=12, termination_ohm=[120, 120]),
            "connectors.X9": Connector(kind="J1962", cavities={"6": Cavity(joins="pt.h"), "14": Cavity(joins="pt.l")}),
            "conductors.W8": wire("X9.6", "camera.h"),
            "conductors.W9": wire("X9.14", "camera.l"),
        },
    )


def test_a_bus_stands_with_its_lines_and_stubs() -> None:
    lines = drawn(bus_plan())
    at = lines.index("═ pt  CAN bus, 500 kbit/s, 12 m long, ends 120 and 120 Ω")
    assert [line.split("··")[0].rstrip() for line in lines[at + 1 : at + 9]] == [
        "├──═ pt.h  CAN high",
        "│  □ X9.6  J1962",
        "│  │ W8",
        "│  ▪ camera.h  can-h",
        "└──═ pt.l  CAN low",
        "   □ X9.14  J1962",
        "   │ W9",
        "   ▪ camera.l  can-l",
    ]


def test_what_fails_and_is_not_judged_stands_beneath_its_part_with_the_rule() -> None:
    plan = circuit()
    assessment = Assessment(
        judgements=[
            Judgement(rule="drop-cold", severity="function", verdict="fail", subject="loads.camera", sentence="low"),
            Judgement(rule="splice-total", severity="safety", verdict="fail", subject="fuses.F1", sentence="much"),
            Judgement(rule="drop-hot", severity="function", verdict="unjudged", subject="loads.camera", sentence="?"),
            Judgement(rule="pair-together", severity="practice", verdict="pass", subject="conductors.W1", sentence="."),
            Judgement(
                rule="days-to-no-start", severity="function", verdict="fail", subject="vehicle", sentence="soon flat"
            ),
        ]
    )
    lines = drawn(plan, assessment)
    assert "✗ 3 fail (1 of safety)   ? 1 not judged   not to be fitted" in lines
    assert lines[lines.index("▬ F1  fuse 5 A, tan blade") + 1] == "│   ✗ splice-total (safety)"
    assert "╎   ✗ drop-cold  ? drop-hot" in lines
    assert not any("pair-together" in line for line in lines)
    assert lines[lines.index("of the whole") :][:3] == ["of the whole", "✗ days-to-no-start", "    vehicle: soon flat"]
    wide = drawn(plan, assessment, 120)
    assert any(line.startswith("▬ F1") and line.endswith("✗ splice-total (safety)") for line in wide)


def test_a_second_way_is_said_where_it_begins() -> None:
    plan = changed(circuit(), {"conductors.W9": wire("B1", "F1.in")})
    lines = drawn(plan)
    assert any("↺ W9  a second way to F1.in" in line for line in lines)
    assert len(of(lines, "W9")) == 1


def test_what_is_said_of_a_branch_keeps_to_its_guide() -> None:
    plan = circuit(
        splices={"S1": Splice()},
        loads={"camera": kit(), "lamp": kit()},
        conductors={
            "W1": wire("B1", "F1.in"),
            "W2": wire("F1.out", "S1"),
            "W3": wire("S1", "lamp.+", 0.35),
            "W4": wire("S1", "camera.+"),
            "W5": wire("camera.-", "G1"),
            "W6": wire("lamp.-", "G1"),
        },
    )
    found = Judgement(
        rule="downstream-conductor", severity="safety", verdict="fail", subject="conductors.W3", sentence="thin"
    )
    lines = drawn(plan, Assessment(judgements=[found]))
    at = next(number for number, line in enumerate(lines) if line.startswith("├──┐ W3"))
    assert lines[at + 1] == "│  │   ✗ downstream-conductor (safety)"


def test_a_load_that_nothing_feeds_is_drawn_with_its_return() -> None:
    lines = drawn(without(circuit(), "conductors.W2"))
    at = lines.index("camera, not fed")
    assert [line.split("··")[0].split("  ")[0].rstrip() for line in lines[at + 1 : at + 5]] == [
        "■ camera.+",
        "▪ camera.-",
        "╎ W3",
        "╧ G1",
    ]


def test_a_shield_has_a_place_of_its_own() -> None:
    lines = drawn(changed(circuit(), {"conductors.W9": wire("camera.-", "G1", shield=True)}))
    assert lines[lines.index("shields") + 1].startswith("│ W9  camera.- → G1 ··")


def test_blocks_stand_side_by_side_where_there_is_room() -> None:
    lines = drawn(bus_plan(), width=160)
    assert any("● B1" in line and "═ pt" in line for line in lines)
    assert len(lines) < len(drawn(bus_plan()))


def test_the_deepest_plan_is_drawn() -> None:
    count = 200
    wires = {f"W{at}": wire(f"S{at - 1}" if at else "F1.out", f"S{at}", colour="RD") for at in range(count)}
    plan = changed(
        circuit(splices={f"S{at}": Splice() for at in range(count)}, conductors={}),
        {f"conductors.{name}": one for name, one in wires.items()},
    )
    lines = drawn(plan)
    assert all(len(of(lines, name)) == 1 for name in wires)


@st.composite
def grown_plans(draw: st.DrawFn) -> Plan:
    """Plans whose conductors join anything to anything: trees, rings, islands."""
    points = ["B1", "G1", "F1.in", "F1.out", "camera.+", "camera.-", "S1", "S2", "S3", "X1.1", "X1.2", "X2.1", "pt.h"]
    ends = draw(st.lists(st.tuples(st.sampled_from(points), st.sampled_from(points)), max_size=20))
    conductors: dict[str, Conductor] = {
        f"W{at}": wire(
            start, end, draw(st.sampled_from([None, 0.5, 2.5])), colour=draw(st.sampled_from([None, "BKWHRD"]))
        )
        for at, (start, end) in enumerate(ends)
        if start != end
    }
    return circuit(
        splices={"S1": Splice(), "S2": Splice(), "S3": Splice()},
        connectors={
            "X1": Connector(part="p" * 80, mates="X2", links=[["1", "2"]], cavities={"1": Cavity(), "2": Cavity()}),
            "X2": Connector(cavities={"1": Cavity(joins=draw(st.sampled_from([None, "G1", "camera.-", "pt.l"])))}),
        },
        buses={"pt": Bus()},
        conductors=conductors,
    )


@given(plan=grown_plans(), width=st.integers(LEAST_WIDTH, 200))
@settings(deadline=None)
def test_whatever_is_joined_each_conductor_is_drawn_once_and_within_the_width(plan: Plan, width: int) -> None:
    lines = diagram(plan, assess(plan), width)
    names = [mark.text for line in lines for mark in line if mark.tone == "strong" and mark.text.startswith("W")]
    assert sorted(names) == sorted(plan.conductors)
    assert [plain(line) for line in (*lines, *cavity_tables(plan, width)) if _width(line) > width] == []
    known = {mark.text for line in lines for mark in line if mark.tone == "strong"}
    assert {"B1", "F1"} <= known


def _width(line: Line) -> int:
    return sum(cells(mark.text) for mark in line)


@pytest.mark.parametrize(("text", "width"), [("Kamera", 6), ("摄像头", 6), ("e\u0301", 1)])
def test_columns_are_counted_as_a_terminal_shows_them(text: str, width: int) -> None:
    assert cells(text) == width


def test_each_cavity_says_what_goes_into_it() -> None:
    plan = changed(
        circuit(),
        {
            "connectors.X1": Connector(
                part="2-way sealed",
                rating_a=13,
                cavities={
                    "1": Cavity(joins="camera.+", contact="1.5 mm pin", label="supply"),
                    "2": Cavity(joins="camera.-"),
                    "3": Cavity(),
                },
            ),
            "conductors.W2.to": "X1.1",
            "conductors.W2.colour": "RDBK",
            "conductors.W3.from": "X1.2",
        },
    )
    assert [plain(line) for line in cavity_tables(plan, 80)] == [
        "□ X1  in-line, 2-way sealed, 13 A a cavity",
        "  cavity  label   conductor  mm²  colour  goes to                 contact",
        "  1       supply  W2         2.5  RDBK    F1.out, joins camera.+  1.5 mm pin",
        "  2               W3         2.5  ?       G1, joins camera.-",
        "  3               –",
    ]
