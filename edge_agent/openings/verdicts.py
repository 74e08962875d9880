"""What `rules.judge` goes by, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.errors import AgentError
from edge_agent.openings.ledger import Ledger, Opening
from edge_agent.openings.nonces import MadeNonce
from protocols.access_record import Modality
from protocols.lease import Lease
from protocols.mandate import Mandate
from protocols.opening import MediaOffer
from protocols.people import PeopleList


class OpeningRefused(AgentError):
    """Nothing opens, or stays open longer, by `rule`: one of `protocols.access_record.REASONS`; `detail` says more."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail


class LocalClock(NamedTuple):
    """The unit's wall clock, Unix milliseconds, and whether a time service keeps it."""

    wall_ms: int
    synchronised: bool


class Bench(NamedTuple):
    """What the unit senses of a bench. Nothing sensed is no bench."""

    lid_open: bool = False
    in_workshop: bool = False

    @property
    def is_sensed(self) -> bool:
        """Whether the unit lies on one."""
        return self.lid_open or self.in_workshop


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about the unit that decides.

    now_boot_ms: CLOCK_BOOTTIME. controller_keys: by `key_id`. people: None where none can be read. nonces: those
    that are outstanding. ledger: None where it can not be read or written. sources: what the unit has a device for.
    ended: openings that closed since the program began. plain_keys_may_sign: the demo and benches only.
    """

    unit_id: str
    boot_id: str
    now_boot_ms: int
    controller_keys: Mapping[str, Ed25519PublicKey]
    people: PeopleList | None
    nonces: Mapping[str, MadeNonce]
    ledger: Ledger | None
    clock: LocalClock
    bench: Bench
    sources: frozenset[Modality]
    ended: frozenset[str] = frozenset()
    plain_keys_may_sign: bool = False


class Permit(NamedTuple):
    """The grant is good. `opening` is what is open from now on, `ledger` what has to be on the disk before it opens.

    `is_renewal`: it is open already, and stays open until `opening.until_boot_ms`.
    """

    lease: Lease
    mandate: Mandate
    opening: Opening
    ledger: Ledger
    offer: MediaOffer | None
    is_renewal: bool


class Refusal(NamedTuple):
    """The grant is not good, by `rule`; `detail` is a sentence for a person."""

    rule: str
    detail: str
