"""How commands print: a table for people, or the same as JSON; and bars of progress.

What devices say of themselves is never markup and steers no terminal.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from protocols.text import escaped
from protocols.words import UNKNOWN

_GAP = 2


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(escaped(msgspec.json.encode(value).decode()) + "\n")


def print_line(text: str) -> None:
    """Lines on standard output, at once."""
    sys.stdout.write(_lines(text))
    sys.stdout.flush()


def print_remark(text: str) -> None:
    """Lines for the person only, on standard error."""
    sys.stderr.write(_lines(text))
    sys.stderr.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table, a line for each row however long; unknown values as `—`; the sentence `empty` when there are none."""
    if not rows:
        print_line(empty)
        return
    lines = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    gap = " " * _GAP
    print_line(
        "\n".join(gap.join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
    )


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Named facts, one a line; unknown ones as `—`."""
    named = [(escaped(name), _cell(value)) for name, value in facts]
    width = max(len(name) for name, _ in named) + _GAP
    print_line("\n".join(name.ljust(width) + value for name, value in named))


def _lines(text: str) -> str:
    return "".join(f"{escaped(line)}\n" for line in text.split("\n"))


def _cell(value: object) -> str:
    return UNKNOWN if value is None or value == "" else escaped(str(value))
