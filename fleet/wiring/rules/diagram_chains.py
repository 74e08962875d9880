"""Rows one beneath another: what goes on beside them, and the branches within. Pure."""

from typing import NamedTuple

from fleet.wiring.rules.diagram_rows import Row
from fleet.wiring.rules.marks import Line, Mark
from fleet.wiring.rules.ways import Link

FEED, BACK, BRANCH, RING = "│", "╎", "┐", "↺"
CAVITY = Mark("□", "strong")
_BETWEEN = {"mate": "⇄", "inside": "=", "join": "="}


class Stop(NamedTuple):
    """A row of a chain, or the rows of a branch off it."""

    rows: list[Row]
    is_branch: bool = False


def arrive(stops: list[Stop], rows: list[Row], arrived: Link | None) -> None:
    """Add a point's rows; a cavity in contact with the cavity before it goes on its line."""
    last = stops[-1] if stops else None
    if rows and last is not None and not last.is_branch and arrived is not None and arrived.kind in _BETWEEN:
        before, now = last.rows[-1], rows[0]
        if before.sign == now.sign == CAVITY:
            name = f"{before.name} {_BETWEEN[arrived.kind]} {now.name}"
            stops[-1] = Stop([before._replace(name=name, remarks=(*before.remarks, *now.remarks))])
            return
    stops += [Stop([row]) for row in rows]


def guided(stops: list[Stop], guide: str, turn: int) -> list[Row]:
    """The rows of a chain, each with what goes on beneath it; from the row before `turn` on it is a return."""
    rows: list[Row] = []
    for at, stop in enumerate(stops):
        is_last = at == len(stops) - 1
        if stop.is_branch:
            rows += branched(stop.rows, is_last)
            continue
        mark = Mark(" ") if is_last else Mark(BACK if at >= turn - 1 else guide)
        rows += [row._replace(guide=mark) for row in stop.rows]
    return rows


def branched(rows: list[Row], is_last: bool) -> list[Row]:
    """Rows as a branch of the chain to their left."""
    first: Line = (Mark("└──" if is_last else "├──"),)
    below: Line = (Mark("   " if is_last else "│  "),)
    return [row._replace(prefix=(*(first if at == 0 else below), *row.prefix)) for at, row in enumerate(rows)]
