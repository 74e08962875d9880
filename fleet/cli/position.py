"""`fleet position`: where a unit is, found under a mandate, each look an entry of the log."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.check import ENDED, Mandate
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import UnitName
from fleet.cli.output import print_facts, print_json
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.checks import NewCheck, PositionView

_ASK_EVERY_S = 1.0


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
    if not only_look:
        view = await door.begin_check(unit_id, NewCheck(modalities=["position"], mandate=mandate))
        while view.state not in ENDED:
            await asyncio.sleep(_ASK_EVERY_S)
            view = await door.check(view.opening)
        if view.reason != "found":
            said = f"no position was found ({view.reason}) {view.detail}".strip()
            raise RequestRefused(view.reason, said, "try again under open sky, or look at the last one: --last")
    return await door.position(unit_id, mandate)
