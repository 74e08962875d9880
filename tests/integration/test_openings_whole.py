"""Short samples of the campaigns on whole fleets in `tests.openings`: everything is a process of its own, and real."""

from datetime import timedelta

import pytest

from tests.openings import canary, cancel, clock, completeness, faults

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


async def test_nothing_of_a_session_lies_on_a_disk_and_no_coordinate() -> None:
    result = await canary.campaign(sessions=2)
    assert canary.passed(result), result


async def test_the_log_has_every_opening_that_the_camera_saw_though_agents_are_killed() -> None:
    result = await completeness.campaign(openings=6, units=1, killed_share=0.3, seed=20261123)
    assert completeness.passed(result), result
    assert result["killed"] > 0


async def test_nothing_opens_with_a_clock_set_back_into_the_window_of_a_mandate_that_is_over() -> None:
    result = await clock.campaign(tries=204, real=4, seed=20261122)
    assert clock.passed(result), result
    assert result["agent"]["rules"] == {"time-went-back": 2, "after-mandate": 2}


async def test_a_cancelled_mandate_closes_the_camera() -> None:
    result = await cancel.measure(runs=2)
    assert result["left_open"] == 0


async def test_whatever_fails_or_is_killed_is_told_and_log_and_unit_agree_afterwards() -> None:
    result = await faults.campaign(rounds=1, orphan_lasts=timedelta(seconds=25))
    assert faults.agrees(result), result
