"""Bringing the demo's units in, as people would: invite, compare, accept. Only the demo accepts by itself."""

import asyncio
from collections.abc import Callable, Sequence

from fleet.client import FleetClient
from fleet.demo.parts import Part, Parts
from fleet.demo.units import DemoUnit

_POLL_S = 0.3
_STARTS_AT_ONCE = 4


async def start_all(units: Sequence[DemoUnit], parts: Parts, door: FleetClient) -> dict[str, Part]:
    """Start every unit's agent; those that never joined get a voucher first. Returns agents by unit name."""
    agents: dict[str, Part] = {}
    for unit in units:
        if not unit.has_identity and not unit.voucher_file.exists():
            unit.write_voucher((await door.invite(unit.label)).text)
        agents[unit.name] = await unit.run(parts)
    return agents


async def accept_all(
    units: Sequence[DemoUnit], parts: Parts, door: FleetClient, limit_s: float, progress: Callable[[int], None]
) -> None:
    """Accept each unit when what the controller holds is the fingerprint that the unit itself shows.

    Raises PartFailed when they have not all joined within `limit_s`.
    """
    begun = asyncio.create_task(_accept_until_none_is_left(units, door, progress))
    try:
        await parts.until("joining", begun.done, limit_s)
    finally:
        begun.cancel()
    await begun


async def _accept_until_none_is_left(
    units: Sequence[DemoUnit], door: FleetClient, progress: Callable[[int], None]
) -> None:
    gate = asyncio.Semaphore(_STARTS_AT_ONCE)

    async def shown_by(unit: DemoUnit) -> str | None:
        async with gate:
            return (await unit.status()).fingerprint

    while waiting := [unit for unit in units if not unit.has_identity]:
        progress(len(units) - len(waiting))
        joins = {join.label: join for join in await door.joins()}
        known = [unit for unit in waiting if unit.label in joins]
        for unit, fingerprint in zip(known, await asyncio.gather(*map(shown_by, known)), strict=True):
            join = joins[unit.label]
            if fingerprint == join.fingerprint:
                await door.accept_join(join.join_id, join.fingerprint)
        await asyncio.sleep(_POLL_S)
    progress(len(units))
