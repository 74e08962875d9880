"""Lines for a terminal as text with a tone each: what is said is in the text, a tone only helps the eye. Pure."""

import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple

Tone = Literal["plain", "strong", "muted", "good", "fair", "bad", "colour"]


class Mark(NamedTuple):
    """A piece of a line. `colour`: the IEC 60757 code that a terminal can paint it in, of tone `colour`."""

    text: str
    tone: Tone = "plain"
    colour: str = ""


Line = tuple[Mark, ...]

ELLIPSIS = "…"


def plain(line: Line) -> str:
    """The text of a line, without blanks at its end."""
    return "".join(mark.text for mark in line).rstrip()


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(_cells_of(sign) for sign in text)


def fitted(text: str, width: int) -> str:
    """`text` in at most `width` columns, its end left out with an ellipsis where it is longer."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for sign in text:
        used += _cells_of(sign)
        if used > width - 1:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + ELLIPSIS if width > 0 else ""


def padded(text: str, width: int) -> str:
    """`text` in exactly `width` columns."""
    short = fitted(text, width)
    return short + " " * (width - cells(short))


def colour_codes(colour: str) -> list[str]:
    """The codes of one to three colours that are written without a sign between them, the base colour first."""
    return [colour[at : at + 2] for at in range(0, len(colour), 2)]


def colour_marks(colour: str) -> list[Mark]:
    """A colour's codes, each to be painted in itself."""
    return [Mark(code, "colour", code) for code in colour_codes(colour)]


def wrapped(text: str, width: int) -> list[str]:
    """`text` broken between words into lines of at most `width` columns; a longer word is cut."""
    lines: list[str] = []
    for word in text.split():
        piece = fitted(word, width)
        if lines and cells(lines[-1]) + 1 + cells(piece) <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def number(value: float | None) -> str:
    """A figure as an installer writes it, to three significant digits at most below 100; `?` where it is not known."""
    if value is None:
        return "?"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def joined(parts: Iterable[str], between: str = ", ") -> str:
    """The parts that are not empty."""
    return between.join(part for part in parts if part)


def _cells_of(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
