"""Consistent plans for WireViz: any texts and names, points that are there, and nothing that it has no place for."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import fields, replace

from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.wireviz_lost import said_of
from fleet.wiring.rules.wireviz_words import KINDS, OPEN
from protocols.wiring.parts import Bus, Cavity, Connector, Fuse, Load
from protocols.wiring.plan import Cable, Conductor, Plan
from tests.support.generated_plans import parts, plans

_names = st.sampled_from(
    [
        *(f"{word}{n}" for word in ("A", "B-", "x_", "W") for n in range(12)),
        "NO",
        "s",
        "W1-s",
        "W1-1",
        "W1-1-end",
        "node",
    ]
)
_SINGLE = {"supply", "return", "ignition-sense", "can-h", "can-l"}


@st.composite
def consistent_plans(draw: st.DrawFn) -> Plan:
    """A plan whose names hang together, and whose fields WireViz has a place for."""
    drawn = draw(plans())
    for kind, field in (
        *((kind, known.field) for kind, known in KINDS.items()),
        (Cable, "cables"),
        (Conductor, "conductors"),
    ):
        more = draw(st.dictionaries(_names, parts(kind), min_size=1, max_size=6 if kind is Conductor else 2))
        drawn = replace(drawn, **{field: {**getattr(drawn, field), **more}})
    plan = _with_names_of_their_own(_said(drawn))
    points = sorted(points_of(plan))
    some = st.sampled_from(points) if points else st.nothing()
    connectors = {}
    for name, connector in plan.connectors.items():
        cavities = {pin: _joined(draw, cavity, f"{name}.{pin}", points) for pin, cavity in connector.cavities.items()}
        links = draw(st.lists(st.sampled_from(sorted(cavities)), max_size=2, unique=True)) if cavities else []
        connectors[name] = replace(connector, cavities=cavities, links=[links] if len(links) > 1 else [], mates=None)
    halves = draw(st.permutations(sorted(connectors)))
    for first, second in zip(halves[::2], halves[1::2], strict=False):
        if draw(st.booleans()):
            connectors[first] = replace(connectors[first], mates=second)
    conductors = {}
    usual = draw(parts(Conductor))
    for name, conductor in plan.conductors.items() if len(points) > 1 else ():
        start, end = draw(st.lists(some, min_size=2, max_size=2, unique=True))
        cable = draw(st.none() | st.sampled_from(sorted(plan.cables))) if plan.cables else None
        is_shield = conductor.shield and cable is not None
        if draw(st.booleans()):
            route = draw(st.sampled_from(["", "sill", usual.route]))
            alike = {"length_m": usual.length_m, "type": usual.type, "route": route}
            conductor = replace(conductor, csa_mm2=usual.csa_mm2, **alike)  # noqa: PLW2901 - as most others are
        conductors[name] = replace(conductor, start=start, end=end, cable=cable, shield=is_shield)
    used = {conductor.cable for conductor in conductors.values()}
    cables = {name: cable for name, cable in plan.cables.items() if name in used}
    loads = {name: _with_a_peak(load) for name, load in plan.loads.items()}
    made = replace(plan, connectors=connectors, conductors=conductors, cables=cables, loads=loads)
    assert inconsistencies(made) == []
    return made


def points_of(plan: Plan) -> set[str]:
    """Every point of a plan."""
    found = {*plan.sources, *plan.grounds, *plan.splices}
    for kind, known in KINDS.items():
        for name, part in getattr(plan, known.field).items():
            if kind in (Fuse, Bus):
                found.update(f"{name}.{pin}" for pin in known.pins)
            if isinstance(part, Connector):
                found.update(f"{name}.{pin}" for pin in part.cavities)
            if isinstance(part, Load):
                found.update(f"{name}.{pin}" for pin in part.terminals)
    return found


def _with_a_peak(load: Load) -> Load:
    """A load that draws no more for hours than at most."""
    if load.peak_a is None or load.running_a is None:
        return load
    return replace(load, peak_a=max(load.peak_a, load.running_a))


def _joined(draw: st.DrawFn, cavity: Cavity, own: str, points: list[str]) -> Cavity:
    others = [point for point in points if point != own]
    return replace(cavity, joins=draw(st.none() | st.sampled_from(others)) if others else None)


def _said(thing: Any) -> Any:
    """A struct with each field at its default that WireViz has no place for."""
    said, parts = said_of(type(thing))
    changed: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.name in parts:
            changed[field.name] = {name: _said(part) for name, part in value.items()}
        elif field.name not in said:
            changed[field.name] = field.default
    return replace(thing, **changed)


def _with_names_of_their_own(plan: Plan) -> Plan:
    taken: set[str] = set()
    changed: dict[str, Any] = {}
    for kind in (*(known.field for known in KINDS.values()), "cables", "conductors"):
        mine = {name: part for name, part in getattr(plan, kind).items() if name not in taken}
        taken.update(mine)
        changed[kind] = mine
    changed["connectors"] = {
        name: replace(connector, cavities=connector.cavities or {"1": Cavity()})
        for name, connector in changed["connectors"].items()
    }
    changed["connectors"] |= {name: OPEN for name in ("W1-end", "open") if name not in taken}
    changed["loads"] = {name: _with_roles_of_their_own(load) for name, load in changed["loads"].items()}
    return replace(plan, **changed)


def _with_roles_of_their_own(load: Load) -> Load:
    taken: set[str] = set()
    kept = {}
    for pin, terminal in load.terminals.items():
        if terminal.role not in taken:
            kept[pin] = terminal
        taken.update(_SINGLE & {terminal.role})
    return replace(load, terminals=kept)
