"""What is different between two plans, component by component and field by field. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from protocols.wiring.advice import Difference
from protocols.wiring.plan import Plan

_NAMED: dict[str, tuple[str, ...]] = {
    "sources": (),
    "grounds": (),
    "fuses": (),
    "splices": (),
    "connectors": ("cavities",),
    "loads": ("terminals",),
    "buses": (),
    "cables": (),
    "conductors": (),
}
"""Components by kind, and what they have by name within."""

_Fields = Mapping[str, Any]


def compare(before: Plan, after: Plan) -> list[Difference]:
    """What came, went and changed from one plan to another; nothing where they say the same. What has another name went
    and came. The order in which things are written makes no difference."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return [
        *_plain(old, new),
        *_vehicle(old["vehicle"], new["vehicle"]),
        *(found for kind, within in _NAMED.items() for found in _components(kind, old[kind], new[kind], within)),
        *_extras(old["extras"], new["extras"]),
    ]


def _plain(old: _Fields, new: _Fields) -> Iterator[Difference]:
    for field in old:
        if field not in _NAMED and field not in ("vehicle", "extras"):
            before, after = _text(old[field]), _text(new[field])
            if before != after:
                yield Difference(kind="changed", subject=field, before=before, after=after)


def _vehicle(old: _Fields | None, new: _Fields | None) -> Iterator[Difference]:
    if old is None or new is None:
        yield from _one("vehicle", old, new, ("batteries",))
        return
    yield from _fields("vehicle", old, new, ("batteries",))
    yield from _components("vehicle.batteries", old["batteries"], new["batteries"], ())


def _components(kind: str, old: _Fields, new: _Fields, within: tuple[str, ...]) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        yield from _one(f"{kind}.{name}", old.get(name), new.get(name), within)


def _one(subject: str, old: _Fields | None, new: _Fields | None, within: tuple[str, ...]) -> Iterator[Difference]:
    if old is not None and new is not None:
        yield from _fields(subject, old, new, within)
        for part in within:
            yield from _components(f"{subject}.{part}", old[part], new[part], ())
    elif old is not None:
        yield Difference(kind="removed", subject=subject, before=_whole(old))
    elif new is not None:
        yield Difference(kind="added", subject=subject, after=_whole(new))


def _fields(subject: str, old: _Fields, new: _Fields, within: tuple[str, ...]) -> Iterator[Difference]:
    flat_old, flat_new = dict(_flat(old, within)), dict(_flat(new, within))
    for field in dict.fromkeys((*flat_old, *flat_new)):
        before, after = flat_old.get(field), flat_new.get(field)
        if before != after:
            yield Difference(kind="changed", subject=subject, field=field, before=before, after=after)


def _flat(fields: _Fields, within: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Fields by name, those of a part within as `cutoff.off_v`."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            if name not in within:
                yield from ((f"{name}.{deeper}", text) for deeper, text in _flat(value, ()))
        else:
            yield name, _text(value)


def _extras(old: list[_Fields], new: list[_Fields]) -> Iterator[Difference]:
    was, now = (Counter(str(_whole(one)) for one in extras) for extras in (old, new))
    for text in (was - now).elements():
        yield Difference(kind="removed", subject="extras", before=text)
    for text in (now - was).elements():
        yield Difference(kind="added", subject="extras", after=text)


def _whole(fields: _Fields) -> str:
    """A component in one line, as a file would have it, without what it does not say."""
    said = (f"{name}: {text}" for name, value in fields.items() if (text := _text(value)) is not None)
    return "{" + ", ".join(said) + "}"


def _text(value: Any) -> str | None:
    """A value as a file would have it; None where there is none."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case list():
            return "[" + ", ".join(_text(one) or "" for one in value) + "]" if value else None
        case dict():
            return _whole(value) if value else None
        case _:
            return str(value)
