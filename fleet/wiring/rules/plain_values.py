"""Plain values out of YAML nodes, led by the type that is wanted, with every fault on the way. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import inspect

from fleet.wiring.rules.faults import MAX_FAULTS, Fault, Place, quoted
from fleet.wiring.rules.scalars import Refusal, is_nothing, nearest, taken, text_taken
from fleet.wiring.rules.yaml_nodes import Listing, Mapping, Node, Scalar
from protocols.text import escaped

_LONGEST_NAME = 40


class _Missing:
    """That there is no value, since what is written there can not be taken."""


_MISSING = _Missing()


class _At(NamedTuple):
    """Where the walk is: the path, and the place that a fault about the whole of it is shown at."""

    path: str
    place: Place

    @property
    def field(self) -> str:
        """The name of the field that a value is of; of a list's item the list's."""
        return next((one for one in reversed(self.path.split(".")) if not one.isdigit()), "")

    def inside(self, name: str, place: Place) -> "_At":
        shown = escaped(name[:_LONGEST_NAME])
        return _At(f"{self.path}.{shown}" if self.path else shown, place)


class Values:
    """Walks nodes along a type. Afterwards `faults` has what was wrong, `places` where each key and item is, and
    `is_whole` whether every fault was in an optional scalar, so that names still hang together."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.places: dict[str, Place] = {}
        self.is_whole = True

    def of(self, root: Node, wanted: inspect.Type) -> object | None:
        """The plain value of a document's node; None where none could be made."""
        found = self._value(root, wanted, _At("", root.place))
        return None if found is _MISSING else found

    def _fault(self, at: _At, message: str, remedy: str, *, breaks: bool = True) -> _Missing:
        self.is_whole = self.is_whole and not breaks
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(at.place, at.path, message, remedy))
        return _MISSING

    def _value(self, node: Node, wanted: inspect.Type, at: _At) -> object:
        if node.tag is not None:
            return self._fault(at, f"there is the tag {quoted(node.tag)}", "take it out: what is wanted here is known")
        match wanted:
            case inspect.UnionType():
                return self._optional(node, wanted, at)
            case inspect.StructType():
                return self._struct(node, wanted, at)
            case inspect.DictType():
                return self._dict(node, wanted, at)
            case inspect.ListType():
                return self._list(node, wanted, at)
            case (
                inspect.StrType() | inspect.FloatType() | inspect.IntType() | inspect.BoolType() | inspect.LiteralType()
            ):
                return self._scalar(node, wanted, at)
        raise TypeError(f"a plan has no {type(wanted).__name__}")

    def _optional(self, node: Node, wanted: inspect.UnionType, at: _At) -> object:
        if isinstance(node, Scalar) and is_nothing(node):
            return None
        inner = next(one for one in wanted.types if not isinstance(one, inspect.NoneType))
        return self._value(node, inner, at)

    def _scalar(
        self,
        node: Node,
        wanted: inspect.StrType | inspect.FloatType | inspect.IntType | inspect.BoolType | inspect.LiteralType,
        at: _At,
    ) -> object:
        if not isinstance(node, Scalar):
            what = "a mapping" if isinstance(node, Mapping) else "a list"
            return self._fault(at, f"there is {what}, and one value is wanted", "write one value")
        found = taken(node, wanted, at.field)
        if isinstance(found, Refusal):
            return self._fault(at, *found, breaks=False)
        return found

    def _struct(self, node: Node, wanted: inspect.StructType, at: _At) -> object:
        fields = {one.encode_name: one for one in wanted.fields}
        known = [*fields]
        values: dict[str, object] = {}
        pairs = self._pairs(node, at, ", ".join(known))
        if pairs is None:
            return _MISSING
        for name, key, value in pairs:
            inside = at.inside(name, key.place)
            if name not in fields:
                self._unknown_field(inside, name, known)
                continue
            found = self._value(value, fields[name].type, self._of_value(inside, value))
            if found is not _MISSING:
                values[name] = found
        return values if self._has_required(wanted, values, at) else _MISSING

    def _unknown_field(self, inside: _At, name: str, known: list[str]) -> None:
        if len(self.faults) >= MAX_FAULTS:
            return
        close = nearest(name, known)
        if name.isdigit():
            remedy = "write a decimal with a point: a comma begins the next field"
        else:
            remedy = f"write {close}" if close else f"write one of {', '.join(known)}"
        self._fault(inside, f"{quoted(name)} is no field here", remedy)

    def _has_required(self, wanted: inspect.StructType, values: dict[str, object], at: _At) -> bool:
        has_all = True
        for one in wanted.fields:
            name = one.encode_name
            if not one.required or name in values:
                continue
            has_all = self.is_whole = False
            inside = at.inside(name, at.place)
            if inside.path not in self.places:
                self._fault(inside, f"{name} is not said", f"add {name}{_only_value(one.type)}")
        return has_all

    def _dict(self, node: Node, wanted: inspect.DictType, at: _At) -> object:
        pairs = self._pairs(node, at, "names with what they are")
        if pairs is None:
            return _MISSING
        values: dict[str, object] = {}
        for name, key, value in pairs:
            inside = at.inside(name, key.place)
            fits = text_taken(name, wanted.key_type) if isinstance(wanted.key_type, inspect.StrType) else name
            if isinstance(fits, Refusal):
                self._fault(inside, *fits)
            found = self._value(value, wanted.value_type, self._of_value(inside, value))
            if found is _MISSING:
                self.is_whole = False
            else:
                values[name] = found
        return values if self._is_counted(len(values), wanted, at) else _MISSING

    def _list(self, node: Node, wanted: inspect.ListType, at: _At) -> object:
        if isinstance(node, Scalar) and is_nothing(node):
            return []
        if not isinstance(node, Listing):
            return self._fault(at, "a list is wanted here", "begin each item with - and a blank")
        values: list[object] = []
        for number, item in enumerate(node.items):
            inside = at.inside(str(number), item.place)
            self.places.setdefault(inside.path, item.place)
            found = self._value(item, wanted.item_type, inside)
            if found is _MISSING:
                self.is_whole = False
            else:
                values.append(found)
        return values if self._is_counted(len(node.items), wanted, at) else _MISSING

    def _is_counted(self, count: int, wanted: inspect.DictType | inspect.ListType, at: _At) -> bool:
        low, high = wanted.min_length or 0, wanted.max_length
        if count < low or (high is not None and count > high):
            asked = f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}"
            self._fault(at, f"there are {count} entries", f"write {asked}")
            return False
        return True

    def _pairs(self, node: Node, at: _At, wanted: str) -> list[tuple[str, Scalar, Node]] | None:
        """The pairs of a mapping whose keys are fit, each key once; None where `node` is no mapping."""
        if isinstance(node, Scalar) and is_nothing(node):
            return []
        if not isinstance(node, Mapping):
            self._fault(at, "a mapping is wanted here", f"write {wanted}")
            return None
        return list(self._fit(node, at))

    def _fit(self, node: Mapping, at: _At) -> Iterator[tuple[str, Scalar, Node]]:
        first: dict[str, Place] = {}
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                self._fault(at._replace(place=key.place), "this key is no text", "write a name before the colon")
                continue
            inside = at.inside(key.text, key.place)
            if key.tag is not None:
                self._fault(inside, f"there is the tag {quoted(key.tag)}", "take it out")
            elif key.is_plain and key.text == "<<":
                self._fault(inside, "merge keys are not read here", "write the fields out")
            elif key.text in first:
                message = f"{quoted(key.text)} is written twice, first in line {first[key.text].line}"
                self._fault(inside, message, "keep one of them")
            else:
                first[key.text] = key.place
                self.places.setdefault(inside.path, key.place)
                yield key.text, key, value

    @staticmethod
    def _of_value(inside: _At, value: Node) -> _At:
        """A fault of one value is shown where that is, of a mapping, a list or no value at all at its key."""
        return inside._replace(place=value.place) if isinstance(value, Scalar) and value.text else inside


def _only_value(wanted: inspect.Type) -> str:
    """What follows a field's name where one value alone fits."""
    return f": {wanted.values[0]}" if isinstance(wanted, inspect.LiteralType) and len(wanted.values) == 1 else ""
