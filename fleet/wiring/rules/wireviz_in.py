"""A WireViz 0.4 file as a plan. Pure: it opens nothing that the file names.

What this house's export writes becomes what it was (see `wireviz_words`); in any other file a splice is a splice, and
any other connector a connector. A bundle's name becomes the route of its conductors.
"""

import re
from typing import NamedTuple

import msgspec

from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.faults import START, Fault, told
from fleet.wiring.rules.wireviz_cables_in import CableReader
from fleet.wiring.rules.wireviz_connectors_in import ConnectorReader
from fleet.wiring.rules.wireviz_extras_in import extras
from fleet.wiring.rules.wireviz_names import Names, fitted
from fleet.wiring.rules.wireviz_nodes import Attributes, Faults, is_nothing, section
from fleet.wiring.rules.wireviz_sets import Joined, Sets
from fleet.wiring.rules.wireviz_words import KINDS
from fleet.wiring.rules.yaml_nodes import Listing, Mapping, composed
from protocols.wiring.plan import MAX_COMPONENTS, MAX_CONDUCTORS, Plan

_KNOWN = frozenset({"connectors", "cables", "connections", "additional_bom_items", "metadata", "options", "templates"})
_TAB = re.compile(r"(?m)(?<=\S)[ \t]*\t[ \t]*")


class Imported(NamedTuple):
    """What a WireViz file says. `plan` is None where none could be made; where there are no `faults` it is consistent.
    `lost`: what is not in the plan or was changed, a line each, the path in the file first."""

    plan: Plan | None
    lost: list[str]
    faults: list[Fault]


def from_wireviz(text: str) -> Imported:
    """Reads a text, whatever it is. Never raises."""
    root, found = composed(_TAB.sub(" ", text))
    if not isinstance(root, Mapping):
        if root is not None:
            found = [Fault(root.place, "", "this is no WireViz file", "begin with `connectors:`")]
        return Imported(None, [], told(found))
    top = Attributes("", root)
    if top.keys() and not _KNOWN & set(top.keys()):
        message, remedy = "this is no WireViz file", "begin with `connectors:`"
        if top.node_of("muster_wiring") is not None:
            message, remedy = "this is a plan already", "check it as it is"
        return Imported(None, [], [Fault(root.place, "", message, remedy)])
    faults = Faults()
    reader = _Reader(top, faults)
    plan = reader.plan() if not faults.found else None
    if plan is not None and not faults.found:
        faults.found.extend(Fault(START, *one) for one in inconsistencies(plan))
    return Imported(plan, list(dict.fromkeys(reader.lost)), told(faults.found))


class _Reader:
    def __init__(self, root: Attributes, faults: Faults) -> None:
        self.lost: list[str] = []
        self._root = root
        self._faults = faults
        self._names = Names(self.lost)
        self._connectors = ConnectorReader(section(root, "connectors", faults), faults, self.lost)
        self._cables = CableReader(section(root, "cables", faults), faults, self.lost)
        self._joined = self._sets()

    def _sets(self) -> Joined:
        options = self._mapping("options")
        separator = options.text("template_separator") if options is not None else ""
        sets = Sets(self._connectors.specs, self._cables.specs, separator or ".", self._faults)
        node = self._root.node_of("connections")
        if node is not None and not isinstance(node, Listing):
            self._faults.add(
                node, "connections", "`connections` is no list", "write each connection set as an item of it"
            )
        for number, one in enumerate(node.items if isinstance(node, Listing) else ()):
            if not is_nothing(one):
                sets.read(one, f"connections.{number}")
        return sets.joined

    def plan(self) -> Plan | None:
        """The plan; None where it would be too large, or nothing is in it."""
        joined = self._joined
        if (
            len(joined.connectors) > MAX_COMPONENTS * len(KINDS)
            or len(joined.cables) > MAX_COMPONENTS + MAX_CONDUCTORS
            or len(joined.wires) > MAX_CONDUCTORS
        ):
            message = f"the file comes to more than {MAX_COMPONENTS} components of a kind, or {MAX_CONDUCTORS} wires"
            self._faults.add(self._root.node, "", message, "import a part of it")
            return None
        components = self._connectors.components(joined, self._names)
        cables, conductors = self._cables.conductors(joined, components, self._names)
        found = {
            "muster_wiring": 1,
            **self._metadata(),
            **components.by_kind(),
            "cables": cables,
            "conductors": conductors,
            "extras": extras(self._root, self._connectors.used(joined), self._cables.used(joined), self.lost),
        }
        self._leave_out()
        try:
            return msgspec.convert(found, Plan)
        except msgspec.ValidationError as error:
            self._faults.add(self._root.node, "", f"no plan can be made of it: {error}", "mend what is named")
            return None

    def _metadata(self) -> dict[str, object]:
        metadata = self._mapping("metadata")
        if metadata is None:
            return {"name": "wireviz"}
        title, number = self._short(metadata, "title", 80), metadata.text("pn")
        name = Names(self.lost).of("metadata.pn" if number else "metadata.title", number or title or "wireviz", "H")
        revisions = metadata.node_of("revisions")
        found = Attributes("metadata.revisions", revisions) if isinstance(revisions, Mapping) else None
        revision = found.keys()[-1] if found is not None and found.keys() else ""
        if found is not None:
            last = found.node_of(revision)
            self._leave(found, frozenset({revision}) if last == Mapping(last.place if last else START) else frozenset())
        said: dict[str, object] = {
            "name": name,
            "title": title,
            "note": self._short(metadata, "description", 500),
            "revision": fitted("metadata.revisions", revision, 80, self.lost),
        }
        self._leave(metadata, frozenset())
        return said

    def _short(self, attributes: Attributes, key: str, limit: int) -> str:
        return fitted(f"{attributes.path}.{key}", attributes.text(key), limit, self.lost)

    def _leave_out(self) -> None:
        options = self._mapping("options")
        if options is not None:
            options.text("template_separator")
            self._leave(options, frozenset())
        self._leave(self._root, _KNOWN)
        self._connectors.leave_out(self._joined)
        self._cables.leave_out(self._joined)

    def _leave(self, attributes: Attributes, besides: frozenset[str]) -> None:
        self.lost.extend(f"{path}: left out" for path in attributes.unused(besides))

    def _mapping(self, key: str) -> Attributes | None:
        node = self._root.node_of(key)
        return Attributes(key, node) if isinstance(node, Mapping) else None
