"""Rollouts for the house to attack, a unit in each, and a manifest in force."""

from typing import Any

import asyncpg

from protocols.api.rollouts import NewRollout
from tests.support.controller import RunningApi
from tests.support.rollout_house import MANIFEST, enter_units, manifest, plan, put_in_force

_ROLLOUTS = 4


async def rollouts(api: RunningApi, supervisor: str) -> dict[str, list[Any]]:
    """Begin them in a supervisor's name; returns what is known of them."""
    services, units = api.services, [f"unit-rollout{number}" for number in range(_ROLLOUTS)]
    owner = await asyncpg.connect(api.settings.database.dsn)
    try:
        await put_in_force(owner, manifest())
        await enter_units(owner, units, accepted_by=supervisor)
    finally:
        await owner.close()
    async with services.store.transaction() as transaction:
        caller = await transaction.people.get(supervisor)
    assert caller is not None
    begun = [
        await services.rollouts.start(NewRollout(title=unit, manifest=MANIFEST, plan=plan(), units=[unit]), caller)
        for unit in units
    ]
    return {"rollout_id": [view.row.rollout for view in begun], "manifest": [MANIFEST], "ring": ["all"]}
