"""Lines of marks on a terminal, in colour where it shows colour and nobody asked for none (`NO_COLOR`)."""

import os
import shutil
import sys
from collections.abc import Iterable

from fleet.wiring.rules.marks import Line, Mark, plain
from protocols.text import escaped

DEFAULT_WIDTH = 80

_TONES = {"strong": "1", "muted": "2", "good": "32", "fair": "33", "bad": "1;31"}
_COLOURS = {
    "BK": "90",
    "BN": "38;5;130",
    "RD": "91",
    "OG": "38;5;208",
    "YE": "38;5;226",
    "GN": "32",
    "BU": "38;5;33",
    "VT": "38;5;141",
    "GY": "37",
    "WH": "97",
    "PK": "38;5;218",
    "TQ": "38;5;45",
    "GD": "38;5;178",
    "SR": "38;5;250",
}
"""How a terminal paints a colour of IEC 60757. Black is grey there, to be seen on black."""


def terminal_width() -> int:
    """Columns of the terminal that standard output is; 80 where it is none."""
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns if sys.stdout.isatty() else DEFAULT_WIDTH


def print_marks(lines: Iterable[Line]) -> None:
    """Lines on standard output."""
    painted = is_painted()
    for line in lines:
        text = "".join(_painted(mark) for mark in line).rstrip() if painted else escaped(plain(line))
        sys.stdout.write(text + "\n")


def is_painted() -> bool:
    """Whether standard output is a terminal that shows colour, and nobody asked for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def _painted(mark: Mark) -> str:
    code = _COLOURS.get(mark.colour, "") if mark.tone == "colour" else _TONES.get(mark.tone, "")
    text = escaped(mark.text)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text.strip() else text
