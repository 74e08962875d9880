"""Reading plans: what is written is what is meant, and everything has its place."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleet.wiring.rules import yaml_nodes
from fleet.wiring.rules.faults import MAX_FAULTS
from fleet.wiring.rules.library import TEMPLATES, template_text
from fleet.wiring.rules.reading import Reading, read_plan
from protocols.wiring.parts import Splice
from protocols.wiring.plan import MAX_TEXT_CHARS, Plan

HEAD = "muster_wiring: 1\nname: van\n"
GOOD = template_text("van-12v")
SIGNS = [
    *":{}[]&*!|>%@`'\"#,-? \n\t~<0.\\=\r\x00\x1b\x85\ufeff\u2028\u202e",
    *("\n  ", "<<: ", "- ", "*a", "&a ", '"\\x1b"', '"\\ud800"', '"\\U99999999"', "!!int ", "---\n", "...\n", "? "),
    *("%YAML 1.1\n", "null", "0x1F", "1:30", ".nan", "1e400", "\ud800", "\ufffe"),
]


@pytest.fixture(autouse=True, params=[yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "python"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers: not every machine has libyaml."""
    monkeypatch.setattr(yaml_nodes, "_LOADER", request.param)


def whole(text: str) -> Plan:
    reading = read_plan(text)
    assert reading.faults == []
    assert reading.plan is not None
    return reading.plan


def assert_sound(reading: Reading, text: str) -> None:
    lines = text.replace("\r\n", "\n").splitlines()
    assert (reading.plan is not None) or reading.faults
    assert len(reading.faults) <= MAX_FAULTS
    for fault in reading.faults:
        assert fault.message
        assert fault.remedy
        assert "\x1b" not in "".join((fault.path, fault.message, fault.remedy))
        assert 1 <= fault.place.line <= len(lines) + 2
        assert fault.place.column >= 1


@given(st.text())
@example("")
@example("[" * 5000)
@example('a: "\\ud800"')
@example('"\\U99999999"')
@example(f"%YAML {'9' * 5000}.1\n---\na")
@example("&a [*a]")
@example("? [a]\n: b")
@example("muster_wiring: " + "9" * 5000)
@example("\ufeff")
def test_any_text_is_read_without_an_exception(text: str) -> None:
    assert_sound(read_plan(text), text)


@settings(max_examples=60)
@given(st.data())
def test_a_plan_with_anything_written_into_it_is_read_without_an_exception(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 8))
        text = text[:start] + data.draw(st.sampled_from(SIGNS) | st.text(max_size=4)) + text[end:]
    assert_sound(read_plan(text), text)


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("revision", "1.10", "1.10"),
        ("revision", "0x10", "0x10"),
        ("revision", "2026-01-02", "2026-01-02"),
        ("title", "NO", "NO"),
        ("title", "null", "null"),
        ("title", "12:30", "12:30"),
        ("title", "", ""),
        ("title", '"null"', "null"),
        ("note", ">-\n  two\n  lines", "two lines"),
        ("hot_c", "85", 85.0),
        ("hot_c", "85.50", 85.5),
        ("hot_c", "+85.", 85.0),
        ("hot_c", "", None),
        ("hot_c", "~", None),
        ("hot_c", "null", None),
    ],
)
def test_text_is_its_own_writing_and_numbers_are_decimals(name: str, written: str, meant: object) -> None:
    assert getattr(whole(f"{HEAD}{name}: {written}\n"), name) == meant


def test_names_of_terminals_and_cavities_are_text_whatever_they_look_like() -> None:
    plan = whole(
        f"{HEAD}connectors: {{on: {{cavities: {{1: {{joins: cam.15}}, 01: {{}}, 1.0: {{}}}}}}}}\n".replace("1.0", "NO")
        + "loads: {cam: {terminals: {15: {role: supply}, +: {role: return}, -: {role: signal}}}}\n"
        "sources: {yes: {terminal: 15}, B2: {terminal: 30a}, B3: {terminal: '30'}}\n"
    )
    assert [*plan.connectors["on"].cavities] == ["1", "01", "NO"]
    assert [*plan.loads["cam"].terminals] == ["15", "+", "-"]
    assert {name: one.terminal for name, one in plan.sources.items()} == {"yes": "15", "B2": "30a", "B3": "30"}


def test_what_needs_no_field_is_said_by_its_name_alone() -> None:
    assert whole(f"{HEAD}fuses:\nsplices:\n  S1:\n  S2: ~\nextras:\n").splices == {"S1": Splice(), "S2": Splice()}


def test_anchors_and_aliases_are_read() -> None:
    plan = whole(f"{HEAD}fuses: {{F1: &small {{rating_a: 5}}, F2: *small}}\n")
    assert plan.fuses["F1"] == plan.fuses["F2"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_line_ends_and_byte_order_marks_of_other_systems_change_nothing(name: str) -> None:
    text = template_text(name)
    assert read_plan("\ufeff" + text.replace("\n", "\r\n")) == read_plan(text)


def test_every_key_and_item_has_its_place() -> None:
    reading = read_plan(
        f"{HEAD}"
        "vehicle:\n"
        "  system_v: 12\n"
        "connectors:\n"
        "  X1: {cavities: {1: {}, 2: {label: a}}, links: [[1, 2]]}\n"
        "extras:\n"
        "  - part: clip\n"
    )
    assert reading.faults == []
    assert reading.places == {
        "muster_wiring": (1, 1),
        "name": (2, 1),
        "vehicle": (3, 1),
        "vehicle.system_v": (4, 3),
        "connectors": (5, 1),
        "connectors.X1": (6, 3),
        "connectors.X1.cavities": (6, 8),
        "connectors.X1.cavities.1": (6, 19),
        "connectors.X1.cavities.2": (6, 26),
        "connectors.X1.cavities.2.label": (6, 30),
        "connectors.X1.links": (6, 42),
        "connectors.X1.links.0": (6, 50),
        "connectors.X1.links.0.0": (6, 51),
        "connectors.X1.links.0.1": (6, 54),
        "extras": (7, 1),
        "extras.0": (8, 5),
        "extras.0.part": (8, 5),
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [("vehicle.system_v", 4), ("vehicle.alternator.kind", 3), ("loads.camera", 1), ("", 1), ("name", 2)],
)
def test_what_is_not_there_has_the_place_of_the_nearest_part_that_is(path: str, line: int) -> None:
    assert read_plan(f"{HEAD}vehicle:\n  system_v: 12\n").place(path).line == line


def test_a_text_of_the_greatest_length_is_read_and_a_longer_one_is_not() -> None:
    full = HEAD + "#" * (MAX_TEXT_CHARS - len(HEAD))
    assert whole(full).name == "van"
    [fault] = read_plan(full + "#").faults
    assert (fault.place, fault.remedy) == ((1, 1), f"keep it to {MAX_TEXT_CHARS}")
