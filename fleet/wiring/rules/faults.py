"""Places in a text, and what is wrong there. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from protocols.text import escaped

MAX_FAULTS = 100
"""How many faults of one text are told; whoever mends these will see the rest."""

_SHOWN_SIGNS = 40


class Place(NamedTuple):
    """A place in a text; the first line is 1, and so is its first sign's column."""

    line: int
    column: int


START = Place(1, 1)


class Fault(NamedTuple):
    """Something wrong in a text. `path`: of what it is about, as in `conductors.W1.csa_mm2`; items of a list by their
    number from 0; empty where it is about the text itself. `remedy`: what to do."""

    place: Place
    path: str
    message: str
    remedy: str


def told(faults: Iterable[Fault]) -> list[Fault]:
    """Faults in the order of their places, each once, and no more than `MAX_FAULTS`."""
    return sorted(dict.fromkeys(faults), key=lambda one: one.place)[:MAX_FAULTS]


def quoted(text: str) -> str:
    """What a text says, for a message: in quotes, cut short, without signs that would move a cursor."""
    cut = text if len(text) <= _SHOWN_SIGNS else f"{text[:_SHOWN_SIGNS]}…"
    return f'"{escaped(cut)}"'
