"""Backoff: waits within a bound that doubles up to its cap, and begins again after success."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.backoff import Backoff


@given(st.floats(0.01, 10), st.floats(0.01, 100), st.integers(0, 60))
def test_waits_stay_within_a_bound_that_doubles_up_to_its_cap(base_s: float, cap_s: float, failures: int) -> None:
    backoff = Backoff(base_s, cap_s)
    for _ in range(failures):
        backoff.next_s()
    assert backoff.longest_s == min(cap_s, base_s * 2.0 ** min(failures, 32))
    assert 0 <= backoff.next_s() <= cap_s


def test_success_begins_again_with_short_waits() -> None:
    backoff = Backoff(1.0, 100.0)
    for _ in range(5):
        backoff.next_s()
    backoff.succeeded()
    assert backoff.longest_s == 1.0
