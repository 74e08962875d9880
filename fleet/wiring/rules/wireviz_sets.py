"""The connection sets of a WireViz file: which instances there are, and which pins each wire joins. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from fleet.wiring.rules.faults import quoted
from fleet.wiring.rules.wireviz_nodes import Faults, Member, members
from fleet.wiring.rules.yaml_nodes import Listing, Node, Scalar
from fleet.wiring.rules.yaml_nodes import Mapping as MappingNode

MAX_PARALLEL = 500
MAX_JOINED = 4000
"""How many wires and arrows all sets together may come to."""

_ARROW = re.compile("<?(-+|=+)>?")
SHIELD = -1
"""The number of a cable's shield; wires count from 0."""


class ConnectorSpec(NamedTuple):
    """What a connector's pins are called."""

    pins: list[str]
    labels: list[str]


class CableSpec(NamedTuple):
    """What a cable's wires are called."""

    colours: list[str]
    labels: list[str]
    has_shield: bool


class End(NamedTuple):
    """A pin of an instance."""

    name: str
    pin: str


class Wire(NamedTuple):
    """A wire in a set, from what stands before it to what stands after it; None where nothing does."""

    cable: str
    number: int
    start: End | None
    end: End | None


class Joined(NamedTuple):
    """What the sets of a file say. Instances are by name, with the template they are made from."""

    connectors: dict[str, str]
    cables: dict[str, str]
    wires: list[Wire]
    contacts: list[tuple[End, End]]
    mates: list[tuple[str, str]]


class _Item(NamedTuple):
    """A component in a set, an instance for each parallel connection, with what it refers to there (None: not said)."""

    node: Node
    path: str
    is_connector: bool
    names: list[str]
    members: list[Member | None]


class _Arrow(NamedTuple):
    """An arrow in a set; `mates`: a double one."""

    node: Node
    path: str
    mates: bool


