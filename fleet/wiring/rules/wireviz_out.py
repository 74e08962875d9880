"""A plan as a WireViz 0.4 document. Pure.

Every component becomes a connector (see `wireviz_words`), every sheath a cable, conductors that take one route a
bundle, and any other conductor a bundle of one wire, so that it keeps its own cross-section and length.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import yaml

from fleet.wiring.rules.network import mated
from fleet.wiring.rules.wireviz_cables import Group, cable_of, grouped
from fleet.wiring.rules.wireviz_lost import not_said
from fleet.wiring.rules.wireviz_words import KINDS, OPEN, Component, facts_of, figure, notes_of, shown
from protocols.wiring.parts import Connector, Load, Source
from protocols.wiring.plan import Plan

Document = dict[str, object]


class Exported(NamedTuple):
    """A document for WireViz, and what of the plan is not in it: a line each, the path first."""

    document: Document
    lost: list[str]


def to_wireviz(plan: Plan) -> Exported:
    """A consistent plan (see `consistency`) as WireViz has it."""
    writer = _Writer(plan)
    document: Document = {
        "metadata": _metadata(plan),
        "connectors": writer.connectors,
        "cables": writer.cables,
        "connections": writer.connections,
    }
    if plan.extras:
        document["additional_bom_items"] = [
            {"description": shown(extra.part), "qty": figure(extra.quantity), "unit": extra.unit}
            for extra in plan.extras
        ]
    return Exported(document, [*writer.lost, *not_said(plan)])


def expressible(plan: Plan) -> bool:
    """Whether WireViz has a place for all of a consistent plan: reading what `wireviz_text` writes gives it again."""
    return not to_wireviz(plan).lost


def wireviz_text(plan: Plan) -> str:
    """A plan as WireViz's YAML."""
    return written(to_wireviz(plan).document)


def written(document: Document) -> str:
    """A document as YAML."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return text


class _Writer:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lost: list[str] = []
        self.connectors: Document = {}
        self.cables: Document = {}
        self.connections: list[list[object]] = []
        self._open = open_ends(plan)
        self._pins: dict[str, dict[str, str | int]] = {}
        for name, component in components(plan):
            self._connector(name, component)
        self._conductors()
        self._contacts()
        self._unconnected()

    def _connector(self, name: str, component: Component) -> None:
        kind = KINDS[type(component)]
        if name in self._open:
            return
        pins, labels = kind.pins, [""] * len(kind.pins)
        if isinstance(component, Connector):
            pins, labels = tuple(component.cavities), [cavity.label for cavity in component.cavities.values()]
        elif isinstance(component, Load):
            pins, labels = tuple(component.terminals), [terminal.role for terminal in component.terminals.values()]
        if not pins:
            self.lost.append(f"connectors.{name}: it has no cavities, and WireViz draws none without")
            return
        self._pins[name] = self._fit_pins(name, pins)
        said: dict[str, object] = {
            "type": kind.type,
            "subtype": facts_of(component, names=_defaults(type(component))),
            "pn": shown(getattr(component, "part", "")),
            "color": component.colour if isinstance(component, Source) else None,
            "notes": _notes(component),
        }
        attributes: Document = {field: value for field, value in said.items() if value}
        if len(pins) == 1 and (kind.pins or getattr(component, "kind", "") == "terminal"):
            attributes |= {"style": "simple", "show_name": True}
        attributes["pins"] = list(self._pins[name].values())
        apart = self._told_apart(name, labels)
        if any(apart):
            attributes["pinlabels"] = apart
        if isinstance(component, Connector) and component.links:
            attributes["loops"] = [[self._pins[name][pin] for pin in link] for link in component.links]
        self.connectors[name] = attributes

    def _fit_pins(self, name: str, pins: tuple[str, ...]) -> dict[str, str | int]:
        """Pins as WireViz finds them again: it takes `01` for 1, and `1-3` for three pins."""
        fit: dict[str, str | int] = {}
        for pin in pins:
            if not is_misread(pin):
                fit[pin] = int(pin) if pin.isdecimal() else pin
                continue
            other = next(
                other for n in range(len(pins) + 1) if (other := f"p{pin}{'_' * n}") not in (*pins, *fit.values())
            )
            fit[pin] = other
            self.lost.append(f"{name}.{pin}: WireViz would misread this name, so it is called {other}")
        return fit

    def _told_apart(self, name: str, labels: list[str]) -> list[str]:
        """Labels without those that are another pin's name, which WireViz refuses."""
        pins = [str(pin) for pin in self._pins[name].values()]
        apart = [label not in pins or pins[number] == label for number, label in enumerate(labels)]
        self.lost.extend(
            f"{name}.{pin}: WireViz refuses its label {label}, for another pin is called so"
            for pin, label, is_apart in zip(self._pins[name], labels, apart, strict=True)
            if not is_apart
        )
        return [shown(label) if is_apart else "" for label, is_apart in zip(labels, apart, strict=True)]

    def _conductors(self) -> None:
        for group in grouped(self.plan, frozenset(self.connectors), self.lost):
            self.cables[group.name] = cable_of(self.plan, group)
            self._runs(group)

    def _runs(self, group: Group) -> None:
        """Connection sets of a group's wires, those between the same two components in one."""
        runs: dict[tuple[str, str], list[tuple[object, object, object]]] = {}
        for name, wire in group.wires:
            conductor = self.plan.conductors[name]
            (first, first_pin), (last, last_pin) = self._end(conductor.start, name), self._end(conductor.end, name)
            runs.setdefault((first, last), []).append((first_pin, wire, last_pin))
        for (first, last), wires in runs.items():
            ends = [[pin for pin, _, _ in wires], [wire for _, wire, _ in wires], [pin for _, _, pin in wires]]
            named = zip((first, group.name, last), ends, strict=True)
            self.connections.append([{name: members} for name, members in named if name])

    def _end(self, point: str, conductor: str = "") -> tuple[str, object]:
        name, _, pin = point.partition(".")
        if name in self._open:
            if name != f"{conductor[:20]}-end":
                self.lost.append(f"connectors.{name}: an end that is joined to nothing has no name")
            return "", None
        return name, self._pins[name][pin or "1"]

    def _contacts(self) -> None:
        for name, connector in self.plan.connectors.items():
            for pin, cavity in connector.cavities.items():
                if cavity.joins is not None and name not in self._open:
                    other, other_pin = self._end(cavity.joins)
                    sides = [{name: [self._pins[name][pin]]}, {other: [other_pin]}]
                    is_left = any(other in kind for kind in (self.plan.sources, self.plan.grounds, self.plan.buses))
                    first, last = reversed(sides) if is_left else sides
                    self.connections.append([first, "--", last])
        for first, second in mated(self.plan):
            if first in self.connectors and second in self.connectors:
                self.connections.append([first, "<==>", second])

    def _unconnected(self) -> None:
        """What is in no connection set is not drawn; so it is in one by itself."""
        mentioned = {name for members in self.connections for member in members for name in _names(member)}
        self.connections.extend([name] for name in self.connectors if name not in mentioned)


