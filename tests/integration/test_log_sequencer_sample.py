"""A short, seeded sample of the campaign that kills whoever sequences the log."""

import pytest

from tests.fault.sequencer import campaign, passed


@pytest.mark.timeout(300)
async def test_the_log_is_one_tree_when_whoever_sequences_it_is_killed() -> None:
    result = await campaign(kills=4, seed=20261122)
    assert passed(result), result
    assert result["kills"] == 4
    assert result["checkpoints"] > 0
