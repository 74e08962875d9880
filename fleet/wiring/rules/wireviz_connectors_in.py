"""The connectors of a WireViz file as the components of a plan. Pure."""

from typing import NamedTuple, cast, get_args

import msgspec

from fleet.wiring.rules.wireviz_colours import iec_colour
from fleet.wiring.rules.wireviz_names import Names, fitted, pin_names
from fleet.wiring.rules.wireviz_nodes import Attributes, Faults, members
from fleet.wiring.rules.wireviz_sets import ConnectorSpec, End, Joined
from fleet.wiring.rules.wireviz_words import KINDS, OPEN, Component, Kind, facts_in, notes_in, plain_text
from fleet.wiring.rules.yaml_nodes import Listing
from protocols.wiring.parts import MAX_CAVITIES, Connector, Load, Splice
from protocols.wiring.words import TerminalRole

_DRAWING_ONLY = frozenset({"style", "show_name"})
_ROLES = frozenset(get_args(TerminalRole))
_SINGLE = frozenset({"supply", "return", "ignition-sense", "can-h", "can-l"})
_SHORT, _LONG = 80, 500
_DIGITS = 9


class Instance(NamedTuple):
    """A component of the plan: its field there, its name, its values, and its pins' names by those in the file."""

    field: str
    name: str
    values: dict[str, object]
    pins: dict[str, str]


class Components:
    """The components of a plan by their instances in the file."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self._open: dict[str, dict[str, object]] = {}

    def point(self, end: End) -> str:
        """A pin as a point of the plan."""
        found = self.instances[end.name]
        return found.name if found.field in ("sources", "grounds", "splices") else f"{found.name}.{found.pins[end.pin]}"

    def open_end(self, name: str) -> None:
        """Add what stands for a conductor's end that is joined to nothing."""
        values: dict[str, object] = {"kind": OPEN.kind, "part": OPEN.part, "cavities": _cavities({"1": ""})}
        self._open[name] = values

    def by_kind(self) -> dict[str, dict[str, object]]:
        """The components' values, by their field in a plan and by name."""
        found: dict[str, dict[str, object]] = {kind.field: {} for kind in KINDS.values()}
        for one in self.instances.values():
            found[one.field][one.name] = one.values
        found["connectors"].update(self._open)
        return found

    def join(self, first: End, second: End) -> bool:
        """Let one of two pins, if it is a cavity that joins nothing yet, make contact with the other."""
        if self.point(first) == self.point(second):
            return False
        for here, there in ((first, second), (second, first)):
            one = self.instances[here.name]
            if one.field != "connectors":
                continue
            cavity = cast("dict[str, dict[str, object]]", one.values["cavities"])[one.pins[here.pin]]
            if cavity.setdefault("joins", self.point(there)) == self.point(there):
                return True
        return False

    def mate(self, first: str, second: str) -> bool:
        """Let two connectors mate, if they are connectors and neither mates with another."""
        one, other = self.instances[first], self.instances[second]
        if first == second or (one.field, other.field) != ("connectors", "connectors"):
            return False
        halves = {
            frozenset((two.name, str(two.values["mates"]))) for two in self.instances.values() if "mates" in two.values
        }
        if frozenset((one.name, other.name)) in halves:
            return True
        if any({one.name, other.name} & half for half in halves):
            return False
        one.values["mates"] = other.name
        return True