def _names(member: object) -> Iterator[str]:
    if isinstance(member, dict):
        yield from member
    elif isinstance(member, str):
        yield member


def components(plan: Plan) -> Iterator[tuple[str, Component]]:
    """Every component of a plan that has points, with its name."""
    for kind in KINDS.values():
        yield from getattr(plan, kind.field).items()


def open_ends(plan: Plan) -> set[str]:
    """Connectors that stand for a conductor's end that is joined to nothing."""
    uses = Counter(end for conductor in plan.conductors.values() for end in (conductor.start, conductor.end))
    for connector in plan.connectors.values():
        uses.update(cavity.joins for cavity in connector.cavities.values() if cavity.joins is not None)
        uses.update([f"{connector.mates}.1"] if connector.mates is not None else [])
    found: set[str] = set()
    for conductor in plan.conductors.values():
        for end in (conductor.start, conductor.end):
            name = end.partition(".")[0]
            if plan.connectors.get(name) == OPEN and uses[end] == 1:
                found.add(name)
                break
    return found


def is_misread(pin: str) -> bool:
    """Whether WireViz takes a pin's name for another number, or for a range of pins."""
    if _number(pin) is not None:
        return str(_number(pin)) != pin
    halves = pin.split("-")
    return len(halves) == 2 and all(_number(half) is not None for half in halves)


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _defaults(kind: type[Component]) -> Mapping[str, object]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}


def _notes(component: Component) -> str:
    note = component.description if isinstance(component, Load) else getattr(component, "note", "")
    return notes_of(place=shown(getattr(component, "place", "")), note=shown(note))


def _metadata(plan: Plan) -> Document:
    said: Document = {"title": shown(plan.title), "pn": plan.name, "description": shown(plan.note)}
    if plan.revision:
        said["revisions"] = {shown(plan.revision): {}}
    return {field: value for field, value in said.items() if value}
