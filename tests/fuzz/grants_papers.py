"""Grants that open, each with the facts of the unit it opens: what the campaign damages, and what it compares with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from edge_agent.openings.ledger import Ledger, Opening, Usage
from edge_agent.openings.london_days import day_of
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.verdicts import Bench, Facts, LocalClock
from protocols.access_record import Modality
from protocols.lease import Lease, LoggedLease
from protocols.mandate import Mandate, SignedMandate
from protocols.opening import GrantLease, MediaOffer
from protocols.people import PeopleList, Role
from tests.support.mandates import APPROVER as APPROVING
from tests.support.mandates import (
    AT,
    ENGINEER,
    ROLES,
    SUPERVISOR,
    House,
    Signatory,
    allows,
    fresh,
    lease,
    lease_entry,
    mandate,
    to_ms,
)
from tests.support.sk_keys import USER_PRESENT, TokenKey

UNITS = ("unit-abcd2345", "unit-bcde3456", "unit-cdef4567")
BOOTS = ("6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a", "0a1b2c3d-8d0b-4a55-9d0e-2b5a5a5a5a5a")
SECOND_ENGINEER, SECOND_APPROVER = "TO-13", "AP-08"
EVERYTHING: frozenset[Modality] = frozenset({"video", "audio", "position"})
OFFER = MediaOffer(sdp="v=0\r\n")
MANDATES, CASES = 16, 48

_ALLOWED: tuple[tuple[Modality, ...], ...] = (
    ("video",),
    ("audio",),
    ("video", "audio"),
    ("video", "audio", "position"),
    ("position",),
)


@dataclass(frozen=True, eq=False)
class Case:
    """A grant and a unit. `wrong` says what is wrong with them, and `origin` is the case in which it is not; where
    nothing is wrong, they open."""

    grant: GrantLease
    facts: Facts
    asked: Mandate
    lease: Lease
    wrong: str = ""
    origin: "Case | None" = None


class SteadyToken(TokenKey):
    """A token that does not count, as some do not: it signs the same text the same way each time."""

    def sshsig(self, message: bytes, namespace: str, *, flags: int = USER_PRESENT, hash_name: str = "sha512") -> bytes:
        """The SSHSIG's bytes."""
        self.counter = 0
        return super().sshsig(message, namespace, flags=flags, hash_name=hash_name)


