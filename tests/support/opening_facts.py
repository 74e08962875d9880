"""What a unit of `tests.support.mandates` knows when a grant arrives, and a grant that it would obey."""

from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.openings.ledger import Ledger
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.verdicts import Bench, Facts, LocalClock
from protocols.access_record import Modality
from protocols.mandate import Mandate
from protocols.opening import GrantLease, MediaOffer
from tests.support.mandates import AT, BOOT, NONCE, OPENING, UNIT, House, mandate, to_ms

MADE_MS = 5_000_000
"""When the nonce was made, on CLOCK_BOOTTIME."""
ALL_SOURCES: frozenset[Modality] = frozenset({"video", "audio", "position"})
OFFER = MediaOffer(sdp="v=0\r\n")


def facts_of(house: House, *, on_way_ms: int = 1_500, **changes: Any) -> Facts:
    """The facts `on_way_ms` after the nonce of AT was made, for picture and sound."""
    made = MadeNonce(NONCE, OPENING, ("video", "audio"), MADE_MS, carried=False)
    fields: dict[str, Any] = {
        "unit_id": UNIT,
        "boot_id": BOOT,
        "now_boot_ms": MADE_MS + on_way_ms,
        "controller_keys": house.keys,
        "people": house.people_list(),
        "nonces": {NONCE: made},
        "ledger": Ledger(),
        "clock": LocalClock(to_ms(AT) + on_way_ms, synchronised=True),
        "bench": Bench(),
        "sources": ALL_SOURCES,
    }
    return Facts(**{**fields, **changes})


@dataclass
class Scene:
    """A house and a unit's facts, carried on from one grant to the next, as a unit would."""

    house: House = field(default_factory=House)
    asked: Mandate = field(default_factory=mandate)
    made: int = 0

    def answer(
        self, facts: Facts, opening: str, *, since_at_ms: int, on_way_ms: int, carried: bool = False, **lease: Any
    ) -> tuple[GrantLease, Facts]:
        """A fresh nonce made `since_at_ms` after AT and `on_way_ms` before now, and a grant that answers it."""
        self.made += 1
        nonce = f"{self.made:032x}"
        modalities = tuple(lease.pop("modalities", self.asked.modalities))
        boot_ms = MADE_MS + since_at_ms
        made = MadeNonce(nonce, opening, modalities, boot_ms, carried)
        now = replace(
            facts,
            now_boot_ms=boot_ms + on_way_ms,
            nonces={nonce: made},
            clock=LocalClock(to_ms(AT) + since_at_ms + on_way_ms, synchronised=True),
        )
        granted_at_ms = lease.pop("granted_at_ms", to_ms(AT) + since_at_ms)
        grant = self.house.granted(
            self.asked,
            opening=opening,
            nonce=nonce,
            boot_id=facts.boot_id,
            modalities=list(modalities),
            granted_at_ms=granted_at_ms,
            carried=carried,
            offer=lease.pop("offer", OFFER),
            **lease,
        )
        return grant, now
