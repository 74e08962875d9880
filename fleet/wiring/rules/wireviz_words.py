"""The words of a plan's components in WireViz's `type`, `subtype` and `notes`, written and read. Pure.

WireViz knows connectors and cables and nothing else. So each of our components is a connector whose `type` says what
it is and whose `subtype` lists facts, as a drawing shows them: `Fuse`, `10 A, blade`.
"""

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

from protocols.wiring.parts import Bus, Cavity, Connector, Fuse, Ground, Load, Source, Splice

Component = Source | Ground | Fuse | Splice | Connector | Load | Bus

NOTES_WIDTH = 44
"""How many signs of notes stand on a line of a drawing, unless a word is longer."""

_LINK = re.compile(r"<[^<>]*>")
_FIRST_WORDS = ("place:", "route:", "note:")


class Fact(NamedTuple):
    """How a field stands in a list of facts: its value between two texts."""

    field: str
    before: str = ""
    after: str = ""


class Kind(NamedTuple):
    """A kind of component: its field in a plan, its WireViz `type`, the pins it always has (none: its own), and its
    facts."""

    field: str
    type: str
    pins: tuple[str, ...]
    facts: tuple[Fact, ...]


_SINGLE = ("1",)
KINDS: dict[type[Component], Kind] = {
    Source: Kind(
        "sources",
        "Source",
        _SINGLE,
        (
            Fact("terminal", "terminal "),
            Fact("circuit", "circuit "),
            Fact("fuse_a", "fuse ", " A"),
            Fact("existing_load_a", "carries ", " A"),
        ),
    ),
    Ground: Kind("grounds", "Ground", _SINGLE, (Fact("terminal", "terminal "),)),
    Fuse: Kind(
        "fuses",
        "Fuse",
        ("in", "out"),
        (Fact("rating_a", "", " A"), Fact("holder_max_a", "holder up to ", " A"), Fact("kind")),
    ),
    Splice: Kind("splices", "Splice", _SINGLE, (Fact("rating_a", "up to ", " A"), Fact("kind"))),
    Connector: Kind(
        "connectors",
        "Connector",
        (),
        (
            Fact("rating_a", "up to ", " A"),
            Fact("csa_min_mm2", "from ", " mm²"),
            Fact("csa_max_mm2", "to ", " mm²"),
            Fact("kind"),
        ),
    ),
    Load: Kind(
        "loads",
        "Load",
        (),
        (
            Fact("peak_a", "peak ", " A"),
            Fact("running_a", "running ", " A"),
            Fact("quiescent_ma", "asleep ", " mA"),
            Fact("min_v", "from ", " V"),
            Fact("max_v", "to ", " V"),
            Fact("transient_max_v", "survives ", " V"),
            Fact("ignition_sense", "sense "),
        ),
    ),
    Bus: Kind(
        "buses", "Bus", ("h", "l"), (Fact("bitrate_kbit", "", " kbit/s"), Fact("length_m", "", " m"), Fact("kind"))
    ),
}
ALWAYS = {"terminal", "rating_a"}
"""Facts that are written where they are the default too."""

OPEN = Connector(kind="terminal", part="open end", cavities={"1": Cavity()})
"""The connector that stands for a conductor's end that is joined to nothing."""


def facts_of(component: Component, *, names: Mapping[str, object]) -> str:
    """A component's facts; `names` has the defaults of its fields, which are left out unless `ALWAYS`."""
    written = []
    for fact in KINDS[type(component)].facts:
        value = getattr(component, fact.field)
        if value is not None and (fact.field in ALWAYS or value != names.get(fact.field)):
            written.append(f"{fact.before}{number(value) if isinstance(value, float) else value}{fact.after}")
    return _broken(written, ", ", ",\n")


def facts_in(kind: Kind, text: str) -> tuple[dict[str, str], list[str]]:
    """The facts in a text, by field, and what is none of them."""
    found: dict[str, str] = {}
    rest: list[str] = []
    for piece in text.split(", ") if text else ():
        for fact in kind.facts:
            if _fits(fact, piece) and fact.field not in found:
                found[fact.field] = piece[len(fact.before) : len(piece) - len(fact.after)]
                break
        else:
            rest.append(piece)
    return found, rest


def _fits(fact: Fact, piece: str) -> bool:
    inside = piece.startswith(fact.before) and piece.endswith(fact.after)
    return inside and len(piece) > len(fact.before) + len(fact.after)


def number(value: float) -> str:
    """A number as people write it, without losing a digit."""
    return repr(figure(value))


def figure(value: float) -> float | int:
    """A number as YAML shows it, a whole one without a point."""
    return int(value) if value == int(value) else value


def shown(text: str) -> str:
    """Text as WireViz and Graphviz take it without making signs, links or line ends of it."""
    return html.escape(text, quote=False).replace("\\", "\\\\")


def plain_text(text: str) -> str:
    """What a text of a WireViz file shows: without tags, entities as the signs they stand for."""
    return html.unescape(_LINK.sub("", text).replace("\\\\", "\\"))


def notes_of(**paragraphs: str) -> str:
    """`place`, `route` and `note` as a drawing's notes. A note alone bears no word before it."""
    given = {name: text for name, text in paragraphs.items() if text}
    if list(given) == ["note"] and not given["note"].startswith(_FIRST_WORDS):
        return _wrapped(given["note"])
    return "\n".join(_wrapped(f"{name}: {text}") for name, text in given.items())


def notes_in(text: str) -> dict[str, str]:
    """The paragraphs of notes, each on one line; what has no word before it is the note."""
    found: dict[str, str] = {}
    name = "note"
    for line in text.split("\n"):
        first = next((word for word in _FIRST_WORDS if line.startswith(f"{word} ") and word[:-1] not in found), None)
        if first is not None:
            name, line = first[:-1], line[len(first) + 1 :]  # noqa: PLW2901 - the line without its first word
        found[name] = f"{found[name]} {line}" if name in found else line
    return found


def _wrapped(text: str) -> str:
    """Broken at blanks only, so that a blank for each line end gives the text back; not beside a first word."""
    words: list[str] = []
    for word in text.split(" "):
        if words and (word in _FIRST_WORDS or not word or words[-1] in _FIRST_WORDS):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return _broken(words, " ", "\n")


def _broken(pieces: list[str], between: str, at_end: str) -> str:
    """Pieces in lines of at most `NOTES_WIDTH` signs, unless one is longer."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(between) + len(piece) <= NOTES_WIDTH:
            lines[-1] += f"{between}{piece}"
        else:
            lines.append(piece)
    return at_end.join(lines)
