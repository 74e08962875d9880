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


def not_said(thing: msgspec.Struct, path: str = "") -> Iterator[str]:
    """A line for each field that is not at its default, those of all that is inside included."""
    kind = type(thing)
    said = _SAID[kind] | _FACTS.get(kind, set())
    parts = _PARTS.get(kind, ())
    for field in msgspec.structs.fields(thing):
        value = getattr(thing, field.name)
        if field.name in parts:
            for name, part in value.items():
                yield from not_said(part, f"{path}{field.name}.{name}.")
        elif field.name not in said and value != field.default:
            yield f"{path}{field.encode_name}: WireViz has no place for it{_shown(value)}"
    if isinstance(thing, Conductor) and thing.length_m == 0:
        yield f"{path}length_m: WireViz takes 0 for a length that is not said"


def _shown(value: object) -> str:
    return f" ({value})" if isinstance(value, str | float | int) and not isinstance(value, bool) else ""
