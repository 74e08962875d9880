"""The show of rollouts, smaller: a whole controller, a real broker and 40 units of which two fail."""

import asyncio
from pathlib import Path

import pytest

from tests.rollouts.five_hundred import LIMIT_S, plan_for, roll_out, verdict
from tests.support.rollout_fleet import rollout_fleet

UNITS, FAILING, SEED = 40, 2, 7


@pytest.mark.long
async def test_a_rollout_stops_goes_on_and_ends_with_the_right_counts(dsn: str, tmp_path: Path) -> None:
    async with rollout_fleet(dsn, tmp_path, UNITS, FAILING, SEED) as fleet, asyncio.timeout(LIMIT_S):
        plan = plan_for(UNITS)
        found = await verdict(fleet, await roll_out(fleet, plan), plan)
    assert found["right"], found
    assert (found["done"], found["bad"]) == (UNITS - FAILING, FAILING)
