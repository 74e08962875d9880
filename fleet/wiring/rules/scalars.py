"""What a scalar of a plan means, by what is wanted there. Pure.

Where text is wanted a scalar is its own writing, so `terminal: 15` and `revision: 1.10` lose nothing; where a number is
wanted only plain decimals are taken, so that `1:30`, `0x10` and `1_000` are no surprises.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from msgspec import inspect

from fleet.wiring.rules.faults import quoted
from fleet.wiring.rules.yaml_nodes import Scalar
from protocols.wiring.plan import MAX_TEXT_CHARS
from protocols.wiring.words import COLOUR_CODES, Colour, Name, PinName, Point

_LONGEST_COMPARED = 60
_NOTHING = ("", "~", "null", "Null", "NULL")
_PLAIN_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)")
_UNITED_NUMBER = re.compile(
    r"([-+]?(?:0|[1-9][0-9]{0,19})(?:[.,][0-9]{1,9})?) *(?!x|o|b|e[-+0-9])([a-z°µΩ%].{0,20})", re.IGNORECASE
)
_UNITS = {
    "a": "A",
    "ah": "Ah",
    "c": "°C",
    "days": "days",
    "kbit": "kbit/s",
    "m": "m",
    "ma": "mA",
    "mm2": "mm²",
    "ohm": "Ω",
    "s": "s",
    "v": "V",
}
"""By what the names of fields end in."""
_WITH_COMMA = re.compile(r"[-+]?[0-9]{1,20},(?:[0-9]{1,2}|[0-9]{4,20})")
"""Three digits after a comma may be thousands."""
_TRUE = ("true", "yes", "on", "y")
_FALSE = ("false", "no", "off", "n")
_COLOUR_NAMES = {name: code for code, name in COLOUR_CODES.items()} | {"gray": "GY", "purple": "VT"}


class Refusal(NamedTuple):
    """Why a value can not be taken, and what to write instead."""

    message: str
    remedy: str


Taken = str | float | int | bool | Refusal
Wanted = inspect.StrType | inspect.FloatType | inspect.IntType | inspect.BoolType | inspect.LiteralType


def is_nothing(scalar: Scalar) -> bool:
    """Whether a scalar says that there is no value: nothing at all, `~` or `null` without quotes."""
    return scalar.is_plain and scalar.text in _NOTHING


def taken(scalar: Scalar, wanted: Wanted, field: str) -> Taken:
    """The value of a scalar of `field` where `wanted` is wanted, or why it is none."""
    match wanted:
        case inspect.StrType():
            return text_taken(scalar.text, wanted)
        case inspect.BoolType():
            return _truth(scalar)
        case inspect.LiteralType():
            return _one_of(scalar, wanted)
        case inspect.FloatType() | inspect.IntType():
            number = _number(scalar, field)
            return number if isinstance(number, Refusal) else _within(number, wanted)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    if len(word) > _LONGEST_COMPARED:
        return None
    same = [one for one in known if one.lower() == word.lower()]
    return next(iter(same or get_close_matches(word, known, 1) or get_close_matches(word.lower(), known, 1)), None)


def text_taken(text: str, wanted: inspect.StrType) -> str | Refusal:
    """A text within the bounds of `wanted`, or why it is not."""
    if len(text) < (wanted.min_length or 0):
        return Refusal("there is no text", "write one")
    if len(text) > (MAX_TEXT_CHARS if wanted.max_length is None else wanted.max_length):
        return Refusal(f"this text has {len(text)} signs", f"keep it to {wanted.max_length}")
    if wanted.pattern is None or re.search(wanted.pattern, text):
        return text
    return _misshapen(text, wanted.pattern)


def _misshapen(text: str, pattern: str) -> Refusal:
    if pattern == _pattern_of(Colour):
        return Refusal(f"{quoted(text)} is no colour", _colour_remedy(text))
    if pattern == _pattern_of(Name):
        return Refusal(f"{quoted(text)} is no name", "use letters, digits, _ and -, a letter first, at most 24 signs")
    if pattern == _pattern_of(PinName):
        return Refusal(f"{quoted(text)} is no cavity or terminal", "use letters, digits, _, + and -, at most 24")
    if pattern == _pattern_of(Point):
        return Refusal(f"{quoted(text)} is no point", "write a point as B1, F1.in, X1.3, camera.+ or powertrain.h")
    if "\n" in text:
        return Refusal("this text has a line end", "write it on one line, or in several lines after >-")
    return Refusal(f"{quoted(text)} has a control sign", "take it out")


def _pattern_of(bounded: object) -> str | None:
    info = inspect.type_info(bounded)
    return info.pattern if isinstance(info, inspect.StrType) else None


def _colour_remedy(text: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z]+", text[:_LONGEST_COMPARED]) if word]
    codes = [_COLOUR_NAMES.get(word.lower(), word.upper()) for word in words]
    meant = "".join(codes)
    pairs = [meant[at : at + 2] for at in range(0, len(meant), 2)]
    if 1 <= len(pairs) <= 3 and all(pair in COLOUR_CODES for pair in pairs):
        return f"write {meant}"
    return f"write one to three codes of IEC 60757, the base colour first: {', '.join(COLOUR_CODES)}"


def _truth(scalar: Scalar) -> Taken:
    if scalar.is_plain and scalar.text in ("true", "false"):
        return scalar.text == "true"
    meant = {**dict.fromkeys(_TRUE, "true"), **dict.fromkeys(_FALSE, "false")}.get(scalar.text.lower())
    message = f"{quoted(scalar.text)} is neither true nor false"
    return Refusal(message, f"write {meant}, without quotes" if meant else "write true or false")


def _one_of(scalar: Scalar, wanted: inspect.LiteralType) -> Taken:
    values = wanted.values
    for value in values:
        if isinstance(value, str) and scalar.text == value:
            return value
        if isinstance(value, int) and scalar.is_plain and scalar.text == str(value):
            return value
    message = f"{quoted(scalar.text)} is not known here" if scalar.text else "there is no value"
    words = [str(value) for value in values]
    close = nearest(scalar.text, words)
    if close is not None:
        return Refusal(message, f"write {close}" if len(words) == 1 else f"write {close}, or one of {', '.join(words)}")
    return Refusal(message, f"write {'one of ' if len(words) > 1 else ''}{', '.join(words)}")


def _number(scalar: Scalar, field: str) -> float | Refusal:
    text = scalar.text
    if _PLAIN_NUMBER.fullmatch(text):
        if not scalar.is_plain:
            return Refusal(f"{quoted(text)} is in quotes, and a number is wanted", f"write {text[:20]} without quotes")
        return float(text)
    if text == "":
        return Refusal("there is no number", "write one, or leave the line out where it is not known")
    return Refusal(f"{quoted(text)} is no plain number", _number_remedy(text, field))


def _number_remedy(text: str, field: str) -> str:
    united = _UNITED_NUMBER.fullmatch(text)
    if united is not None:
        return _remedy_of_unit(united[1].replace(",", "."), united[2], field)
    if _WITH_COMMA.fullmatch(text):
        return f"write {text.replace(',', '.')}, with a point"
    return "write digits, with a point where one is needed, and no unit"


def _remedy_of_unit(digits: str, unit: str, field: str) -> str:
    """A number may be copied where its unit is the field's; 1400 mA are not 1400 A."""
    wanted = _UNITS.get(field.rpartition("_")[2])
    if wanted is None:
        return f"write {float(digits) / 100:g}" if unit == "%" else f"write a number alone: {field} has no unit"
    if unit.lower().replace("²", "2") in (field.rpartition("_")[2], wanted.lower()):
        return f"write {digits} alone, which is in {wanted}"
    return f"write it in {wanted}, the number alone"


def _within(number: float, wanted: inspect.FloatType | inspect.IntType) -> float | Refusal:
    bounds = [
        (wanted.gt, "more than", number > (wanted.gt or 0)),
        (wanted.ge, "at least", number >= (wanted.ge or 0)),
        (wanted.lt, "less than", number < (wanted.lt or 0)),
        (wanted.le, "at most", number <= (wanted.le or 0)),
    ]
    said = [(words, limit) for limit, words, _ in bounds if limit is not None]
    if all(holds for limit, _, holds in bounds if limit is not None):
        return number
    asked = " and ".join(f"{words} {limit:g}" for words, limit in said)
    return Refusal(f"{number:g} is out of range", f"write {asked}")
