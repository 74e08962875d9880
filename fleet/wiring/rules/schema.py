"""The JSON Schema of plans, which editors complete and check a plan's file with. Pure."""

import inspect
import re
from typing import Any

import msgspec

from protocols.text import ONE_LINE
from protocols.wiring import parts as wiring_parts
from protocols.wiring import plan
from protocols.wiring.words import COLOUR_CODES, PinName

_TITLE = "Muster wiring plan"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/"
_UNITS = {
    "a": "amperes",
    "v": "volts",
    "ma": "milliamperes",
    "mm2": "square millimetres",
    "m": "metres",
    "mm": "millimetres",
    "s": "seconds",
    "c": "degrees Celsius",
    "ah": "ampere-hours",
    "ohm": "ohms",
    "kbit": "kbit/s",
    "days": "days",
}
"""What the last part of a number's name means."""

_COLOUR = f"One to three codes of IEC 60757, the base colour first: {', '.join(COLOUR_CODES)}."
_POINT = "A point: B1 of a source, ground or splice, F1.in, X1.3, camera.+ or powertrain.h."
_WORDS = {
    "from": _POINT,
    "to": _POINT,
    "joins": _POINT,
    "colour": _COLOUR,
    "sheath": _COLOUR,
    "terminal": "DIN 72552: 15 ignition-switched, 30 battery, 30a second battery, 31 return, 31b switched return, "
    "50 starter control, 54 brake, 58 side lights.",
    "circuit": "What the circuit serves. Only battery and general may be tapped.",
    "type": "ISO 6722 class B thin-wall, or old PVC, which carries about half.",
    "resistance": "Whose resistances are used. IEC 60228 class 5 is the conservative one.",
    "role": "What the terminal is for.",
}
"""What the words of a field mean, where the contract says nothing of the field itself."""

_EXAMPLE: dict[str, object] = {
    "muster_wiring": 1,
    "name": "one-circuit",
    "vehicle": {"system_v": 12, "batteries": {"main": {"capacity_ah": 70}}},
    "sources": {"B1": {"terminal": "30", "battery": "main", "circuit": "battery"}},
    "grounds": {"G1": {"place": "stud at the bulkhead"}},
    "fuses": {"F1": {"rating_a": 5}},
    "loads": {"camera": {"peak_a": 2.2, "running_a": 1.3, "min_v": 9, "max_v": 36}},
    "conductors": {
        "W1": {"from": "B1", "to": "F1.in", "csa_mm2": 1.5, "length_m": 0.2, "colour": "RD"},
        "W2": {"from": "F1.out", "to": "camera.+", "csa_mm2": 1.5, "length_m": 3, "colour": "RD"},
        "W3": {"from": "camera.-", "to": "G1", "csa_mm2": 1.5, "length_m": 0.5, "colour": "BN"},
    },
}


def json_schema() -> dict[str, object]:
    """The schema of a plan, with what the contract says of each part. It takes what the reader takes: a number where a
    text may be one (`terminal: 30`), and nothing for a part that needs no more than its name."""
    schema: dict[str, Any] = msgspec.json.schema(plan.Plan)
    structs = {name: getattr(plan, name, None) or getattr(wiring_parts, name) for name in schema["$defs"]}
    bare = {f"{_REF}{name}" for name, definition in schema["$defs"].items() if not definition.get("required")}
    for name, definition in schema["$defs"].items():
        _describe(definition, inspect.getdoc(structs[name]) or "")
        definition["properties"] = {key: _as_read(one, bare) for key, one in definition["properties"].items()}
    root = schema["$defs"].pop("Plan")
    _describe_sections(root, schema["$defs"])
    return {
        "$schema": _DIALECT,
        **root,
        "title": _TITLE,
        "examples": [_EXAMPLE],
        "$defs": schema["$defs"],
    }


def _describe(definition: dict[str, Any], doc: str) -> None:
    """Gives a struct's text to it, and to each field the sentences that name it, with its unit of measure."""
    text = " ".join(doc.split())
    definition["description"] = text
    sentences = re.split(r"(?<=\.) ", text)
    for field, one in definition["properties"].items():
        about = " ".join(sentence for sentence in sentences if f"`{field}`" in sentence)
        unit = _UNITS.get(field.rpartition("_")[2]) if _is_number(one) else None
        parts = [
            about or _WORDS.get(field, ""),
            f"In {unit}." if unit and unit not in about else "",
        ]
        if any(parts):
            one["description"] = " ".join(part for part in parts if part)


def _describe_sections(root: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Gives each part of a plan that has others by name the first sentence of what is said of those."""
    for one in root["properties"].values():
        holds = str(one.get("additionalProperties"))
        named = next((name for name in definitions if f"{_REF}{name}'" in holds), None)
        if named is not None:
            one["description"] = "By name. " + definitions[named]["description"].partition(". ")[0].rstrip(".") + "."


def _is_number(schema: dict[str, Any]) -> bool:
    return any(one.get("type") == "number" for one in (schema, *schema.get("anyOf", ())))


def _as_read(schema: Any, bare: set[str]) -> Any:
    """What the reader takes where `schema` is said; `bare` are the references to what needs no field."""
    if isinstance(schema, list):
        return [_as_read(one, bare) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") in bare:
        return {"anyOf": [schema, {"type": "null"}]}
    read = {key: one if key == "default" else _as_read(one, bare) for key, one in schema.items()}
    if schema.get("type") == "object" and "additionalProperties" in schema:
        read["type"] = ["object", "null"]
    if schema.get("type") == "string" and schema.get("pattern") in (ONE_LINE, _PIN):
        read["type"] = ["string", "number"]
    if "enum" in schema:
        read["enum"] = [
            *schema["enum"],
            *(int(one) for one in schema["enum"] if isinstance(one, str) and one.isdigit()),
        ]
    return read


def _pattern_of_pins() -> str | None:
    info = msgspec.inspect.type_info(PinName)
    return info.pattern if isinstance(info, msgspec.inspect.StrType) else None


_PIN = _pattern_of_pins()
