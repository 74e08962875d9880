"""Limits by address. Pure: the caller passes monotonic seconds in."""

from collections import OrderedDict
from ipaddress import IPv6Address, IPv6Network, ip_address

_MAX_ADDRESSES = 10_000
_SITE_PREFIX = 64


def payer_of(address: str) -> str:
    """Whom a client at `address` counts for: an IPv4 address itself (also one mapped into IPv6), an IPv6 one's /64.

    A single host is given a whole /64 and may use any address of it. What is no address counts for itself.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _SITE_PREFIX), strict=False))


class RateLimit:
    """A token bucket for each payer (`payer_of`): `per_minute` requests a minute, in bursts of at most that many.

    Remembers the 10,000 payers seen last, so that a flood of addresses can not fill the memory.
    """

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_s = per_minute / 60.0
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, address: str, mono_s: float) -> bool:
        """Take one request of `address` at `mono_s`; False when its payer has none left."""
        payer = payer_of(address)
        level, at = self._buckets.pop(payer, (self._capacity, mono_s))
        level = min(self._capacity, level + (mono_s - at) * self._per_s)
        allowed = level >= 1.0
        self._buckets[payer] = (level - 1.0 if allowed else level, mono_s)
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed
