"""What goes into which cavity, connector by connector: what somebody has beside the pliers. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from fleet.wiring.rules.marks import Line, Mark, Tone, cells, colour_marks, fitted, joined, number, padded
from fleet.wiring.rules.network import mated
from protocols.wiring.parts import Cavity, Connector
from protocols.wiring.plan import Plan

_HEADS = ("cavity", "label", "conductor", "mm²", "colour", "goes to", "contact")
_COLOUR = _HEADS.index("colour")
_GAP = 2
_LEAST = 6
_SHRINK = ("contact", "label", "goes to")
"""Columns that give way, in this order, where the width is short."""


class _Entry(NamedTuple):
    cavity: str
    label: str
    conductor: str
    size: str
    colour: str
    goes_to: str
    contact: str


def cavity_tables(plan: Plan, width: int) -> list[Line]:
    """A table for each connector that has cavities, in at most `width` columns; a cavity with two conductors has two
    rows."""
    ends = _ends(plan)
    mates = {one: other for pair in mated(plan) for one, other in (pair, pair[::-1])}
    lines: list[Line] = []
    for name, connector in plan.connectors.items():
        rows = [row for pin, cavity in connector.cavities.items() for row in _entries(plan, ends, name, pin, cavity)]
        lines += [()] if lines else []
        lines += [_title(name, connector, mates.get(name), width), *_table(rows, width)]
    return lines


def _ends(plan: Plan) -> dict[str, list[tuple[str, str]]]:
    """By point: the conductors that end there, and where they go."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, conductor in plan.conductors.items():
        found.setdefault(conductor.start, []).append((name, conductor.end))
        found.setdefault(conductor.end, []).append((name, conductor.start))
    return found


def _entries(
    plan: Plan, ends: dict[str, list[tuple[str, str]]], connector: str, pin: str, cavity: Cavity
) -> list[_Entry]:
    joins = f"joins {cavity.joins}" if cavity.joins is not None else ""
    entries = []
    for name, far in ends.get(f"{connector}.{pin}", ()):
        conductor = plan.conductors[name]
        entries.append(
            _Entry(
                pin,
                cavity.label,
                name,
                number(conductor.csa_mm2),
                conductor.colour or "?",
                joined((far, joins), ", "),
                cavity.contact,
            )
        )
    return entries or [_Entry(pin, cavity.label, "–", "", "", joins, cavity.contact)]


def _title(name: str, connector: Connector, mate: str | None, width: int) -> Line:
    words = joined(
        (
            connector.kind,
            connector.part,
            "" if connector.rating_a is None else f"{number(connector.rating_a)} A a cavity",
            "" if mate is None else f"mates {mate}",
            connector.place,
        )
    )
    return (Mark(f"□ {name}", "strong"), Mark(fitted(f"  {words}", max(0, width - cells(name) - 2))))


def _table(rows: Sequence[_Entry], width: int) -> list[Line]:
    if not rows:
        return [(Mark("  no cavities", "muted"),)]
    widths = [max(cells(head), *(cells(row[at]) for row in rows)) for at, head in enumerate(_HEADS)]
    for head in _SHRINK:
        over = sum(widths) + _GAP * len(widths) - width
        at = _HEADS.index(head)
        if over > 0:
            widths[at] = max(_LEAST, widths[at] - over)
    heads = tuple(Mark(padded(f"  {head}", widths[at] + _GAP), "muted") for at, head in enumerate(_HEADS))
    return [heads, *(_row(row, widths) for row in rows)]


def _row(row: _Entry, widths: Sequence[int]) -> Line:
    marks: list[Mark] = []
    for at, text in enumerate(row):
        if at == _COLOUR and text not in ("", "?"):
            marks += [Mark("  "), *colour_marks(text), Mark(" " * (widths[at] - cells(text)))]
        else:
            tone: Tone = "fair" if text == "?" else "strong" if at == 0 else "plain"
            marks += [Mark("  "), Mark(padded(text, widths[at]), tone)]
    return tuple(marks)
