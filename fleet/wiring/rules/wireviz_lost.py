"""What a plan says and WireViz has no place for. Pure."""

from collections.abc import Iterator

import msgspec

from fleet.wiring.rules.wireviz_words import KINDS
from protocols.wiring.parts import Bus, Cavity, Connector, Fuse, Ground, Load, LoadTerminal, Source, Splice
from protocols.wiring.plan import Cable, Conductor, Plan

_SAID: dict[type[msgspec.Struct], set[str]] = {
    Plan: {"muster_wiring", "name", "title", "revision", "note", "extras"},
    Source: {"place", "colour"},
    Ground: {"place"},
    Fuse: {"place"},
    Splice: {"place"},
    Connector: {"part", "mates", "cavities", "links", "place", "note"},
    Cavity: {"joins", "label"},
    Load: {"description", "part", "terminals"},
    LoadTerminal: {"role"},
    Bus: {"place"},
    Cable: {"part", "sheath", "note"},
    Conductor: {"start", "end", "csa_mm2", "length_m", "colour", "type", "route", "cable", "shield", "label"},
}
_FACTS: dict[type[msgspec.Struct], set[str]] = {
    kind: {fact.field for fact in known.facts} for kind, known in KINDS.items()
}
_PARTS: dict[type[msgspec.Struct], tuple[str, ...]] = {
    Plan: (*(kind.field for kind in KINDS.values()), "cables", "conductors"),
    Connector: ("cavities",),
    Load: ("terminals",),
}


def said_of(kind: type[msgspec.Struct]) -> tuple[set[str], tuple[str, ...]]:
    """The fields of a plan's part that WireViz has a place for, and those whose own parts are looked at."""
    return _SAID[kind] | _FACTS.get(kind, set()), _PARTS.get(kind, ())


def not_said(thing: msgspec.Struct, path: str = "") -> Iterator[str]:
    """A line for each field that is not at its default, those of all that is inside included."""
    said, parts = said_of(type(thing))
    for field in msgspec.structs.fields(thing):
        value = getattr(thing, field.name)
        if field.name in parts:
            for name, part in value.items():
                yield from not_said(part, f"{path}{field.name}.{name}.")
        elif field.name not in said and value != field.default:
            yield f"{path}{field.encode_name}: WireViz has no place for it{_shown(value)}"
        elif isinstance(value, str) and (value != value.strip() or "  " in value):
            yield f"{path}{field.encode_name}: its blanks at the ends, and two in a row, are not kept"
    if isinstance(thing, Plan):
        yield from _not_said_twice(thing)
    if isinstance(thing, Conductor) and thing.length_m == 0:
        yield f"{path}length_m: WireViz takes 0 for a length that is not said"


def _not_said_twice(plan: Plan) -> Iterator[str]:
    for number, extra in enumerate(plan.extras):
        if not extra.part or extra.part != extra.part.strip() or "  " in extra.part:
            yield f"extras.{number}.part: a text without blanks at its ends, or two in a row, is kept"
    for name, connector in plan.connectors.items():
        other = plan.connectors.get(connector.mates or "")
        if other is not None and other.mates == name and name > (connector.mates or ""):
            yield f"connectors.{name}.mates: one arrow says it for both, and {connector.mates} says it already"


def _shown(value: object) -> str:
    return f" ({value})" if isinstance(value, str | float | int) and not isinstance(value, bool) else ""
