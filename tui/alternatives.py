"""A filter with alternatives, as `quiet | never`: the controller knows only words that must all be there."""

from fleet.client import FleetClient
from protocols.api.units import UnitPage, UnitRow, UnitSort

SEPARATOR = "|"


async def list_either(
    door: FleetClient, text: str, sort: UnitSort, *, descending: bool, offset: int, limit: int
) -> UnitPage:
    """Rows `offset` … of the units that pass the first alternative of `text`, then of those that pass the next, and so
    on, each in the order of `sort`. A unit that passes two of them is there twice. Raises ClientError."""
    total, rows = 0, list[UnitRow]()
    for alternative in [part.strip() for part in text.split(SEPARATOR) if part.strip()] or [""]:
        wanted = limit - len(rows)
        page = await door.list_units(
            alternative, sort, descending=descending, offset=max(0, offset - total), limit=max(1, wanted)
        )
        rows += page.rows[:wanted]
        total += page.total
    return UnitPage(total=total, offset=offset, rows=rows)
