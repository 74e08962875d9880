"""A short, seeded sample of the campaign of power cuts and pulled cables."""

import pytest

from tests.fault.brick import campaign, passed


@pytest.mark.long
async def test_no_power_cut_and_no_pulled_cable_leaves_a_device_that_can_not_be_updated() -> None:
    result = await campaign(sample=16, seed=20261123)
    assert passed(result), result
    assert result["cases"] == 16
    assert result["offers_refused"] == 5
