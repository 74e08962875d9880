"""Rows of the diagram: guides and names to the left, a conductor's figures in columns to the right. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from fleet.wiring.rules.marks import Line, Mark, Tone, cells, colour_marks, fitted, padded, wrapped
from protocols.wiring.findings import Judgement

_FIGURES = ((5, "mm²"), (7, "colour"), (6, "m"), (6, "run A"), (7, "peak A"))
"""Columns: how wide, and their heads."""
FIGURES_WIDTH = sum(width for width, _ in _FIGURES)
_INLINE_FROM = 112
_INLINE_WIDTH = 34
_LEFT_MOST = 72
_LEAST_WORDS = 16


class Figures(NamedTuple):
    """A conductor's figures as texts: cross-section, colour (IEC 60757), length, running and peak current."""

    size: str
    colour: str
    length: str
    running: str
    peak: str


class Row(NamedTuple):
    """A row. `prefix`: guides of the branches it is within. `sign`: what it is. `guide`: what goes on beneath it."""

    sign: Mark
    name: str
    text: str = ""
    figures: Figures | None = None
    remarks: tuple[Judgement, ...] = ()
    guide: Mark = Mark(" ")
    prefix: Line = ()


class Sheet(NamedTuple):
    """How the width is shared out; `remarks` is 0 where what rules say stands on lines of its own."""

    left: int
    remarks: int

    @property
    def middle(self) -> int:
        """Where what rules say begins."""
        return self.left + FIGURES_WIDTH

    @classmethod
    def of(cls, width: int) -> "Sheet":
        """The shares of `width` columns."""
        if width < _INLINE_FROM:
            return cls(max(20, width - FIGURES_WIDTH), 0)
        left = min(_LEFT_MOST, width - FIGURES_WIDTH - _INLINE_WIDTH)
        return cls(left, width - FIGURES_WIDTH - left)


def head(sheet: Sheet) -> Line:
    """The heads of the columns."""
    words = (_placed(at, words) for at, (_, words) in enumerate(_FIGURES))
    return (Mark(" " * sheet.left), *(Mark(word, "muted") for word in words))


def lines_of(row: Row, sheet: Sheet) -> list[Line]:
    """A row as lines: its own, the rest of a component's words, and what rules say of it beneath where there is no room
    beside it."""
    left: list[Mark] = [*row.prefix, row.sign, *([Mark(" "), Mark(row.name, "strong")] if row.name else [])]
    used = sum(cells(mark.text) for mark in left)
    more: list[Line] = []
    if row.figures is None:
        said, *rest = wrapped(row.text, max(_LEAST_WORDS, sheet.middle - used - 2)) or [""]
        left += [Mark("  "), Mark(said)] if said else []
        filled = sum(cells(mark.text) for mark in left)
        tail = [Mark(" " * (sheet.middle - filled))]
        more = [(*_guides(row), Mark(f"   {line}")) for line in _within(rest, row, sheet)]
    else:
        tail = [*_leader(row.text, sheet.left - used), *_figure_marks(row.figures)]
    beside = [part for one in row.remarks for part in (Mark("  "), remark(one))]
    if sum(cells(mark.text) for mark in beside) <= sheet.remarks:
        return [(*left, *tail, *beside), *more]
    return [(*left, *tail), *more, *_beneath(row, sheet)]


def _guides(row: Row) -> Line:
    """What goes on beneath a row, to the left of it too."""
    return (*(_going_on(mark) for mark in row.prefix), row.guide)


def _within(rest: Sequence[str], row: Row, sheet: Sheet) -> list[str]:
    """The rest of a component's words, broken anew for the lines beneath its own."""
    used = sum(cells(mark.text) for mark in _guides(row)) + 3
    return wrapped(" ".join(rest), max(_LEAST_WORDS, sheet.middle - used))


def _leader(text: str, room: int) -> list[Mark]:
    """A conductor's words and a dotted leader that carries the eye to its figures."""
    words = [Mark("  "), Mark(fitted(text, room - 4), "muted")] if text and room > 8 else []
    left = room - sum(cells(mark.text) for mark in words)
    return [*words, Mark(f" {'·' * (left - 1)}" if left > 2 else " " * left, "muted")]


def _figure_marks(figures: Figures) -> list[Mark]:
    marks: list[Mark] = []
    for at, text in enumerate(figures):
        tone: Tone = "fair" if text == "?" else "plain"
        if at == 1 and text != "?":
            codes = colour_marks(text)
            filled = " " * max(0, _FIGURES[at][0] - 1 - cells(text))
            marks += [Mark(" "), *codes, Mark(filled)]
        else:
            marks.append(Mark(_placed(at, text), tone))
    return marks


def _placed(at: int, text: str) -> str:
    width = _FIGURES[at][0]
    return f" {padded(text, width - 1)}" if at == 1 else f"{fitted(text, width - 1):>{width}}"


def remark(judgement: Judgement) -> Mark:
    """A rule's id with a sign: `✗` fails, `?` is not judged; safety says so in text too."""
    sign = "✗" if judgement.verdict == "fail" else "?"
    grave = " (safety)" if judgement.severity == "safety" else ""
    return Mark(
        f"{sign} {judgement.rule}{grave}", "bad" if judgement.verdict == "fail" and _is_grave(judgement) else "fair"
    )


def _is_grave(judgement: Judgement) -> bool:
    return judgement.severity != "practice"


def _beneath(row: Row, sheet: Sheet) -> list[Line]:
    """What rules say of a row on lines beneath it, as many on each as there is room for."""
    guides = _guides(row)
    room = max(_LEAST_WORDS, sheet.middle + sheet.remarks - sum(cells(mark.text) for mark in guides))
    lines: list[Line] = []
    used = room
    for one in row.remarks:
        mark = remark(one)
        mark = mark._replace(text=fitted(mark.text, room - 3))
        if used + 2 + cells(mark.text) > room:
            lines.append((*guides, Mark("   "), mark))
            used = 3 + cells(mark.text)
        else:
            lines[-1] = (*lines[-1], Mark("  "), mark)
            used += 2 + cells(mark.text)
    return lines


_GOES_ON = str.maketrans({"├": "│", "└": " ", "─": " ", "┐": " "})


def _going_on(mark: Mark) -> Mark:
    """A guide as it looks a line farther down."""
    return mark._replace(text=mark.text.translate(_GOES_ON))


def told(judgement: Judgement, width: int) -> list[Line]:
    """A judgement in full: its subject, sentence and remedy, wrapped."""
    mark = remark(judgement)
    said = f"{judgement.subject}: {judgement.sentence}" + (f"; {judgement.remedy}" if judgement.remedy else "")
    return [(mark,), *((Mark("    "), Mark(line)) for line in wrapped(said, max(20, width - 4)))]
