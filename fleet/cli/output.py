"""How commands print: a table for people, or the same as JSON.

Ids, times and states are never broken. On a terminal only columns of free text wrap, and a table that is too wide even
so is printed row by row, a line for each column. Where a file or a program reads, each row is one line.

Much of what is printed was written by units and by holders of vouchers: it is never markup, and steers no terminal.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.cells import cell_len

from protocols.text import escaped
from protocols.words import UNKNOWN

_GAP = 2
_LEAST_FREE = 12


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(escaped(msgspec.json.encode(value).decode()) + "\n")


def print_line(text: str) -> None:
    """Lines on standard output."""
    sys.stdout.write(_lines(text))


def print_remark(text: str) -> None:
    """One line for the person only, on standard error."""
    sys.stderr.write(_lines(text))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, free: Collection[str] = ()
) -> None:
    """A table; unknown values as `—`, lists a line each; the sentence `empty` when there is nothing to list.

    `free` names the columns of free text. Times are in this machine's zone, which the column's head names.
    """
    if not rows:
        print_line(empty)
        return
    sheet = _sheet(columns, rows)
    if not sys.stdout.isatty():
        print_line("\n".join(sheet.aligned()))
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of the time of a command, which only terminals need
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    if sheet.least_width(free) > console.width:
        print_line("\n\n".join("\n".join(_pairs(sheet.heads, cells)) for cells in sheet.rows))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for column, head in zip(columns, sheet.heads, strict=True):
        is_free = column in free
        table.add_column(head, no_wrap=not is_free, overflow="fold", min_width=None if is_free else cell_len(head))
    for cells in sheet.rows:
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Named facts, one a line; unknown ones as `—`; times with their date and zone."""
    values = [moment(value) if isinstance(value, datetime) else _cell(value) for _, value in facts]
    print_line("\n".join(_pairs([name for name, _ in facts], values)))


@dataclass(frozen=True)
class _Sheet:
    """A table as text; a cell may have several lines."""

    heads: list[str]
    rows: list[list[str]]

    def aligned(self) -> list[str]:
        """Heads and rows, one line each, as wide as they are."""
        lines = [self.heads, *([" ".join(cell.split("\n")) for cell in row] for row in self.rows)]
        widths = [max(cell_len(line[i]) for line in lines) for i in range(len(self.heads))]
        return [
            (" " * _GAP).join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]

    def least_width(self, free: Collection[str]) -> int:
        """Columns of a terminal below which something other than free text would break."""
        total = 0
        for i, head in enumerate(self.heads):
            width = max(cell_len(part) for cell in [head, *(row[i] for row in self.rows)] for part in cell.split("\n"))
            total += _GAP + (min(width, max(_LEAST_FREE, cell_len(head))) if head in free else width)
        return total - _GAP


def _sheet(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> _Sheet:
    timed = {i for row in rows for i, value in enumerate(row) if isinstance(value, datetime)}
    heads = [f"{name} ({zone_name()})" if i in timed else name for i, name in enumerate(columns)]
    return _Sheet(heads, [[_cell(value) for value in row] for row in rows])


def _pairs(names: Sequence[str], values: Sequence[str]) -> list[str]:
    width = max(cell_len(name) for name in names) + _GAP
    indented = "\n" + " " * width
    return [_padded(name, width) + value.replace("\n", indented) for name, value in zip(names, values, strict=True)]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _lines(text: str) -> str:
    return "".join(f"{escaped(line)}\n" for line in text.split("\n"))


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_cell(line) for line in value)
    if value is None or value == "":
        return UNKNOWN
    return local_time(value) if isinstance(value, datetime) else escaped(str(value))


def _here() -> datetime:
    return datetime.now(UTC).astimezone()


def zone_name() -> str:
    """This machine's zone as it is now, `GMT`; every time that is printed is in it, whatever its season."""
    return _here().tzname() or "local"


def local_time(at: datetime) -> str:
    """A time for a list, under a head that names the zone: without the date today, without the year this year."""
    now = _here()
    then = at.astimezone(now.tzinfo)
    if then.date() == now.date():
        return f"{then:%H:%M:%S}"
    return f"{then.day} {then:%b %H:%M}" if then.year == now.year else f"{then.day} {then:%b %Y %H:%M}"


def moment(at: datetime) -> str:
    """A time that stands alone, with its zone: `14:02:07 GMT` today, else `21 Nov 2026 14:02 GMT`."""
    now = _here()
    then = at.astimezone(now.tzinfo)
    if then.date() == now.date():
        return f"{then:%H:%M:%S} {zone_name()}"
    return f"{then.day} {then:%b %Y %H:%M} {zone_name()}"
