"""Backoff: waits within a bound that doubles up to its cap, and begins again after success."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.backoff import Backoff


@given(failures=st.integers(0, 2_000), base_s=st.floats(0.001, 10), cap_s=st.floats(0.001, 100), at=st.floats(0, 1))
def test_waits_are_drawn_below_a_doubling_bound(failures: int, base_s: float, cap_s: float, at: float) -> None:
    backoff = Backoff(base_s=base_s, cap_s=cap_s, draw=lambda low, high: low + at * (high - low))
    for _ in range(failures):
        backoff.next_s()
    bound_s = min(cap_s, base_s * 2.0 ** min(failures, 32))
    assert backoff.bound_s == bound_s
    assert backoff.next_s() == at * bound_s
    assert bound_s <= backoff.bound_s <= cap_s
    backoff.reset()
    assert backoff.next_s() == at * min(cap_s, base_s)


@given(st.integers(0, 100))
def test_waits_are_drawn_at_random_when_nothing_else_is_said(failures: int) -> None:
    backoff = Backoff(base_s=0.5, cap_s=15.0)
    for _ in range(failures):
        assert 0.0 <= backoff.next_s() <= 15.0