class ConnectorReader:
    """Reads the section `connectors`."""

    def __init__(self, named: list[tuple[str, Attributes]], faults: Faults, lost: list[str]) -> None:
        self._attributes = dict(named)
        self._lost = lost
        self.specs: dict[str, ConnectorSpec] = {name: spec_of(one, faults) for name, one in named}

    def used(self, joined: Joined) -> dict[str, list[Attributes]]:
        """The attributes of each instance in the sets."""
        return {name: [self._attributes[template]] for name, template in joined.connectors.items()}

    def components(self, joined: Joined, names: Names) -> Components:
        """A component for each instance in the sets, with what makes contact and what mates."""
        found = Components()
        for instance, template in joined.connectors.items():
            attributes, spec = self._attributes[template], self.specs[template]
            name = names.of(f"connectors.{instance}", instance, "X")
            pins = pin_names(attributes.path, spec.pins, self._lost)
            labels = [fitted(f"{attributes.path}.pinlabels", label, _SHORT, self._lost) for label in spec.labels] + [
                ""
            ] * (len(pins) - len(spec.labels))
            field, values = self._values(attributes, dict(zip(pins, labels, strict=True)))
            found.instances[instance] = Instance(field, name, values, dict(zip(spec.pins, pins, strict=True)))
        for first, second in joined.contacts:
            if not found.join(first, second):
                self._lost.append(f"connections: the arrow between {_shown(first)} and {_shown(second)} is left out")
        for half, other in joined.mates:
            if not found.mate(half, other):
                self._lost.append(f"connections: the arrow between {half} and {other} is left out")
        return found

    def _values(self, attributes: Attributes, pins: dict[str, str]) -> tuple[str, dict[str, object]]:
        """The field of the plan that a connector belongs to, and its values."""
        kind_name, subtype = (
            fitted(f"{attributes.path}.{key}", attributes.text(key), _LONG, self._lost) for key in ("type", "subtype")
        )
        for kind, known in KINDS.items():
            if kind_name == known.type and (ours := _ours(kind, known, subtype, pins)) is not None:
                values = self._with_texts(kind, ours, attributes)
                if kind is Connector:
                    values["links"] = self._links(attributes, pins)
                return known.field, values
        if kind_name == "Splice" and len(pins) == 1:
            self._lost += [f"{attributes.path}.subtype: left out"] if subtype else []
            return "splices", self._with_texts(Splice, {}, attributes)
        return "connectors", self._plain(attributes, pins, ", ".join(text for text in (kind_name, subtype) if text))

    def _plain(self, attributes: Attributes, pins: dict[str, str], what: str) -> dict[str, object]:
        values = self._with_texts(Connector, {"cavities": _cavities(pins)}, attributes)
        if not values.get("part"):
            values["part"] = what[:_SHORT]
            self._lost += [f"{attributes.path}.type: cut to {_SHORT} signs"] if len(what) > _SHORT else []
        elif what and not values.get("note"):
            values["note"] = what[:_LONG]
        elif what:
            self._lost.append(f"{attributes.path}.type: left out, for there is a part number ({what[:_SHORT]})")
        if len(pins) == 1 and attributes.text("style") == "simple":
            values["kind"] = "terminal"
        values["links"] = self._links(attributes, pins)
        return values

    def _with_texts(
        self, kind: type[Component], values: dict[str, object], attributes: Attributes
    ) -> dict[str, object]:
        """Values with the texts that a kind of component has a place for."""
        fields = {field.name for field in msgspec.structs.fields(kind)}
        notes = notes_in(attributes.text("notes").strip("\n"))
        limits = {"place": _SHORT, "note": _LONG, "description": _SHORT}
        given = {"place": notes.get("place", ""), "note" if "note" in fields else "description": notes.get("note", "")}
        said: dict[str, object] = {}
        for field, text in given.items():
            if field in fields:
                said[field] = fitted(f"{attributes.path}.notes", text, limits[field], self._lost)
            elif text:
                self._lost.append(f"{attributes.path}.notes: left out ({plain_text(text)[:_SHORT]})")
        if "part" in fields:
            said["part"] = fitted(f"{attributes.path}.pn", part_number(attributes), _SHORT, self._lost)
        if "colour" in fields and (colour := iec_colour(attributes.text("color"))) is not None:
            said["colour"] = colour
        return {**values, **{field: text for field, text in said.items() if text}}

    def _links(self, attributes: Attributes, pins: dict[str, str]) -> list[list[str]]:
        node = attributes.node_of("loops")
        links: list[list[str]] = []
        for loop in node.items if isinstance(node, Listing) else ():
            ends = [one.text for one in members(loop, MAX_CAVITIES) or []]
            named = [
                end if end in pins else next((pin for pin, label in pins.items() if label == end), None) for end in ends
            ]
            known = [pin for pin in named if pin is not None]
            if len(known) == len(named) == len(set(known)) == len(("one", "other")):
                links.append(known)
            else:
                self._lost.append(f"{attributes.path}.loops: one is left out, for it does not join two pins")
        return links[:MAX_CAVITIES]

    def leave_out(self, joined: Joined) -> None:
        """Tell of what is not in the plan."""
        used = set(joined.connectors.values())
        for name, attributes in self._attributes.items():
            if name in used:
                self._lost.extend(f"{path}: left out" for path in attributes.unused(_DRAWING_ONLY))
            else:
                self._lost.append(f"{attributes.path}: left out, for no connection set mentions it")


def spec_of(attributes: Attributes, faults: Faults) -> ConnectorSpec:
    """A connector's pins; at most `MAX_CAVITIES`."""
    pins, labels, count = attributes.texts("pins"), attributes.texts("pinlabels") or [], attributes.text("pincount")
    wanted = int(count) if count.isascii() and count.isdecimal() and len(count) <= _DIGITS else 0
    size = max(len(pins or []), len(labels), wanted) or (1 if attributes.text("style") == "simple" else 0)
    if not 1 <= size <= MAX_CAVITIES:
        remedy = f"give it `pincount`, `pins` or `pinlabels`, at most {MAX_CAVITIES}"
        faults.add(attributes.node, attributes.path, f"it has {size} pins" if size else "it has no pins", remedy)
    named = [*(pins or [])][:MAX_CAVITIES]
    numbered = (str(number) for number in range(1, MAX_CAVITIES * 2 + 1) if str(number) not in named)
    while len(named) < min(size, MAX_CAVITIES):
        named.append(str(len(named) + 1) if str(len(named) + 1) not in named else next(numbered))
    return ConnectorSpec(named, labels[:MAX_CAVITIES])


def _ours(kind: type[Component], known: Kind, subtype: str, pins: dict[str, str]) -> dict[str, object] | None:
    """The values of a connector that our export wrote, without its texts; None where it is another's."""
    facts, rest = facts_in(known, subtype)
    values: dict[str, object] = {**facts}
    if rest or (known.pins and tuple(pins) != known.pins):
        return None
    if kind is Connector:
        values["cavities"] = _cavities(pins)
    if kind is Load:
        roles = list(pins.values())
        if not set(roles) <= _ROLES or any(roles.count(role) > 1 for role in _SINGLE):
            return None
        values["terminals"] = {pin: {"role": role} for pin, role in pins.items()}
    try:
        made = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError:
        return None
    return {**values, **{field: getattr(made, field) for field in facts}}


def _cavities(pins: dict[str, str]) -> dict[str, dict[str, object]]:
    return {pin: {"label": label} if label else {} for pin, label in pins.items()}


def part_number(attributes: Attributes) -> str:
    """What a thing is to buy: our own number for it, else its maker's, with the maker."""
    own = attributes.text("pn")
    if own:
        return own
    number = attributes.text("mpn")
    return f"{attributes.text('manufacturer')} {number}".strip() if number else ""


def _shown(end: End) -> str:
    return f"{end.name}:{end.pin}"
