"""Plans as text, as a person would write them. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from textwrap import wrap

import msgspec

from protocols.wiring.plan import Plan

_WIDTH = 132
_BLOCK_DEPTH = 2
"""Down to here mappings are blocks, deeper ones take one line where it is long enough: a component each."""

_PLAIN_TEXT = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _.+()/²°-]*[A-Za-z0-9_.+()/²°-])?")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_+-]+")
_OTHER_MEANING = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|\.inf|\.nan)", re.IGNORECASE)
"""What other programs would take for a truth or for nothing."""

_UNSEEN = re.compile("[\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff]")


def write_plan(plan: Plan) -> str:
    """The text of a plan: one component a line, without what is as it is anyhow. Reading it gives an equal plan, unless
    it is longer than a text may be."""
    blocks: list[str] = []
    for key, value in _fields(plan):
        lines = "\n".join(_entry(key, value, 0))
        blocks.append(f"\n{lines}" if isinstance(value, Mapping | list) else lines)
    return "\n".join(blocks) + "\n"


def _fields(struct: msgspec.Struct) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if field.required or value != default:
            yield field.encode_name, _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return dict(_fields(value))
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _entry(key: str, value: object, depth: int) -> list[str]:
    """The lines of a key with its value."""
    blanks = "  " * depth
    if isinstance(value, str) and (folded := _folded(value, depth + 1)):
        return [f"{blanks}{_key(key)}: >-", *folded]
    line = f"{blanks}{_key(key)}: {_flow(value)}"
    if not isinstance(value, Mapping | list) or not value:
        return [line]
    if depth + 1 >= _BLOCK_DEPTH and len(line) <= _WIDTH:
        return [line]
    if isinstance(value, list):
        return [f"{blanks}{_key(key)}:", *(f"{blanks}  - {_flow(item)}" for item in value)]
    return [f"{blanks}{_key(key)}:", *(line for inner, one in value.items() for line in _entry(inner, one, depth + 1))]


def _flow(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    return "null" if value is None else _text(str(value))


def _key(key: str) -> str:
    is_plain = _PLAIN_KEY.fullmatch(key) and not _OTHER_MEANING.fullmatch(key)
    return key if is_plain else _text(key)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _text(text: str) -> str:
    if _PLAIN_TEXT.fullmatch(text) and not _OTHER_MEANING.fullmatch(text):
        return text
    return _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(text, ensure_ascii=False))


def _folded(text: str, depth: int) -> list[str]:
    """The lines of a long text, where folding them gives the text again; none for a text that fits on a line."""
    blanks = "  " * depth
    if len(text) <= _WIDTH // 2 or text != text.strip() or _UNSEEN.search(text):
        return []
    lines = wrap(text, _WIDTH - len(blanks), break_long_words=False, break_on_hyphens=False)
    return [f"{blanks}{line}" for line in lines] if len(lines) > 1 and " ".join(lines) == text else []
