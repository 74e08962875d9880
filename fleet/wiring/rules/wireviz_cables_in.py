"""The cables and bundles of a WireViz file as the conductors of a plan. Pure."""

from collections import Counter
from typing import NamedTuple

from fleet.wiring.rules.wireviz_colours import SERIES, Measure, csa_mm2, iec_colour, length_m
from fleet.wiring.rules.wireviz_connectors_in import Components, part_number
from fleet.wiring.rules.wireviz_names import Names, fitted, is_name
from fleet.wiring.rules.wireviz_nodes import Attributes, Faults, truth
from fleet.wiring.rules.wireviz_sets import SHIELD, CableSpec, End, Joined
from fleet.wiring.rules.wireviz_words import notes_in, plain_text
from fleet.wiring.rules.yaml_nodes import Listing, Scalar
from protocols.wiring.plan import MAX_CONDUCTORS

_TYPES = frozenset({"thin-wall", "pvc"})
_DRAWING_ONLY = frozenset({"show_name"})
_SHORT, _LONG = 80, 500
_DIGITS = 9

_Run = tuple[End | None, End | None]
Values = dict[str, object]


class _Cable(NamedTuple):
    """What all wires of an instance have in common."""

    instance: str
    attributes: Attributes
    spec: CableSpec
    is_bundle: bool
    common: Values


class CableReader:
    """Reads the section `cables`."""

    def __init__(self, named: list[tuple[str, Attributes]], faults: Faults, lost: list[str]) -> None:
        self._attributes = dict(named)
        self._lost = lost
        self.specs: dict[str, CableSpec] = {name: _spec(one, faults) for name, one in named}
        self._labels: Counter[str] = Counter()

    def used(self, joined: Joined) -> dict[str, list[Attributes]]:
        """The attributes of each instance in the sets."""
        return {name: [self._attributes[template]] for name, template in joined.cables.items()}

    def conductors(
        self, joined: Joined, components: Components, names: Names
    ) -> tuple[dict[str, Values], dict[str, Values]]:
        """The values of cables and of conductors by their names in the plan. A wire that has one end only gets the
        other from `components`."""
        cables: dict[str, Values] = {}
        conductors: dict[str, Values] = {}
        runs = _runs(joined)
        named = (template for template in joined.cables.values() if not self._is_one_wire(template))
        self._labels = Counter(label for template in named for label in self.specs[template].labels)
        read = [self._cable(instance, template, names, cables) for instance, template in joined.cables.items()]
        for cable in read:
            for number, found in runs[cable.instance].items():
                for count, run in enumerate(found):
                    self._conductor(cable, number, count, run, components, names, conductors)
            self._tell_unused(cable, runs[cable.instance])
        return cables, conductors

    def _is_one_wire(self, template: str) -> bool:
        """Whether it is a bundle of one wire, whose designator is the conductor's name."""
        return self._attributes[template].text("category") == "bundle" and len(self.specs[template].colours) == 1

    def _cable(self, instance: str, template: str, names: Names, cables: dict[str, Values]) -> _Cable:
        attributes, spec = self._attributes[template], self.specs[template]
        path = attributes.path
        notes = notes_in(attributes.text("notes").strip("\n"))
        is_bundle = attributes.text("category") == "bundle"
        common: Values = {
            "csa_mm2": self._measure(
                f"{path}.gauge", attributes.text("gauge"), "mm²", csa_mm2(attributes.text("gauge"))
            ),
            "length_m": self._measure(
                f"{path}.length", attributes.text("length"), "m", length_m(attributes.text("length"))
            ),
            "route": fitted(f"{path}.notes", notes.get("route", ""), _SHORT, self._lost),
        }
        type_ = attributes.text("type")
        if type_ in _TYPES:
            common["type"] = type_
        if is_bundle:
            if len(spec.colours) > 1:
                common["route"] = common["route"] or fitted(f"cables.{instance}", instance, _SHORT, self._lost)
            rest = {
                "type": "" if type_ in _TYPES else type_,
                "notes": "".join(notes.get(one, "") for one in ("place", "note")),
            }
            self._lost += [
                f"{path}.{field}: left out ({plain_text(text)[:_SHORT]})" for field, text in rest.items() if text
            ]
            return _Cable(instance, attributes, spec, is_bundle, common)
        name = common["cable"] = names.of(f"cables.{instance}", instance, "W")
        part = part_number(attributes) or ("" if type_ in _TYPES else type_)
        cables[name] = {
            "part": fitted(f"{path}.type", part, _SHORT, self._lost),
            "sheath": self._colour(f"{path}.color", attributes.text("color")),
            "note": fitted(f"{path}.notes", notes.get("note", ""), _LONG, self._lost),
        }
        if type_ and type_ not in _TYPES and part != type_:
            self._lost.append(f"{path}.type: left out, for there is a part number ({plain_text(type_)[:_SHORT]})")
        return _Cable(instance, attributes, spec, is_bundle, common)

    def _conductor(
        self,
        cable: _Cable,
        number: int,
        count: int,
        run: _Run,
        components: Components,
        names: Names,
        conductors: dict[str, Values],
    ) -> None:
        written = "s" if number == SHIELD else str(number + 1)
        path = f"cables.{cable.instance}.{written}"
        start, end = run
        if start is not None and end is not None and components.point(start) == components.point(end):
            self._lost.append(f"{path}: left out, for it joins {components.point(start)} to itself")
            return
        name, label = self._name(cable, number, count, names)
        if start is None or end is None:
            opened = names.of(f"{path}.end", f"{name[:20]}-end", "X")
            components.open_end(opened)
            self._lost.append(f"{path}: it has one end only; the other is the open end {opened}")
        else:
            opened = ""
        if count:
            self._lost.append(f"{path}: it joins more than two pins, so it is drawn again as {name}")
        values: Values = {
            **cable.common,
            "from": components.point(start) if start is not None else f"{opened}.1",
            "to": components.point(end) if end is not None else f"{opened}.1",
            "label": label,
            "colour": self._wire_colour(cable, number),
        }
        if number == SHIELD:
            values |= {"shield": True, "csa_mm2": None}
        conductors[name] = values

    def _name(self, cable: _Cable, number: int, count: int, names: Names) -> tuple[str, str]:
        """A conductor's name and label: from the wire's label, else from the cable's designator."""
        path = f"cables.{cable.instance}.{number + 1}"
        base = str(cable.common.get("cable") or cable.instance)
        if number == SHIELD:
            return names.made(f"{base}-s"), ""
        text = cable.spec.labels[number] if number < len(cable.spec.labels) else ""
        label = fitted(f"{path}.label", text, _SHORT, self._lost)
        if cable.is_bundle and len(cable.spec.colours) == 1 and not count:
            return names.of(f"cables.{cable.instance}", cable.instance, "W"), label
        named, _, rest = label.partition(": ")
        if is_name(named) and names.is_free(named) and self._labels[text] == 1 and not count:
            return names.made(named), rest
        return names.made(f"{base}-{number + 1}"), label

    def _wire_colour(self, cable: _Cable, number: int) -> str | None:
        if number == SHIELD:
            shield = cable.attributes.node_of("shield")
            is_coloured = isinstance(shield, Scalar) and truth(shield) is None
            return self._colour(f"{cable.attributes.path}.shield", shield.text if is_coloured else "")  # type: ignore[union-attr] # a scalar, as was just asked
        return self._colour(f"{cable.attributes.path}.colors", cable.spec.colours[number])

    def _colour(self, path: str, text: str) -> str | None:
        colour = iec_colour(text) if text else None
        if text and colour != text:
            what = "left out" if colour is None else f"called {colour}"
            self._lost.append(f"{path}: {plain_text(text)[:_SHORT]} is none of IEC 60757's colours, {what}")
        return colour

    def _measure(self, path: str, text: str, unit: str, measure: Measure) -> float | None:
        if text and measure.value is None and text.strip() not in {"0", "0.0"}:
            self._lost.append(
                f"{path}: {plain_text(text)[:_SHORT]} is left out, for it is no figure in {unit} that a plan may have"
            )
        elif measure.is_changed:
            self._lost.append(f"{path}: {plain_text(text)[:_SHORT]} became {measure.value:g} {unit}")
        return measure.value

    def _tell_unused(self, cable: _Cable, runs: dict[int, list[_Run]]) -> None:
        idle = [str(number + 1) for number in range(len(cable.spec.colours)) if number not in runs]
        idle += ["s"] if cable.spec.has_shield and SHIELD not in runs else []
        if idle:
            self._lost.append(f"cables.{cable.instance}: left out is what is joined to nothing: {', '.join(idle)}")

    def leave_out(self, joined: Joined) -> None:
        """Tell of what is not in the plan."""
        used = set(joined.cables.values())
        for name, attributes in self._attributes.items():
            if name in used:
                self._lost.extend(f"{path}: left out" for path in attributes.unused(_DRAWING_ONLY))
            else:
                self._lost.append(f"{attributes.path}: left out, for no connection set mentions it")