class Sets:
    """Reads sets one after the other; instances that one makes are there for the next."""

    def __init__(
        self, connectors: Mapping[str, ConnectorSpec], cables: Mapping[str, CableSpec], separator: str, faults: Faults
    ) -> None:
        self._connectors = connectors
        self._cables = cables
        self._separator = separator
        self._faults = faults
        self._generated: dict[str, int] = {}
        self._has_room = True
        self.joined = Joined({}, {}, [], [], [])

    def read(self, node: Node, path: str) -> None:
        """One set."""
        if not isinstance(node, Listing):
            self._faults.add(node, path, "a connection set is a list", "write its components as a list")
            return
        count = self._count(node, path)
        if count is None or self._is_full(node, path, count * len(node.items)):
            return
        items: list[_Item | _Arrow] = []
        for number, one in enumerate(node.items):
            item = self._item(one, f"{path}.{number}", count)
            if item is None:
                return
            items.append(item)
        if self._alternates(items):
            self._join(items, count)

    def _is_full(self, node: Listing, path: str, more: int) -> bool:
        """Whether the sets come to too much with this one; nothing is made of it and those after it then."""
        made = len(self.joined.wires) + len(self.joined.contacts)
        if self._has_room and made + more > MAX_JOINED:
            self._has_room = False
            self._faults.add(node, path, f"the sets come to more than {MAX_JOINED} wires", "import a part")
        return not self._has_room

    def _count(self, node: Listing, path: str) -> int | None:
        """How many connections a set makes; None where its components do not agree."""
        counts = {length for one in node.items if (length := _length(one)) is not None}
        if len(counts) > 1:
            shown = " and ".join(str(count) for count in sorted(counts))
            self._faults.add(node, path, f"its components refer to {shown} pins", "refer to as many everywhere")
            return None
        return max(counts, default=1) or 1

    def _item(self, node: Node, path: str, count: int) -> "_Item | _Arrow | None":
        match node:
            case Scalar() if _ARROW.fullmatch(node.text):
                return _Arrow(node, path, "=" in node.text)
            case Scalar():
                return self._component(node, path, [Member(node.text, node)] * count, [None] * count)
            case MappingNode(pairs=[(Scalar() as key, value)]):
                inside = members(value, MAX_PARALLEL)
                if inside is None:
                    remedy = f"write pins or wires as a list, at most {MAX_PARALLEL}"
                    self._faults.add(value, path, f"{quoted(key.text)} does not refer to pins or wires", remedy)
                    return None
                once = self._instance(key, path)
                return None if once is None else _Item(node, path, once[1], [once[0]] * len(inside), [*inside])
            case Listing(items=inside) if inside and all(isinstance(one, Scalar) for one in inside):
                texts = [Member(one.text, one) for one in inside if isinstance(one, Scalar)]
                if all(_ARROW.fullmatch(one.text) for one in texts):
                    return _Arrow(node, path, "=" in texts[0].text)
                return self._component(node, path, texts, [None] * len(texts))
        self._faults.add(
            node, path, "this is no component of a set", "write `NAME`, `NAME: [pins]`, a list of names, or an arrow"
        )
        return None

    def _component(self, node: Node, path: str, named: list[Member], inside: list[Member | None]) -> _Item | None:
        found = [self._instance(one.node, path) for one in named]
        made = [one for one in found if one is not None]
        if len(made) < len(found) or len({is_connector for _, is_connector in made}) != 1:
            if len(made) == len(found):
                self._faults.add(node, path, "connectors and cables are in one list", "write them one after the other")
            return None
        return _Item(node, path, made[0][1], [name for name, _ in made], inside)

    def _instance(self, node: Node, path: str) -> tuple[str, bool] | None:
        """The name of an instance that is referred to, made where it is new; and whether it is a connector."""
        text = node.text if isinstance(node, Scalar) else ""
        template, separator, name = text.partition(self._separator)
        if not separator:
            name = text
            template = self.joined.connectors.get(text) or self.joined.cables.get(text) or text
        is_connector = template in self._connectors
        if not is_connector and template not in self._cables:
            self._faults.add(
                node, path, f"there is no connector or cable {quoted(template)}", "add it, or write another"
            )
            return None
        ours, others = (self.joined.connectors, self.joined.cables)[:: 1 if is_connector else -1]
        name = name or self._unnamed(template)
        if ours.setdefault(name, template) != template or name in others:
            self._faults.add(node, path, f"{quoted(name)} is made from two templates", "give one of them another name")
            return None
        return name, is_connector

    def _unnamed(self, template: str) -> str:
        taken = (self.joined.connectors, self.joined.cables, self._connectors, self._cables)
        while True:
            self._generated[template] = self._generated.get(template, 0) + 1
            name = f"{template}-{self._generated[template]}"
            if not any(name in one for one in taken):
                return name

    def _alternates(self, items: "list[_Item | _Arrow]") -> bool:
        """Whether connectors and what joins them take turns, and arrows stand between connectors."""
        for number, item in enumerate(items):
            after = items[number + 1] if number + 1 < len(items) else None
            joins, joins_after = (
                isinstance(one, _Arrow) or (one is not None and not one.is_connector) for one in (item, after)
            )
            if after is not None and joins == joins_after:
                wanted = "a connector" if joins else "a cable or an arrow"
                self._faults.add(
                    after.node,
                    after.path,
                    f"here stands what should be {wanted}",
                    "let connectors and cables take turns",
                )
                return False
            if isinstance(item, _Arrow) and (after is None or number == 0):
                self._faults.add(item.node, item.path, "an arrow joins two connectors", "write one before and after it")
                return False
        return True

    def _join(self, items: "list[_Item | _Arrow]", count: int) -> None:
        for number, item in enumerate(items):
            before = items[number - 1] if number else None
            after = items[number + 1] if number + 1 < len(items) else None
            if isinstance(item, _Item):
                if not item.is_connector:
                    self._wire(item, before, after)
            elif isinstance(before, _Item) and isinstance(after, _Item):
                if item.mates:
                    self.joined.mates.extend(dict.fromkeys(zip(before.names, after.names, strict=False)))
                else:
                    self._touch(before, after, count)

    def _wire(self, item: _Item, before: "_Item | _Arrow | None", after: "_Item | _Arrow | None") -> None:
        for index, (name, member) in enumerate(zip(item.names, item.members, strict=True)):
            number = self._wire_number(item, name, member)
            ends = [self._end(one, index) if isinstance(one, _Item) else None for one in (before, after)]
            lacks = any(isinstance(one, _Item) and end is None for one, end in zip((before, after), ends, strict=True))
            if number is not None and not lacks:
                self.joined.wires.append(Wire(name, number, ends[0], ends[1]))

    def _touch(self, before: _Item, after: _Item, count: int) -> None:
        for index in range(count):
            first, second = self._end(before, index), self._end(after, index)
            if first is not None and second is not None:
                self.joined.contacts.append((first, second))

    def _end(self, item: _Item, index: int) -> End | None:
        name, member = item.names[index], item.members[index]
        spec = self._connectors[self.joined.connectors[name]]
        if member is None:
            if len(spec.pins) == 1:
                return End(name, spec.pins[0])
            self._faults.add(item.node, item.path, f"{quoted(name)} has {len(spec.pins)} pins", "write which of them")
            return None
        pin = _found(member.text, spec.pins, spec.labels)
        if pin is None:
            message = f"{quoted(name)} has no pin {quoted(member.text)}, or more than one"
            self._faults.add(
                member.node, item.path, message, "write one of its pins, or a label that only one of them has"
            )
            return None
        return End(name, spec.pins[pin])

    def _wire_number(self, item: _Item, name: str, member: Member | None) -> int | None:
        spec = self._cables[self.joined.cables[name]]
        numbers = [str(number) for number in range(1, len(spec.colours) + 1)]
        if member is None:
            found = 0 if len(numbers) == 1 else None
        elif member.text == "s" and spec.has_shield:
            found = SHIELD
        else:
            found = _found(member.text, numbers, spec.labels, spec.colours)
        if found is None:
            shown = quoted(member.text) if member is not None else "that is meant"
            message = f"{quoted(name)} has no wire {shown}, or more than one"
            self._faults.add(
                item.node, item.path, message, "write a wire's number, its label, or its colour, or s for a shield"
            )
        return found


def _length(node: Node) -> int | None:
    """How many connections a component of a set asks for; None where it takes as many as the others."""
    match node:
        case Listing(items=items):
            return len(items)
        case MappingNode(pairs=[(_, value)]):
            inside = members(value, MAX_PARALLEL)
            return None if inside is None else len(inside)
    return None


def _found(text: str, *names: list[str]) -> int | None:
    """The place of a text in the first list that has it; None where that has it more than once."""
    for one in names:
        if text in one:
            return one.index(text) if one.count(text) == 1 else None
    return None
