"""Plans as text: what is written reads as the same plan."""

import pytest
import yaml
from hypothesis import given, settings

from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.parts import Load, LoadTerminal, Source, Splice
from protocols.wiring.plan import Plan
from tests.support.generated_plans import plans
from tests.support.wiring_plans import circuit, kit


@settings(max_examples=80)
@given(plans())
def test_reading_what_was_written_gives_an_equal_plan(plan: Plan) -> None:
    assert read_plan(write_plan(plan)).plan == plan


@given(plans())
def test_what_was_written_is_yaml_for_others_too(plan: Plan) -> None:
    document = yaml.safe_load(write_plan(plan))
    assert document["name"] == plan.name
    assert document.get("title", "") == plan.title
    assert [str(key) for key in document.get("conductors", {})] == [*plan.conductors]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_is_written_reads_as_itself(name: str) -> None:
    reading = read_plan(write_plan(template(name)))
    assert (reading.plan, reading.faults) == (template(name), [])


def test_a_component_takes_one_line_and_leaves_out_what_is_as_it_is_anyhow() -> None:
    text = write_plan(circuit(vehicle=None, splices={"S1": Splice()}))
    assert text == (
        "muster_wiring: 1\n"
        "name: test\n"
        "\n"
        "sources:\n"
        '  B1: {terminal: "30", battery: main, circuit: battery}\n'
        "\n"
        "grounds:\n"
        "  G1: {}\n"
        "\n"
        "fuses:\n"
        "  F1: {rating_a: 5, holder_max_a: 20}\n"
        "\n"
        "splices:\n"
        "  S1: {}\n"
        "\n"
        "loads:\n"
        "  camera: {peak_a: 2, running_a: 1, quiescent_ma: 10, min_v: 9, max_v: 16}\n"
        "\n"
        "conductors:\n"
        "  W1: {from: B1, to: F1.in, csa_mm2: 2.5, length_m: 0.2}\n"
        "  W2: {from: F1.out, to: camera.+, csa_mm2: 2.5, length_m: 1}\n"
        "  W3: {from: camera.-, to: G1, csa_mm2: 2.5, length_m: 1}\n"
    )


def test_a_component_that_is_too_long_for_a_line_is_a_block() -> None:
    load = kit(description="Camera unit with a small computer and an LTE modem", part="x" * 60, max_v=0.00001)
    text = write_plan(Plan(muster_wiring=1, name="test", loads={"camera": load}))
    assert "  camera:\n    description: Camera unit with a small computer and an LTE modem\n" in text
    assert "    max_v: 0.00001\n" in text


def test_a_long_note_is_folded_and_one_that_folding_would_change_is_not() -> None:
    words = " ".join(["word"] * 60)
    assert "note: >-\n  word word" in write_plan(Plan(muster_wiring=1, name="test", note=words))
    for text in (f" {words}", f"{words} "):
        assert f'note: "{text}"\n' in write_plan(Plan(muster_wiring=1, name="test", note=text))


@pytest.mark.parametrize("blanks", [1, 2, 40])
def test_a_long_note_keeps_its_blanks(blanks: int) -> None:
    words = (" " * blanks).join(["word"] * 12)
    for note in (words, f" {words}", f"{words} ", f"{words}  #: {words}"):
        plan = Plan(muster_wiring=1, name="test", note=note[:500])
        assert read_plan(write_plan(plan)).plan == plan


def test_what_others_would_take_for_something_else_is_in_quotes() -> None:
    load = Load(terminals={"on": LoadTerminal(role="supply"), "1": LoadTerminal(role="return")})
    plan = Plan(muster_wiring=1, name="NO", revision="1.10", loads={"y": load}, sources={"B1": Source(terminal="15")})
    document = yaml.safe_load(write_plan(plan))
    assert (document["name"], document["revision"]) == ("NO", "1.10")
    assert document["sources"]["B1"]["terminal"] == "15"
    assert [*document["loads"]["y"]["terminals"]] == ["on", 1]
