"""What people type for units, joins and vouchers: an id, the beginning of one, or a unit's label."""

from collections.abc import Iterable, Mapping

from fleet.client import FleetClient
from fleet.errors import Conflict, NotFound
from protocols.api.joins import JoinView
from protocols.api.units import UnitRow, UnitSort

_PAGE = 500
_NAMED = 5


def the_one(kind: str, typed: str, labels: Mapping[str, str], where: str) -> str:
    """The id that `typed` stands for.

    `labels` has the label of each id, empty where there is none. A whole id goes before everything else, then the one
    id that begins with `typed` or has it as its label. Raises NotFound, which tells to look with the command `where`,
    or Conflict, which names the first that it may be.
    """
    if typed in labels:
        return typed
    wanted = typed.strip().casefold()
    found = [
        one
        for one, label in labels.items()
        if wanted and (one.casefold().startswith(wanted) or label.casefold() == wanted)
    ]
    if not found:
        raise NotFound(f"{kind}-unknown", f"there is no {kind} {typed!r}", f"list them: {where}")
    if len(found) > 1:
        raise Conflict(f"{kind}-ambiguous", f"{typed!r} may be {_listed(found, labels)}", "type more of the id")
    return found[0]


def _listed(ids: Iterable[str], labels: Mapping[str, str]) -> str:
    every = [f"{one} ({labels[one]})" if labels[one] else one for one in ids]
    more = len(every) - _NAMED
    return " or ".join(every[:_NAMED]) + (f" or {more} more" if more > 0 else "")


async def every_unit(
    door: FleetClient, words: str, sort: UnitSort = "label", *, descending: bool = False
) -> list[UnitRow]:
    """All units in which each of `words` occurs; raises ClientError."""
    rows: list[UnitRow] = []
    while True:
        page = await door.list_units(words, sort, descending=descending, offset=len(rows), limit=_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def unit_named(door: FleetClient, typed: str) -> str:
    """The id of the unit that `typed` stands for; raises NotFound, Conflict, ClientError."""
    rows = await every_unit(door, typed)
    return the_one("unit", typed, {row.unit_id: row.label for row in rows}, "fleet unit list")


async def join_named(door: FleetClient, typed: str) -> JoinView:
    """The waiting join that `typed` stands for; raises NotFound, Conflict, ClientError."""
    waiting = {join.join_id: join for join in await door.joins()}
    labels = {join_id: join.label for join_id, join in waiting.items()}
    return waiting[the_one("join", typed, labels, "fleet unit joins")]


async def voucher_named(door: FleetClient, typed: str) -> str:
    """The id of the voucher that `typed` stands for; raises NotFound, Conflict, ClientError."""
    return the_one("voucher", typed, {v.voucher_id: "" for v in await door.vouchers()}, "fleet unit vouchers")
