"""Plans of every shape that the contract allows, for properties; their names need not hang together."""

from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from protocols.text import ONE_LINE
from protocols.wiring.plan import Plan
from protocols.wiring.words import COLOUR_CODES, Colour, Name, PinName, Point

Part = TypeVar("Part", bound=msgspec.Struct)

_ENTRIES = 3
_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,23}", fullmatch=True)
_PINS = st.from_regex(r"[A-Za-z0-9_+-]{1,24}", fullmatch=True)
_UNFIT = "".join(map(chr, [*range(0x2028, 0x202F), *range(0x2066, 0x206A)]))
_SIGNS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=_UNFIT)
_TRAPS = st.sampled_from(
    ["NO", "on", "~", "null", "1.10", "0x10", "1:30", "- a", "#", "a: b", "'", '"', "|", "&a", "*a"]
)


def plans() -> st.SearchStrategy[Plan]:
    """Any plan, of a few components of each kind."""
    return _of(inspect.type_info(Plan)).map(lambda built: msgspec.convert(built, Plan))


def parts(kind: type[Part]) -> st.SearchStrategy[Part]:
    """Any part of a plan, of one kind."""
    return _of(inspect.type_info(kind)).map(lambda built: msgspec.convert(built, kind))


def _of(wanted: inspect.Type) -> st.SearchStrategy[Any]:
    match wanted:
        case inspect.StructType():
            fields = {one.encode_name: _of(one.type) for one in wanted.fields}
            required = {one.encode_name for one in wanted.fields if one.required}
            return st.fixed_dictionaries(
                {name: one for name, one in fields.items() if name in required},
                optional={name: one for name, one in fields.items() if name not in required},
            )
        case inspect.DictType():
            low = wanted.min_length or 0
            return st.dictionaries(_of(wanted.key_type), _of(wanted.value_type), min_size=low, max_size=_ENTRIES)
        case inspect.ListType():
            low, high = wanted.min_length or 0, wanted.max_length or _ENTRIES
            return st.lists(_of(wanted.item_type), min_size=low, max_size=min(high, _ENTRIES))
        case inspect.UnionType():
            return st.one_of(*map(_of, wanted.types))
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(wanted.values)
        case inspect.BoolType():
            return st.booleans()
        case inspect.FloatType():
            return _numbers(wanted)
        case inspect.StrType():
            return _texts(wanted)
    raise TypeError(wanted)


def _numbers(wanted: inspect.FloatType) -> st.SearchStrategy[float]:
    low = wanted.gt if wanted.ge is None else wanted.ge
    high = wanted.lt if wanted.le is None else wanted.le
    return st.floats(low, high, exclude_min=wanted.ge is None, exclude_max=wanted.le is None)


def _texts(wanted: inspect.StrType) -> st.SearchStrategy[str]:
    if wanted.pattern == ONE_LINE:
        texts = st.text(_SIGNS, min_size=wanted.min_length or 0, max_size=wanted.max_length)
        return _TRAPS | texts
    return {
        _pattern(Name): _NAMES,
        _pattern(PinName): _PINS,
        _pattern(Point): _NAMES | st.tuples(_NAMES, _PINS).map(".".join),
        _pattern(Colour): st.lists(st.sampled_from([*COLOUR_CODES]), min_size=1, max_size=3).map("".join),
    }[wanted.pattern]


def _pattern(word: object) -> str | None:
    info = inspect.type_info(word)
    return info.pattern if isinstance(info, inspect.StrType) else None
