"""YAML texts as nodes with places, within bounds whatever the text is. Pure.

Nothing is made of a value here: a scalar is its own writing, so that `15`, `1.10` and `NO` stay what was written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import yaml
from yaml import events

from fleet.wiring.rules.faults import MAX_FAULTS, START, Fault, Place, quoted
from protocols.wiring.plan import MAX_TEXT_CHARS

MAX_DEPTH = 20
"""How deep mappings and lists may be in one another."""

MAX_NODES = 50_000
"""How many nodes a text may come to, each alias counted as all that it stands for."""

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_UNFIT = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff\\ud800-\\udfff]"
)


@dataclass(frozen=True)
class Scalar:
    """A scalar as it is written; `is_plain`: without quotes, and no block. `tag`: an explicit one."""

    place: Place
    text: str
    is_plain: bool
    tag: str | None = None


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in the text's order; a key may be there twice."""

    place: Place
    pairs: list[tuple["Node", "Node"]] = field(default_factory=list)
    tag: str | None = None


@dataclass(frozen=True)
class Listing:
    """Items in the text's order."""

    place: Place
    items: list["Node"] = field(default_factory=list)
    tag: str | None = None


Node = Scalar | Mapping | Listing


class _Mark(Protocol):
    line: int
    column: int


class Composed(NamedTuple):
    """The node of a text's only document, None where there is none, and the text's faults."""

    root: Node | None
    faults: list[Fault]


class _Stopped(Exception):
    """Ends the reading of one text; nobody outside sees it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def composed(text: str) -> Composed:
    """Reads a text of at most `MAX_TEXT_CHARS` signs as one YAML document. Never raises."""
    if len(text) > MAX_TEXT_CHARS:
        message = f"the text has {len(text)} signs"
        return Composed(None, [Fault(START, "", message, f"keep it to {MAX_TEXT_CHARS}")])
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    unfit = list(_unfit_signs(text))
    if unfit:
        return Composed(None, unfit)
    composer = _Composer()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except _Stopped as stopped:
        return Composed(None, [stopped.fault])
    except yaml.MarkedYAMLError as error:
        return Composed(None, [_not_yaml(error)])
    except (yaml.YAMLError, ValueError, OverflowError):
        return Composed(None, [Fault(composer.last, "", "this can not be read as YAML", "look at what follows here")])
    if composer.root is None:
        return Composed(None, [Fault(START, "", "the file is empty", "begin with `muster_wiring: 1`")])
    return Composed(composer.root, [])


def _unfit_signs(text: str) -> Iterator[Fault]:
    line, line_start = 1, 0
    for count, found in enumerate(_UNFIT.finditer(text)):
        if count >= MAX_FAULTS:
            return
        line += text.count("\n", line_start, found.start())
        line_start = max(line_start, text.rfind("\n", 0, found.start()) + 1)
        place = Place(line, found.start() - line_start + 1)
        if found[0] == "\t":
            yield Fault(place, "", "there is a tab", "use blanks")
        else:
            yield Fault(place, "", f"there is the control sign U+{ord(found[0]):04X}", "take it out")


def _not_yaml(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return Fault(
        _place_of(mark), "", f"this is not YAML: {what}", "look at blanks, colons, quotes and brackets up to here"
    )


def _place_of(mark: _Mark | None) -> Place:
    return START if mark is None else Place(mark.line + 1, mark.column + 1)


class _Open:
    """A mapping or list that has begun, the anchor it bears, and how many nodes it has come to."""

    def __init__(self, node: Mapping | Listing, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Node | None = None
        self.size = 1

    def add(self, node: Node, size: int) -> None:
        self.size += size
        match self.node:
            case Listing():
                self.node.items.append(node)
            case Mapping() if self.key is None:
                self.key = node
            case Mapping():
                self.node.pairs.append((self.key, node))
                self.key = None


class _Composer:
    """Makes nodes of the parser's events, and stops at the first that leads out of bounds."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.last = START
        self._documents = 0
        self._size = 0
        self._open: list[_Open] = []
        self._anchored: dict[str, tuple[Node, int]] = {}

    def take(self, event: events.Event) -> None:
        """The next event."""
        place = self.last = _place_of(event.start_mark)
        match event:
            case events.DocumentStartEvent():
                self._begin_document(place)
            case events.ScalarEvent():
                scalar = Scalar(place, event.value, not event.style, event.tag)
                self._add(scalar, 1, event.anchor)
            case events.AliasEvent():
                self._add(*self._meant(event.anchor or "", place), None)
            case events.MappingStartEvent():
                self._begin(Mapping(place, tag=event.tag), event.anchor)
            case events.SequenceStartEvent():
                self._begin(Listing(place, tag=event.tag), event.anchor)
            case events.CollectionEndEvent():
                done = self._open.pop()
                self._size -= done.size
                self._add(done.node, done.size, done.anchor)

    def _begin_document(self, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Stopped(Fault(place, "", "a second document begins here", "keep one plan in a file"))

    def _begin(self, node: Mapping | Listing, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Stopped(Fault(node.place, "", "this is too deep", f"keep it to {MAX_DEPTH} deep"))
        self._open.append(_Open(node, anchor))
        self._count(1, node.place)

    def _add(self, node: Node, size: int, anchor: str | None) -> None:
        self._count(size, self.last)
        if anchor is not None:
            self._anchored[anchor] = (node, size)
        if self._open:
            self._open[-1].add(node, size)
        else:
            self.root = node

    def _count(self, size: int, place: Place) -> None:
        self._size += size
        if self._size > MAX_NODES:
            raise _Stopped(
                Fault(place, "", f"this is the value after the first {MAX_NODES}", "use fewer, and fewer aliases")
            )

    def _meant(self, anchor: str, place: Place) -> tuple[Node, int]:
        meant = self._anchored.get(anchor)
        if meant is None:
            message = f"nothing before this is anchored as {quoted(anchor)}"
            raise _Stopped(Fault(place, "", message, "write the value, or anchor it with & before"))
        return meant
