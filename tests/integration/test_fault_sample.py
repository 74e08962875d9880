"""A short, seeded sample of the fault campaign: two kills each of agent, broker, controller and PostgreSQL."""

import pytest

from tests.fault.kill import campaign, passed


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_nothing_acknowledged_is_lost_or_doubled_when_everything_is_killed() -> None:
    result = await campaign(rounds=2, seed=20260301, agents=2, steady=2)
    assert result["kills"] == {"agent": 2, "broker": 2, "controller": 2, "postgres": 2}
    assert passed(result), result
    assert result["dropped"] == 0
