"""What a WireViz file says, as texts with their places: merge keys done, anything of another shape a fault. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.faults import MAX_FAULTS, Fault, Place, quoted
from fleet.wiring.rules.yaml_nodes import Listing, Mapping, Node, Scalar

_NOTHING = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}
_MAX_MERGES = 20
_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


class Faults:
    """What is wrong with a file, at most `MAX_FAULTS` of it."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, node: Node, path: str, message: str, remedy: str) -> None:
        """One more."""
        if len(self.found) < MAX_FAULTS:
            self.found.append(Fault(node.place, path, message, remedy))


class Attributes:
    """The attributes of one thing in a file. Whoever asks for one has used it; `unused` are those nobody asked for."""

    def __init__(self, path: str, node: Mapping) -> None:
        self.path = path
        self.node = node
        self._nodes = merged(node)
        self._used: set[str] = set()

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.node.place

    def node_of(self, key: str) -> Node | None:
        """An attribute as it is; None where there is none, or nothing in it."""
        self._used.add(key)
        node = self._nodes.get(key)
        return None if node is None or is_nothing(node) else node

    def text(self, key: str) -> str:
        """A scalar's text; empty where there is none."""
        node = self.node_of(key)
        if isinstance(node, Scalar):
            return node.text
        self._used.discard(key)
        return ""

    def texts(self, key: str) -> list[str] | None:
        """The texts of a list, empty for nothing in it; None where there is no list."""
        node = self.node_of(key)
        if not isinstance(node, Listing):
            self._used.discard(key)
            return None
        return ["" if not isinstance(item, Scalar) or is_nothing(item) else item.text for item in node.items]

    def keys(self) -> list[str]:
        """Every key."""
        return list(self._nodes)

    def unused(self, besides: frozenset[str]) -> Iterator[str]:
        """The paths of attributes nobody asked for, without those that say nothing."""
        for key, node in self._nodes.items():
            if key not in self._used and key not in besides and not is_nothing(node):
                yield f"{self.path}.{key}" if self.path else key


def merged(node: Mapping, depth: int = 0) -> dict[str, Node]:
    """A mapping's nodes by key with `<<` done; what is written in the mapping itself goes first, then the last `<<`."""
    found: dict[str, Node] = {}
    for key, value in node.pairs:
        if isinstance(key, Scalar) and key.text == "<<" and key.is_plain and depth < _MAX_MERGES:
            for source in reversed(value.items) if isinstance(value, Listing) else [value]:
                found.update(merged(source, depth + 1) if isinstance(source, Mapping) else {})
    for key, value in node.pairs:
        if isinstance(key, Scalar) and not (key.text == "<<" and key.is_plain):
            found[key.text] = value
    return found


def is_nothing(node: Node) -> bool:
    """Whether a scalar is YAML's null."""
    return isinstance(node, Scalar) and node.is_plain and node.text in _NOTHING


def truth(node: Node | None) -> bool | None:
    """What a plain boolean says; None where it is none."""
    if not isinstance(node, Scalar) or not node.is_plain:
        return None
    word = node.text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def section(attributes: Attributes, key: str, faults: Faults) -> list[tuple[str, Attributes]]:
    """The things of a section by name; what is no mapping is a fault."""
    node = attributes.node_of(key)
    if node is None:
        return []
    if not isinstance(node, Mapping):
        faults.add(
            node, key, f"`{key}` is no mapping of names", f"write each of the {key} as `NAME:` with its attributes"
        )
        return []
    found: list[tuple[str, Attributes]] = []
    for name, inside in merged(node).items():
        if isinstance(inside, Mapping) or is_nothing(inside):
            mapping = inside if isinstance(inside, Mapping) else Mapping(inside.place)
            found.append((name, Attributes(f"{key}.{name}", mapping)))
        else:
            faults.add(inside, f"{key}.{name}", f"{quoted(name)} has no attributes", "write them as `attribute: value`")
    return found


class Member(NamedTuple):
    """A pin or wire that is referred to, with its place."""

    text: str
    node: Node


def members(node: Node, most: int) -> list[Member] | None:
    """The pins or wires that a scalar or list refers to, ranges written out; None where something else is there, or
    more than `most`."""
    found: list[Member] = []
    for item in node.items if isinstance(node, Listing) else [node]:
        if not isinstance(item, Scalar):
            return None
        span = _RANGE.fullmatch(item.text)
        if span is None:
            found.append(Member(item.text, item))
            continue
        first, last = int(span[1]), int(span[2])
        step = 1 if first <= last else -1
        if abs(last - first) >= most:
            return None
        found.extend(Member(str(number), item) for number in range(first, last + step, step))
    return found if len(found) <= most else None
