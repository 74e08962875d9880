"""Plans as WireViz documents."""

from typing import Any

import pytest

from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.wireviz_layout import outwards
from fleet.wiring.rules.wireviz_out import expressible, is_misread, to_wireviz
from fleet.wiring.rules.wireviz_words import notes_in, notes_of, plain_text, shown
from protocols.wiring.plan import Plan

PLAN = """
muster_wiring: 1
name: kit
sources: {B1: {terminal: "30", place: battery}}
grounds: {G1: {}}
fuses: {F1: {rating_a: 7.5, holder_max_a: 20}}
connectors:
  X1: {part: "A & B <C>", cavities: {"1": {joins: cam.+}, "2": {joins: cam.-, contact: size 16}}}
  X2: {mates: X1, cavities: {"1": {}, "2": {}}, links: [["1", "2"]]}
loads: {cam: {peak_a: 2, cutoff: {off_v: 11, on_v: 12}}}
cables: {C1: {part: two core}}
conductors:
  W1: {from: B1, to: F1.in, csa_mm2: 1.5, length_m: 0.2, colour: RD}
  W2: {from: F1.out, to: X1.1, csa_mm2: 1, length_m: 3, colour: RD, cable: C1}
  W3: {from: X1.2, to: G1, csa_mm2: 1, length_m: 3, colour: BN, cable: C1}
"""


def plan_of(text: str = PLAN) -> Plan:
    reading = read_plan(text)
    assert reading.plan is not None
    assert reading.faults == []
    return reading.plan


def test_components_become_connectors_and_conductors_cables() -> None:
    document: dict[str, Any] = to_wireviz(plan_of()).document
    assert document["connectors"]["F1"] == {
        "type": "Fuse",
        "subtype": "7.5 A, holder up to 20 A",
        "pins": ["in", "out"],
    }
    assert document["connectors"]["X1"]["pn"] == "A &amp; B &lt;C&gt;"
    assert document["connectors"]["B1"]["style"] == "simple"
    assert document["cables"]["C1"] == {
        "type": "thin-wall",
        "pn": "two core",
        "gauge": "1 mm2",
        "length": 3,
        "wirecount": 2,
        "colors": ["RD", "BN"],
        "wirelabels": ["W2", "W3"],
    }
    assert document["cables"]["W1"]["category"] == "bundle"
    assert [{"F1": ["out"]}, {"C1": [1]}, {"X1": [1]}] in document["connections"]
    assert [{"X1": [1]}, "--", {"cam": ["+"]}] in document["connections"]
    assert ["X2", "<==>", "X1"] in document["connections"]


def test_what_is_lost_is_told_and_nothing_else() -> None:
    assert to_wireviz(plan_of()).lost == [
        "connectors.X1.cavities.2.contact: WireViz has no place for it (size 16)",
        "loads.cam.cutoff: WireViz has no place for it",
    ]
    assert not expressible(plan_of())
    assert expressible(plan_of(PLAN.replace(", contact: size 16", "").replace(", cutoff: {off_v: 11, on_v: 12}", "")))


def test_a_cable_of_two_gauges_is_split_and_that_told() -> None:
    exported = to_wireviz(plan_of(PLAN.replace("X1.2, to: G1, csa_mm2: 1,", "X1.2, to: G1, csa_mm2: 2.5,")))
    cables: Any = exported.document["cables"]
    assert {"C1", "C1-2"} <= cables.keys()
    assert any(line.startswith("cables.C1: drawn as C1, C1-2") for line in exported.lost)


def test_a_drawing_has_sources_and_grounds_at_the_left() -> None:
    turned = outwards(plan_of()).conductors
    assert [(turned[name].start, turned[name].end) for name in ("W1", "W2", "W3")] == [
        ("B1", "F1.in"),
        ("F1.out", "X1.1"),
        ("G1", "X1.2"),
    ]


@pytest.mark.parametrize("pin", ["01", "+1", "1_0", "1-2", "1-+2"])
def test_names_that_wireviz_misreads(pin: str) -> None:
    assert is_misread(pin)
    plan = plan_of(f'muster_wiring: 1\nname: k\nconnectors: {{X1: {{cavities: {{"{pin}": {{}}, "p{pin}": {{}}}}}}}}')
    exported = to_wireviz(plan)
    connectors: Any = exported.document["connectors"]
    assert connectors["X1"]["pins"] == [f"p{pin}_", f"p{pin}"]
    assert exported.lost == [f"X1.{pin}: WireViz would misread this name, so it is called p{pin}_"]


@pytest.mark.parametrize("pin", ["1", "30a", "+", "-", "-1", "1-", "a-1", "--", "1-2-3"])
def test_names_that_wireviz_reads(pin: str) -> None:
    assert not is_misread(pin)


@pytest.mark.parametrize("text", ["a & b < c > d", "&amp;", "C:\\new\\N", '<a href="x">', "plain"])
def test_texts_are_neither_markup_nor_signs_of_graphviz(text: str) -> None:
    assert plain_text(shown(text)) == text
    assert "<" not in shown(text)


@pytest.mark.parametrize(
    "said",
    [
        {"place": "boot", "note": "mind the " + "very " * 30 + "end"},
        {"note": "place: is how this begins"},
        {"note": "word " * 9 + "place: not one"},
        {"route": "left sill"},
        {"route": "left sill", "note": "note: twice"},
    ],
)
def test_notes_come_back(said: dict[str, str]) -> None:
    assert notes_in(notes_of(**said)) == said
