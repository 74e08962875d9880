"""The nonces that leases have to answer. In memory only: a restart forgets them all. Pure but for their randomness.

Times are milliseconds of CLOCK_BOOTTIME, which the caller passes in.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from protocols.access_record import Modality
from protocols.ids import new_session_nonce

OUTSTANDING_MAX = 8
FORGOTTEN_AFTER_MS = 900_000


class MadeNonce(NamedTuple):
    """A nonce, for one opening and its modalities. `carried`: it was asked for on the unit itself, by whoever carries
    the lease; only such a lease may last longer than a minute."""

    nonce: str
    opening: str
    modalities: tuple[Modality, ...]
    made_ms: int
    carried: bool


class Nonces:
    """Those that nobody has answered yet: one for an opening, eight in all."""

    def __init__(self, draw: Callable[[], str] = new_session_nonce) -> None:
        """`draw` gives 128 random bits as 32 hexadecimal digits."""
        self._draw = draw
        self._made: dict[str, MadeNonce] = {}

    def make(self, opening: str, modalities: Sequence[Modality], now_ms: int, *, carried: bool = False) -> MadeNonce:
        """A fresh nonce; the one before it of the same opening is void.

        Of nine the oldest is void that is not carried, else the oldest: who asks often over the network can not void
        what an engineer is on the way with.
        """
        self._forget_old(now_ms)
        self._made = {each.nonce: each for each in self._made.values() if each.opening != opening}
        if len(self._made) >= OUTSTANDING_MAX:
            del self._made[min(self._made.values(), key=lambda each: (each.carried, each.made_ms)).nonce]
        made = MadeNonce(self._draw(), opening, tuple(modalities), now_ms, carried)
        self._made[made.nonce] = made
        return made

    def use(self, nonce: str) -> None:
        """It has been answered, and never can be again."""
        self._made.pop(nonce, None)

    def outstanding(self, now_ms: int) -> dict[str, MadeNonce]:
        """Those that can still be answered: not used, not void, not older than 15 minutes."""
        self._forget_old(now_ms)
        return dict(self._made)

    def _forget_old(self, now_ms: int) -> None:
        self._made = {key: each for key, each in self._made.items() if now_ms - each.made_ms < FORGOTTEN_AFTER_MS}
