"""How long to wait before trying again: full jitter, so that many clients do not come back at the same moment."""

from secrets import SystemRandom

_RANDOM = SystemRandom()


def longest_wait_s(attempt: int, base_s: float, cap_s: float) -> float:
    """The upper bound of the wait before retry number `attempt` (from 0): it doubles up to `cap_s`."""
    return min(cap_s, base_s * 2.0 ** min(attempt, 32))


def full_jitter_s(attempt: int, base_s: float = 0.5, cap_s: float = 15.0) -> float:
    """A wait drawn evenly from 0 … `longest_wait_s`, in seconds."""
    return _RANDOM.uniform(0.0, longest_wait_s(attempt, base_s, cap_s))
