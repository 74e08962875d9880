"""`fleet position`: where a unit is, found under a mandate, each look an entry of the log."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.check import Mandate
from fleet.cli.check_once import ENDED
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import UnitName
from fleet.cli.output import print_facts, print_json
from fleet.client import FleetClient
from fleet.errors import FleetError, RequestRefused
from protocols.api.checks import CheckView, NewCheck, PositionView, Verdict

_ASK_EVERY_S = 1.0
_LIMIT_S = 150.0
"""Longer than a unit looks for a fix, with its lease before and its last word after."""


class NothingFound(FleetError):
    """The unit was opened, or still is, and gave no position; `reason` is why it closed."""

    def __init__(self, reason: str, detail: str) -> None:
        said = f"no position was found ({reason})" + (f": {detail}" if detail else "")
        super().__init__(f"{said}; try again under open sky, or look at the last one: --last")
        self.reason = reason


def position(
    unit: UnitName,
    *,
    last: Annotated[bool, Parameter(negative="")] = False,
    mandate: Mandate = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Have a unit say where it is, so that kit can be got back. It takes up to a minute.

    Parameters
    ----------
    last
        Only look at what was found last; that counts as a look too.
    """
    found = ask(client, lambda door: _find(door, unit, mandate, only_look=last))
    if json:
        print_json(found)
        return
    print_facts(
        [
            ("unit", found.unit),
            ("latitude", f"{found.latitude_deg:.6f}"),
            ("longitude", f"{found.longitude_deg:.6f}"),
            ("hdop", found.hdop),
            ("satellites", found.satellites),
            ("found", found.found_at),
            ("check", found.opening),
        ]
    )


async def _find(door: FleetClient, typed: str, mandate: str | None, *, only_look: bool) -> PositionView:
    unit_id = await unit_named(door, typed)
    if only_look:
        return await door.position(unit_id, mandate)
    view = await _ended(door, unit_id, mandate)
    if view.state == "refused":
        said = f"the unit was not opened ({view.reason})" + (f": {view.detail}" if view.detail else "")
        raise RequestRefused(view.reason, said, f"what else was tried: fleet check list {unit_id}")
    if view.reason != "found":
        raise NothingFound(view.reason, view.detail)
    return await door.position(unit_id, mandate, view.opening)


async def _ended(door: FleetClient, unit_id: str, mandate: str | None) -> CheckView:
    """The search for a position once it is over; one that was begun here is closed, whatever happens."""
    view = await door.begin_check(unit_id, NewCheck(modalities=["position"], mandate=mandate))
    is_own = view.state == "asking"
    try:
        async with asyncio.timeout(_LIMIT_S):
            while view.state not in ENDED:
                await asyncio.sleep(_ASK_EVERY_S)
                view = await door.check(view.opening)
    except TimeoutError as error:
        raise NothingFound("timeout", f"nothing came of it in {_LIMIT_S:g} s") from error
    finally:
        if is_own and view.state not in ENDED:
            await asyncio.shield(door.close_check(view.opening, Verdict()))
    return view
