"""Who gets a connection while the house is full. Pure: nothing here opens, closes or waits.

Whoever is known (signed in, or holding a certificate of the fleet) stays. The others are strangers, and among them the
oldest of whoever has most makes room for the next: so that connections which do nothing but be there keep nobody out,
however many addresses they come from.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MAX_STRANGERS_PER_PAYER = 128
"""A site of units behind one address joins at once; each is there for less than a second."""
MAX_KNOWN_PER_PAYER = 256

Client = tuple[str, int]
"""Address and port, as in an ASGI scope."""
Entry = Literal["let-in", "instead-of-another", "turned-away"]


@dataclass(eq=False, slots=True)
class Guest:
    """One connection. `payer` is whom it counts for (`fleet.api.limits`); `is_gone` and `hang_up` ask and end it."""

    payer: str
    client: Client
    is_gone: Callable[[], bool]
    hang_up: Callable[[], None]
    known: bool = False


class Guests:
    """The connections there are, oldest first."""

    def __init__(self) -> None:
        self._present: dict[Client, Guest] = {}

    def __len__(self) -> int:
        return len(self._present)

    def settle(self, client: object) -> None:
        """The connection of `client` (a scope's, so perhaps none) is of somebody known and need not make room.

        Of one payer 256 can be: nobody fills the house with their own connections.
        """
        guest = self._present.get(client) if isinstance(client, tuple) else None
        if guest is not None and not guest.known:
            known = sum(other.known for other in self._present.values() if other.payer == guest.payer)
            guest.known = known < MAX_KNOWN_PER_PAYER

    def enter(self, guest: Guest, cap: int) -> Entry:
        """Let `guest` in, hanging up on a stranger when there are `cap` guests or 128 strangers of the guest's payer.

        `turned-away` when nobody has to make room: all are known.
        """
        self._present = {client: other for client, other in self._present.items() if not other.is_gone()}
        strangers = Counter(other.payer for other in self._present.values() if not other.known)
        entry: Entry = "let-in"
        if strangers[guest.payer] >= MAX_STRANGERS_PER_PAYER:
            self._hang_up_on_oldest(guest.payer)
            entry = "instead-of-another"
        elif len(self._present) >= cap:
            if not strangers:
                return "turned-away"
            most = max(strangers.values())
            crowd = {payer for payer, count in strangers.items() if count == most}
            self._hang_up_on_oldest(*crowd)
            entry = "instead-of-another"
        self._present[guest.client] = guest
        return entry

    def _hang_up_on_oldest(self, *payers: str) -> None:
        oldest = next(other for other in self._present.values() if not other.known and other.payer in payers)
        del self._present[oldest.client]
        oldest.hang_up()