@dataclass
class World:
    """A fleet with its papers, the same for each seed. `honest` are leases by their texts, as they are in its log, some
    of them twice."""

    drawn: Random
    house: House = field(init=False)
    people: PeopleList = field(init=False)
    mandates: list[tuple[Mandate, SignedMandate]] = field(init=False)
    cases: list[Case] = field(init=False)
    honest: dict[str, list[LoggedLease]] = field(default_factory=dict)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.house = steady_house()
        self.people = self.house.people_list()
        asked = [self._mandate(number) for number in range(MANDATES)]
        self.mandates = [(one, self.house.signed_mandate(one)) for one in asked]
        self.cases = [self._case(number) for number in range(CASES)]

    def fresh(self, kind: str, digits: int) -> str:
        """So many hexadecimal digits that were not drawn before."""
        self._numbers += 1
        return fresh(kind, self._numbers, digits)

    def issue(self, asked: Mandate, permission: Lease, **how: Any) -> GrantLease:
        """See the function of that name."""
        grant = issue(self.house, asked, permission, **how)
        if how.keys() <= {"signed", "offer"}:
            self.honest.setdefault(grant.logged.lease.signed, []).append(grant.logged)
        return grant

    def _mandate(self, number: int) -> Mandate:
        kind = ("field", "field", "bench", "retrieval")[number % 4]
        allowed: tuple[Modality, ...] = ("position",) if kind == "retrieval" else self.drawn.choice(_ALLOWED)
        requester = self.drawn.choice((ENGINEER, SECOND_ENGINEER, SUPERVISOR))
        approvers = (APPROVING, SECOND_APPROVER) if requester == SUPERVISOR else (APPROVING, SUPERVISOR)
        return mandate(
            mandate=f"M-{self.fresh('mandate', 12)}",
            kind=kind,
            unit=UNITS[number % len(UNITS)],
            authority=None if kind == "bench" else f"AUTH-26/{number}",
            allows=[allows(one, self.drawn.randint(2, 20), self.drawn.randint(2, 6)) for one in allowed],
            not_before=AT - timedelta(hours=self.drawn.randint(1, 4)),
            not_after=AT + timedelta(hours=self.drawn.randint(8, 19)),
            requester=requester,
            approver=self.drawn.choice(approvers),
            salt=self.fresh("salt", 32),
        )

    def _case(self, number: int) -> Case:
        asked, signed = self.mandates[number % MANDATES]
        granted = self._lease(asked)
        renews = self.drawn.random() < 0.25
        offer = None if renews or granted.modalities == ["position"] else OFFER
        grant = self.issue(asked, granted, signed=signed, offer=offer)
        return Case(grant, self._facts(asked, granted, renews=renews), asked, granted)

    def _lease(self, asked: Mandate) -> Lease:
        media = [one for one in asked.modalities if one != "position"]
        carried = self.drawn.random() < 0.25 and asked.kind != "bench" and bool(media)
        return lease(
            asked,
            opening=f"open-{self.fresh('opening', 24)}",
            boot_id=self.drawn.choice(BOOTS),
            nonce=self.fresh("nonce", 32),
            modalities=self.drawn.sample(media, self.drawn.randint(1, len(media))) if media else ["position"],
            person=self.drawn.choice((ENGINEER, SECOND_ENGINEER, SUPERVISOR)),
            granted_at_ms=to_ms(AT) + self.drawn.randrange(7 * 3_600_000),
            lasts_s=self.drawn.randint(60, 900) if carried else self.drawn.randint(20, 60),
            carried=carried,
        )

    def _facts(self, asked: Mandate, granted: Lease, *, renews: bool) -> Facts:
        made_ms = self.drawn.randrange(10_000_000, 90_000_000)
        waited_ms = self.drawn.randrange(10_000)
        made = MadeNonce(granted.nonce, granted.opening, tuple(granted.modalities), made_ms, granted.carried)
        other = MadeNonce(self.fresh("nonce", 32), granted.opening[:-1] + "x", ("video",), made_ms, carried=False)
        behind_ms = self.drawn.choice((0, 1, 60_000, 10**9, -4_000))
        goes_on_ms = self.drawn.choice((0, min(max(behind_ms, 0), made_ms)))
        ledger = Ledger(
            highest_ms=granted.granted_at_ms - behind_ms,
            highest_boot_id=self.drawn.choice(("", *BOOTS)),
            highest_boot_ms=made_ms - goes_on_ms,
            usages=[usage(asked, granted, used_ms=30_000, openings=1)],
            open=[before(asked, granted, made_ms)] if renews else [],
        )
        return Facts(
            unit_id=asked.unit,
            boot_id=granted.boot_id,
            now_boot_ms=made_ms + waited_ms,
            controller_keys=self.house.keys,
            people=self.people,
            nonces={made.nonce: made, other.nonce: other},
            ledger=ledger,
            clock=LocalClock(granted.granted_at_ms + waited_ms, synchronised=self.drawn.random() < 0.7),
            bench=Bench(lid_open=True) if asked.kind == "bench" else Bench(),
            sources=EVERYTHING,
        )


def issue(
    house: House,
    asked: Mandate,
    permission: Lease,
    *,
    signed: SignedMandate | None = None,
    entry: dict[str, Any] | None = None,
    offer: MediaOffer | None = OFFER,
    cosigned_after_s: int = 1,
    cosigners: tuple[str, ...] | None = None,
) -> GrantLease:
    """Any lease, signed and logged as a controller would, honest or not."""
    text = house.signed_lease(permission)
    body = lease_entry(permission, text.signed, asked.authority, **(entry or {}))
    cosigned_at = datetime.fromtimestamp(permission.granted_at_ms // 1000 + cosigned_after_s, UTC)
    logged = house.logged(text, body, cosigned_at=cosigned_at, cosigners=cosigners)
    return GrantLease(mandate=signed or house.signed_mandate(asked), logged=logged, offer=offer)


def steady_house() -> House:
    """A fleet whose people sign the same text the same way each time, with a second engineer and a second approver."""
    roles: dict[str, Role] = {**ROLES, SECOND_ENGINEER: "engineer", SECOND_APPROVER: "approver"}
    return House({who: Signatory(who, role, SteadyToken(who)) for who, role in roles.items()})


def usage(asked: Mandate, granted: Lease, *, used_ms: int = 0, openings: int = 0) -> Usage:
    """So much used of the first modality of the lease, on its day."""
    return Usage(
        day=day_of(granted.granted_at_ms),
        mandate=asked.mandate,
        modality=granted.modalities[0],
        used_ms=used_ms,
        openings=openings,
    )


def before(asked: Mandate, granted: Lease, made_ms: int, **changes: Any) -> Opening:
    """The opening that the lease lets go on: it began 15 s before the nonce was made, and lasts 12 s longer."""
    fields: dict[str, Any] = {
        "opening": granted.opening,
        "mandate": asked.mandate,
        "authority": asked.authority,
        "person": granted.person,
        "modalities": granted.modalities,
        "boot_id": granted.boot_id,
        "opened_boot_ms": made_ms - 15_000,
        "since_boot_ms": made_ms - 15_000,
        "until_boot_ms": made_ms + 12_000,
        "since_ms": granted.granted_at_ms - 15_000,
        "ends_by": "expiry",
        "carried": granted.carried,
    }
    return Opening(**{**fields, **changes})
