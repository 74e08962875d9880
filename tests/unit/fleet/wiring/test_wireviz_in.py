"""WireViz files as plans: the whole documented format, and texts of any kind."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.wireviz_colours import SERIES, csa_mm2, iec_colour, length_m
from fleet.wiring.rules.wireviz_in import from_wireviz
from protocols.wiring.plan import Plan

PARTS = """
templates:
  - &plug {type: Deutsch DT, subtype: plug, pinlabels: [PWR, GND, SIG]}
connectors:
  X1: {<<: *plug, notes: at the sill}
  X2: {<<: *plug, subtype: socket}
  F: {style: simple, type: Ferrule}
  S: {style: simple, type: Splice}
cables:
  W1: {gauge: 1 mm2, length: 2 ft, colors: [RD, BN, GNYE], shield: true}
  W: {category: bundle, colors: [YE], gauge: 20 AWG, length: 0.5}
connections:
"""


def imported(text: str) -> Plan:
    """The plan of a file without faults."""
    found = from_wireviz(text)
    assert found.faults == []
    assert found.plan is not None
    assert inconsistencies(found.plan) == []
    return found.plan


def joined(sets: str) -> set[tuple[str, str, str | None]]:
    """Which points the conductors of these sets join, and their colours."""
    conductors = imported(PARTS + sets).conductors.values()
    return {(conductor.start, conductor.end, conductor.colour) for conductor in conductors}


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ("- [{X1: 1}, {W1: 1}, {X2: 2}]", {("X1.1", "X2.2", "RD")}),
        ("- [{X1: PWR}, {W1: BN}, {X2: GND}]", {("X1.1", "X2.2", "BN")}),
        ("- [{X1: [1-2]}, {W1: [1, 2]}, {X2: [3-2]}]", {("X1.1", "X2.3", "RD"), ("X1.2", "X2.2", "BN")}),
        ("- [F., {W1: [1-2]}, {X2: [1, 2]}]", {("F-1.1", "X2.1", "RD"), ("F-2.1", "X2.2", "BN")}),
        ("- [S.S1, {W1: [1-2]}, {X2: [1, 2]}]", {("S1", "X2.1", "RD"), ("S1", "X2.2", "BN")}),
        ("- [[F., S.S1], {W1: [1-2]}, {X2: [1, 2]}]", {("F-1.1", "X2.1", "RD"), ("S1", "X2.2", "BN")}),
        ("- [S.S1, {W.: 1}, {X1: 1}]\n- [S1, {W.: 1}, {X1: 2}]", {("S1", "X1.1", "YE"), ("S1", "X1.2", "YE")}),
        ("- [{X1: 1}, {W1: 1}]\n- [{W1: 1}, {X2: 1}]", {("X1.1", "X2.1", "RD")}),
        ("- [{X1.X9: 1}, {W.W7: 1}, {X9: 2}]", {("X9.1", "X9.2", "YE")}),
    ],
)
def test_connection_sets(sets: str, expected: set[tuple[str, str, str | None]]) -> None:
    assert joined(sets) == expected


def test_merged_templates_units_and_sheaths() -> None:
    plan = imported(PARTS + "- [{X1: [1-3]}, {W1: [1-3]}, {X2: [1-3]}]\n- [S.S1, {W.W2: 1}, {X1: 1}]")
    assert plan.connectors["X1"].part == "Deutsch DT, plug"
    assert plan.connectors["X1"].note == "at the sill"
    assert plan.connectors["X2"].part == "Deutsch DT, socket"
    assert plan.connectors["X2"].cavities["3"].label == "SIG"
    first = plan.conductors["W1-1"]
    assert (first.csa_mm2, first.length_m, first.cable) == (1, 0.6096, "W1")
    assert (plan.conductors["W2"].csa_mm2, plan.conductors["W2"].cable) == (0.5176, None)
    assert plan.splices.keys() == {"S1"}


def test_arrows_join_pins_and_mate_connectors() -> None:
    plan = imported(PARTS + "- [{W1: [1-2]}, F., -->, {X1: [1-2]}, <=>, {X2: [1-2]}]")
    assert [connector.cavities["1"].joins for name, connector in plan.connectors.items() if name.startswith("F-")] == [
        "X1.1",
        "X1.2",
    ]
    assert plan.connectors["X1"].mates == "X2"


def test_a_wire_with_one_end_keeps_the_other_open_and_tells() -> None:
    found = from_wireviz(PARTS + "- [{X1: 1}, {W1: s}]\n- [{X1: 1}, {W1: 1}, {X2: 1}]")
    assert found.plan is not None
    shield = found.plan.conductors["W1-s"]
    assert (shield.start, shield.end, shield.shield) == ("X1.1", "W1-s-end.1", True)
    assert any("one end only" in line for line in found.lost)
    assert any("joined to nothing: 2, 3" in line for line in found.lost)


def test_loops_extras_options_and_metadata() -> None:
    plan = imported(
        """
        metadata: {title: Rear <b>loom</b> &amp; more, pn: H 12, description: "Two\\nlines", revisions: {A: {}, B: {}}}
        options: {template_separator: ":"}
        connectors: {X: {pins: [a, b], loops: [[a, b]]}}
        cables: {}
        connections: [["X:X1"]]
        additional_bom_items: [{description: Conduit, qty: 2.5, unit: m}, {description: Clip, qty: 4}]
        """.replace("        ", "")
    )
    assert (plan.name, plan.title, plan.note, plan.revision) == ("H_12", "Rear loom & more", "Two lines", "B")
    assert plan.connectors["X1"].links == [["a", "b"]]
    assert [(extra.part, extra.quantity, extra.unit) for extra in plan.extras] == [
        ("Conduit", 2.5, "m"),
        ("Clip", 4, "pcs"),
    ]


def test_what_has_no_place_is_listed_with_where_it_was() -> None:
    found = from_wireviz(
        """
tweak: {append: x}
metadata: {title: T, company: C}
connectors:
  X1: {pincount: 1, image: {src: /etc/hostname}, bgcolor: RD, manufacturer: M}
  a b: {pincount: 1}
  X9: {pincount: 1}
cables:
  W1: {wirecount: 1, colors: [IV], gauge: big one, length: 3 furlongs, show_equiv: true}
connections:
  - [{X1: 1}, {W1: 1}, {a b: 1}]
"""
    )
    assert found.faults == []
    for path in (
        "tweak: left out",
        "metadata.company: left out",
        "connectors.X1.image: left out",
        "connectors.X1.bgcolor: left out",
        "connectors.X1.manufacturer: left out",
        "connectors.a b: called a_b",
        "connectors.X9: left out",
        "cables.W1.colors: IV",
        "cables.W1.gauge: big one",
        "cables.W1.length: 3 furlongs",
        "cables.W1.show_equiv: left out",
    ):
        assert [line for line in found.lost if line.startswith(path)] != [], path


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (PARTS + "- [{X1: 9}, {W1: 1}]", 13, 'has no pin "9"'),
        (PARTS + "- [{X1: 1}, {W1: 9}]", 13, 'has no wire "9"'),
        (PARTS + "- [{X7: 1}, {W1: 1}]", 13, "there is no connector or cable"),
        (PARTS + "- [{X1: [1-3]}, {W1: [1-2]}]", 13, "2 and 3 pins"),
        (PARTS + "- [{X1: 1}, {X2: 1}]", 13, "a cable or an arrow"),
        (PARTS + "- [{X1: 1}, -->]", 13, "an arrow joins two connectors"),
        (PARTS + "- [X1, {W1: 1}]", 13, "has 3 pins"),
        ("connectors: {X1: {}}", 1, "it has no pins"),
        ("connectors: {X1: {pincount: 100000}}", 1, "100000 pins"),
        ("cables: {W1: {wirecount: 4, color_code: RAL}}", 1, "is no series"),
        ("- a list", 1, "no WireViz file"),
        ("connections: 3", 1, "no list"),
    ],
)
def test_faults_are_told_with_their_place(text: str, line: int, message: str) -> None:
    found = from_wireviz(text)
    assert found.plan is None
    assert [(fault.place.line, message in fault.message) for fault in found.faults] == [(line, True)]


FRAGMENTS = """X1 W1 {X1: 1} {W1: s} [1-9999999] pincount wirecount: <<: *plug &a - , : [ ] { } --> == X1. .X1
    loops: [[1,2]] mpn: 99999999999 AWG 9e999 connectors: cables: connections: {pincount: 3} {wirecount: 2}
    colors: [RD, ~] shield: true"""
FRAGMENT = st.sampled_from(["\n", "\n- ", "\n  - ", "", *re.findall(r"\S+", FRAGMENTS)])
TEXT = st.lists(FRAGMENT, max_size=40).map(" ".join)


@given(st.text(max_size=200) | TEXT | TEXT.map(lambda text: f"{PARTS}- [{text}]") | TEXT.map(lambda text: PARTS + text))
def test_no_text_makes_it_raise(text: str) -> None:
    found = from_wireviz(text)
    assert found.plan is not None or found.faults
    assert found.plan is None or found.faults or inconsistencies(found.plan) == []


def test_a_bomb_of_aliases_is_told_and_not_set_off() -> None:
    lines = ["a0: &a0 {b: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12))]
    found = from_wireviz("\n".join([*lines, "connectors: {X1: {<<: *a11}}"]))
    assert found.plan is None
    assert "value" in found.faults[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.25", 0.25),
        ("0.25 mm2", 0.25),
        ("1.5 mm²", 1.5),
        ("20 AWG", 0.5176),
        ("4/0 awg", 107.2193),
        ("0000 AWG", 107.2193),
    ],
)
def test_cross_sections(text: str, expected: float) -> None:
    assert csa_mm2(text).value == expected


@pytest.mark.parametrize("text", ["", "big", "0", "9e999", "999 mm2", "5 furlongs", "1/0", "-3"])
def test_what_is_no_cross_section(text: str) -> None:
    assert csa_mm2(text).value is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", 2),
        ("2.5 m", 2.5),
        ("250 mm", 0.25),
        ("10 ft", 3.048),
        ("12 in", 0.3048),
        ("0", None),
        ("101", None),
        ("1 li", None),
    ],
)
def test_lengths(text: str, expected: float | None) -> None:
    assert length_m(text).value == expected


def test_colours() -> None:
    assert [iec_colour(text) for text in ("RD", "gnye", "SL", "SLBU", "IV", "#112233", "RDBUGNYE", "R")] == [
        "RD",
        "GNYE",
        "GY",
        "GYBU",
        None,
        None,
        None,
        None,
    ]
    assert {name: len(colours) for name, colours in SERIES.items()} == {
        "DIN": 60,
        "IEC": 10,
        "BW": 2,
        "T568A": 8,
        "T568B": 8,
        "TEL": 50,
        "TELALT": 50,
    }
    assert all(iec_colour(colour) is not None for colours in SERIES.values() for colour in colours)


def test_sets_beyond_the_bound_are_told_of_once_and_make_nothing() -> None:
    text = (
        "connectors:\n  X: {pincount: 1, autogenerate: true}\ncables:\n  W: {wirecount: 100}\nconnections:\n"
        + "  - - X.\n    - W.: [1-100]\n    - X.\n" * 900
    )
    [fault] = from_wireviz(text).faults
    assert (fault.path, fault.message) == ("connections.38", "the sets come to more than 4000 wires")


@pytest.mark.parametrize(
    ("text", "message"),
    [("hello: world\n", "this is no WireViz file"), ("muster_wiring: 1\nname: van\n", "this is a plan already")],
)
def test_what_has_nothing_of_a_wireviz_file_is_refused(text: str, message: str) -> None:
    found = from_wireviz(text)
    assert (found.plan, [fault.message for fault in found.faults]) == (None, [message])
