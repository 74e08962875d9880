"""The simulated line's speed: what passes in a second, what idle time gives, what a late timer may make up for."""

import pytest

from firmware_bridge.simulation.pacing import Pace


@pytest.mark.parametrize(("baud", "bytes_a_s"), [(9600, 960), (115200, 11_520), (921600, 92_160)])
def test_a_second_s_bytes_take_a_second_however_they_are_cut(baud: int, bytes_a_s: int) -> None:
    pace, now_s, left = Pace(baud), 100.0, bytes_a_s
    pace.idle(now_s)
    while left:
        count = min(left, pace.chunk_bytes)
        now_s += pace.take(count, now_s)
        left -= count
    assert now_s == pytest.approx(101.0)


def test_what_the_line_was_idle_is_not_given_back() -> None:
    pace = Pace(115200)
    pace.idle(5.0)
    assert pace.take(1152, 5.0) == pytest.approx(0.1)
    pace.idle(7.0)
    assert pace.take(1152, 7.0) == pytest.approx(0.1)


def test_a_timer_that_was_late_makes_up_for_20_ms_at_most() -> None:
    pace = Pace(115200)
    pace.idle(5.0)
    pace.take(1152, 5.0)
    assert pace.take(1152, 5.11) == pytest.approx(0.09)
    assert pace.take(1152, 6.0) == pytest.approx(0.08)
