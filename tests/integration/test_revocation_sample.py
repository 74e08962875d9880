"""A short sample of the benchmark of revocation: units are out within the promised time, and stay out."""

import pytest

from tests.bench.revocation import run
from tests.support.revoking import BROKERS

PROMISED_S = 5.0


@pytest.mark.timeout(400)
async def test_revoked_units_are_out_within_the_promised_time_and_stay_out() -> None:
    result = await run(5, BROKERS)
    assert result["reconnects"] == 0
    for broker in BROKERS:
        assert result[broker]["runs"] == 5
        assert result[broker]["refused_s"]["max"] < PROMISED_S, result
