"""The JSON Schema of plans: the file that editors read is the contract's, and takes what the reader takes."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings

from fleet.wiring.rules.library import TEMPLATES, template_text
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.schema import json_schema
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.plan import Plan
from tests.support.generated_plans import plans

DOCUMENT = Path(__file__).parents[4] / "docs" / "wiring.schema.json"
SCHEMA: dict[str, Any] = json_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def as_an_editor_sees(text: str) -> Any:
    """What YAML makes of a text, keys as JSON has them."""
    return json.loads(json.dumps(yaml.safe_load(text)))


def complaints(text: str) -> list[str]:
    return [
        f"{'.'.join(map(str, one.instance_path))}: {one.message}"
        for one in VALIDATOR.iter_errors(as_an_editor_sees(text))
    ]


def test_the_file_for_editors_is_the_schema() -> None:
    made = json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"
    assert DOCUMENT.read_text(encoding="utf-8") == made, "write `fleet wiring schema` to docs/wiring.schema.json"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_schema_takes_every_template(name: str) -> None:
    assert complaints(template_text(name)) == []


@settings(max_examples=50)
@given(plans())
def test_the_schema_takes_every_plan_that_is_written(plan: Plan) -> None:
    assert complaints(write_plan(plan)) == []


def test_the_schema_takes_its_example_and_so_does_the_reader() -> None:
    [example] = SCHEMA["examples"]
    text = yaml.safe_dump(example, sort_keys=False)
    assert complaints(text) == []
    assert read_plan(text).faults == []


@pytest.mark.parametrize(
    "line",
    [
        "sources: {B1: {terminal: 30}}",
        "sources: {B1: {terminal: 15, battery: null}}",
        "grounds: {G1: }",
        "fuses:",
        "revision: 1.10",
        "connectors: {X1: {cavities: {1: , 2: }, links: [[1, 2]], part: 12345}}",
    ],
)
def test_the_schema_takes_what_people_write_and_the_reader_takes(line: str) -> None:
    assert complaints(f"muster_wiring: 1\nname: van\n{line}\n") == []
    assert [one.path for one in read_plan(f"muster_wiring: 1\nname: van\n{line}\n").faults] in (
        [],
        ["connectors.X1.links.0"],
    )


@pytest.mark.parametrize(
    "line",
    [
        "colour: RD",
        "fuses: {F1: {}}",
        "fuses: {F1: {rating_a: 5 A}}",
        "fuses: {F1: {rating_a: 0}}",
        "fuses: {1F: {rating_a: 5}}",
        "sources: {B1: {terminal: 31}}",
        "conductors: {W1: {from: B1, to: F1.in, colour: red}}",
        "conductors: {W1: {from: B1, to: F1.in, shield: 1}}",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(line: str) -> None:
    text = f"muster_wiring: 1\nname: van\n{line}\n"
    assert complaints(text)
    assert read_plan(text).plan is None


def test_every_number_has_its_unit_and_every_part_is_described() -> None:
    definitions = SCHEMA["$defs"]
    assert all(one["description"] for one in definitions.values())
    assert "In square millimetres." in definitions["Conductor"]["properties"]["csa_mm2"]["description"]
    assert "IEC 60757" in definitions["Conductor"]["properties"]["colour"]["description"]
    assert "circuit's own fuse" in definitions["Source"]["properties"]["fuse_a"]["description"]
