"""Who keeps a connection while the witness is full. Pure: nothing here opens, closes or waits.

Whoever brought the next checkpoint of a log is known and stays. The others are strangers, and the one of whoever has
most of them that is idle for longest makes room: so that connections which are only there keep no log out.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

MAX_GUESTS = 64
MAX_GUESTS_OF_ONE_PAYER = 32
_SITE_PREFIX = 64


@dataclass(eq=False, slots=True)
class Guest:
    """One connection. `payer` is whom it counts for, `since_s` when it was made or last answered, on any clock."""

    payer: str
    hang_up: Callable[[], None]
    since_s: float
    known: bool = False


class Guests:
    """The connections there are."""

    def __init__(self) -> None:
        self._present: list[Guest] = []

    def __len__(self) -> int:
        return len(self._present)

    def enter(self, guest: Guest) -> None:
        """Let `guest` in, hanging up on another when there are too many, of all payers or of this one."""
        mine = [other for other in self._present if other.payer == guest.payer]
        if len(mine) >= MAX_GUESTS_OF_ONE_PAYER:
            self._hang_up_on_one_of(mine)
        elif len(self._present) >= MAX_GUESTS:
            self._hang_up_on_one_of(self._present)
        self._present.append(guest)

    def leave(self, guest: Guest) -> None:
        """`guest` has gone, by itself or not."""
        if guest in self._present:
            self._present.remove(guest)

    def _hang_up_on_one_of(self, guests: list[Guest]) -> None:
        crowd = [other for other in guests if not other.known] or guests
        counts = Counter(other.payer for other in crowd)
        gone = min(crowd, key=lambda other: (-counts[other.payer], other.since_s))
        self._present.remove(gone)
        gone.hang_up()


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
