"""A short sample of the benchmark of pictures: it measures everything it promises. How fast, is not asserted."""

import pytest

from tests.bench.media import Wish, measure

SHARES = ("unit_cpu_passthrough", "unit_cpu_reencode", "relay_cpu_passthrough", "relay_cpu_reencode")


@pytest.mark.long
@pytest.mark.timeout(420)
async def test_first_pictures_latencies_and_shares_of_the_processors_are_measured() -> None:
    result = await measure(Wish(firsts=1, window_s=2.0))
    assert result["first_pictures"] == 1
    assert result["first_picture_ms"] > sum(result["steps_ms"].values()) / 2
    assert result["latency_ms_p99"] >= result["latency_ms_p50"] > 0
    assert result["preview_latency_ms_p50"] > 0
    assert all(share in result for share in SHARES)
    assert result["pictures"].keys() == {"passthrough", "relay", "unit"}
    assert result["pictures"]["passthrough"].startswith("1280x720@")
