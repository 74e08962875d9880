"""What a terminal shows, cell by cell: what was painted over before it was written is never written. Pure."""

import re
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len

_TOKEN = re.compile(r"\x1b\[(?:(?P<row>\d+);(?P<column>\d+)H|(?P<style>[\d;:]*)m)|(?P<text>[^\x00-\x09\x0b-\x1f\x7f]+)")


class Cell(NamedTuple):
    """`style` is the parameters of SGR, "" for none; `text` is "" in the right half of a wide character."""

    style: str
    text: str


Row = list[Cell | None]
"""None where nothing was painted yet."""


class Cells:
    """What has been painted, and how much of that has been written; rows and columns are counted from 1 on the wire."""

    def __init__(self) -> None:
        self._wanted: dict[int, Row] = {}
        self._written: dict[int, Row] = {}

    def forget(self) -> None:
        """Nothing is known of what the terminal shows, and nothing waits."""
        self._wanted.clear()
        self._written.clear()

    def take(self, painted: str) -> bool:
        """Paint, without writing. False, and nothing is painted, when there is more in it than places, styles and text:
        when it holds a picture of Kitty's graphics or of Sixel, or is no paint at all."""
        tokens = list(_TOKEN.finditer(painted))
        if not tokens or tokens[0]["row"] is None or sum(len(token[0]) for token in tokens) != len(painted):
            return False
        row, column, style = 0, 0, ""
        for token in tokens:
            if token["row"] is not None:
                row, column = int(token["row"]), int(token["column"]) - 1
            elif token["text"] is not None:
                column = self._put(row, column, style, token["text"].replace("\n", ""))
            else:
                style = "" if token["style"] == "0" else token["style"]
        return True

    def changes(self, most_chars: int | None = None) -> str:
        """What to write so that the terminal shows what was painted; it counts as written. With `most_chars` only rows
        that fit in it together, the others wait."""
        parts: list[str] = []
        for row, line in sorted(self._wanted.items()):
            before = self._written.get(row, [])
            if line == before:
                continue
            change = _change(row, line, before)
            if most_chars is not None:
                if len(change) > most_chars:
                    continue
                most_chars -= len(change)
            parts.append(change)
            self._written[row] = list(line)
        return "".join(parts)

    @property
    def is_waiting(self) -> bool:
        """Whether anything painted is not written yet."""
        return self._wanted != self._written

    def _put(self, row: int, column: int, style: str, text: str) -> int:
        line = self._wanted.setdefault(row, [])
        line.extend([None] * (column - len(line)))
        _cut(line, column)
        for character in text:
            width = _width(character)
            if width:
                line[column : column + width] = [Cell(style, character), *[Cell(style, "")] * (width - 1)]
                column += width
            elif 0 < column <= len(line):
                under = line[column - 1]
                line[column - 1] = Cell(style, (under.text if under is not None else "") + character)
        if column < len(line) and (right := line[column]) is not None and not right.text:
            line[column] = Cell(right.style, " ")
        return column


def _cut(line: Row, column: int) -> None:
    """What begins at `column` takes the right half of a wide character: nothing of that stays."""
    if 0 < column < len(line) and (right := line[column]) is not None and not right.text:
        line[column - 1] = Cell(right.style, " ")


def _change(row: int, line: Row, before: Row) -> str:
    """Whole pieces of one style, from the first cell to the last: a word is never torn."""
    parts: list[str] = []
    column, cursor = 0, -1
    for style, cells in groupby(line, key=lambda cell: None if cell is None else cell.style):
        piece = list(cells)
        end = column + len(piece)
        if style is not None and piece != before[column:end]:
            text = "".join(cell.text for cell in piece if cell is not None)
            moved = "" if cursor == column else f"\x1b[{row};{column + 1}H"
            parts.append(f"{moved}\x1b[{style}m{text}\x1b[0m" if style else moved + text)
            cursor = end
        column = end
    return "".join(parts)


@lru_cache(maxsize=4096)
def _width(character: str) -> int:
    return cell_len(character)