def _spec(attributes: Attributes, faults: Faults) -> CableSpec:
    """A cable's wires: their colours as written, empty where none is said."""
    colours, count, code = attributes.texts("colors") or [], attributes.text("wirecount"), attributes.text("color_code")
    series = colours or SERIES.get(code.upper(), [])
    if code and not series:
        faults.add(
            attributes.node,
            f"{attributes.path}.color_code",
            f"{code[:20]} is no series",
            f"write one of {', '.join(SERIES)}",
        )
    wanted = int(count) if count.isascii() and count.isdecimal() and len(count) <= _DIGITS else 0
    size = wanted or len(colours)
    if not 1 <= size <= MAX_CONDUCTORS:
        remedy = f"give it `wirecount` or `colors`, at most {MAX_CONDUCTORS}"
        faults.add(attributes.node, attributes.path, f"it has {size} wires" if size else "it has no wires", remedy)
    size = min(size, MAX_CONDUCTORS)
    shield = attributes.node_of("shield")
    labels = attributes.texts("wirelabels") or []
    return CableSpec(
        [series[number % len(series)] if series else "" for number in range(size)],
        labels[:size],
        shield is not None and not isinstance(shield, Listing) and truth(shield) is not False,
    )


def _runs(joined: Joined) -> dict[str, dict[int, list[_Run]]]:
    """Where each wire goes, by cable and number; halves that two sets say are put together."""
    found: dict[str, dict[int, list[_Run]]] = {cable: {} for cable in joined.cables}
    for wire in joined.wires:
        runs = found[wire.cable].setdefault(wire.number, [])
        run = (wire.start, wire.end)
        half = next((other for other in runs if _completes(other, run)), None)
        if half is not None:
            runs[runs.index(half)] = (half[0] or run[0], half[1] or run[1])
        elif run not in runs and run != (None, None):
            runs.append(run)
    return found


def _completes(first: _Run, second: _Run) -> bool:
    return (
        (first[0] is None) == (second[1] is None)
        and (first[1] is None) == (second[0] is None)
        and None in first
        and first != (None, None)
    )
