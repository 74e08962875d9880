"""Rate limits by address. Pure: the caller passes monotonic seconds in."""

from collections import OrderedDict

_MAX_ADDRESSES = 10_000


class RateLimit:
    """A token bucket for each address: `per_minute` requests a minute, in bursts of at most that many.

    Remembers the 10,000 addresses seen last, so that a flood of addresses can not fill the memory.
    """

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_s = per_minute / 60.0
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, address: str, mono_s: float) -> bool:
        """Take one request of `address` at `mono_s`; False when it has none left."""
        level, at = self._buckets.pop(address, (self._capacity, mono_s))
        level = min(self._capacity, level + (mono_s - at) * self._per_s)
        allowed = level >= 1.0
        self._buckets[address] = (level - 1.0 if allowed else level, mono_s)
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed
