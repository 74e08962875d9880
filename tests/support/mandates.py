"""Papers that open a unit, for tests: people with keys in software, their mandates, leases, and the log's receipts.

Everything is made from fixed keys. A `House` is one fleet: its people, its controller's key, its log. What it makes by
default is what an honest house would make; each argument is one way to be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fleet.entries.access import LeaseGranted
from fleet.entries.entry import encode
from fleet.entries.leaf import compose
from protocols.access_record import Modality
from protocols.lease import LEASE_PREFIX, Lease, LoggedLease, lease_hash
from protocols.mandate import MANDATE_NAMESPACE, Allowance, Mandate, SignedMandate, signed_bytes
from protocols.opening import GrantLease, MediaOffer
from protocols.people import PEOPLE_NAMESPACE, ListedPerson, ListSignature, PeopleList, Role, SignedPeopleList
from protocols.signed_text import SignedText, key_id, sign_text
from tests.support.sk_keys import USER_PRESENT, DiskKey, SshKey, TokenKey
from tests.support.ssh_token import armored
from tests.support.tlog_making import UNIX_S, MadeLog, fixed_key

AT = datetime.fromtimestamp(UNIX_S, UTC) + timedelta(hours=12)
"""When leases are granted: 2026-11-22 12:00 UTC, noon in London."""

UNIT = "unit-abcd2345"
BOOT = "6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a"
NONCE = "00112233445566778899aabbccddeeff"
OPENING = "open-0123456789abcdef01234567"
MANDATE = "M-0123456789ab"
AUTHORITY = "AUTH-26/7"
ENGINEER, SUPERVISOR, APPROVER = "TO-12", "SV-03", "AP-07"
ADMINISTRATORS = ("AD-01", "AD-02")
INSPECTOR = "IN-05"

ROLES: dict[str, Role] = {
    ADMINISTRATORS[0]: "administrator",
    ADMINISTRATORS[1]: "administrator",
    APPROVER: "approver",
    INSPECTOR: "inspector",
    SUPERVISOR: "supervisor",
    ENGINEER: "engineer",
}


def after(seconds: float) -> datetime:
    """So many seconds after AT."""
    return AT + timedelta(seconds=seconds)


def to_ms(at: datetime) -> int:
    """Unix milliseconds."""
    return round(at.timestamp() * 1000)


@dataclass(frozen=True)
class Signatory:
    """A person with the private half of their key."""

    person_id: str
    role: Role
    key: SshKey

    def listed(self, **changes: Any) -> ListedPerson:
        """The person as the people list has them: a year before and after AT."""
        year = timedelta(days=365)
        fields = {"person_id": self.person_id, "role": self.role, "key": self.key.line}
        return ListedPerson(**{**fields, "valid_from": AT - year, "valid_until": AT + year, **changes})

    def sign(self, message: bytes, namespace: str = MANDATE_NAMESPACE, *, flags: int = USER_PRESENT) -> str:
        """An armored SSHSIG; flag 1 says that somebody touched the token."""
        return armored(self.key.sshsig(message, namespace, flags=flags))


def signatories(*, plain: bool = False) -> dict[str, Signatory]:
    """Everybody in ROLES, each with a FIDO token in software, or with a key on disk where `plain`."""
    made: dict[str, Signatory] = {}
    for person_id, role in ROLES.items():
        made[person_id] = Signatory(person_id, role, DiskKey(person_id) if plain else TokenKey(person_id))
    return made


def mandate(**changes: Any) -> Mandate:
    """A field mandate for UNIT that covers AT: 10 minutes and 3 openings a day of picture and sound."""
    fields: dict[str, Any] = {
        "v": 1,
        "mandate": MANDATE,
        "kind": "field",
        "unit": UNIT,
        "authority": AUTHORITY,
        "allows": [allows("video"), allows("audio")],
        "purpose": "aim and focus",
        "not_before": AT - timedelta(hours=4),
        "not_after": AT + timedelta(days=3),
        "requester": ENGINEER,
        "approver": APPROVER,
        "salt": "5a" * 16,
    }
    return Mandate(**{**fields, **changes})


def allows(modality: Modality, minutes_per_day: int = 10, openings_per_day: int = 3) -> Allowance:
    """An allowance."""
    return Allowance(modality=modality, minutes_per_day=minutes_per_day, openings_per_day=openings_per_day)


def bench_mandate(**changes: Any) -> Mandate:
    """A bench mandate: no authority, a working day."""
    fields = {"kind": "bench", "authority": None, "not_after": AT + timedelta(hours=4)}
    return mandate(**{**fields, **changes})


def retrieval_mandate(**changes: Any) -> Mandate:
    """A retrieval mandate: position, and nothing else."""
    return mandate(**{"kind": "retrieval", "allows": [allows("position")], "purpose": "get the kit back", **changes})


def lease(asked: Mandate | None = None, **changes: Any) -> Lease:
    """A lease of a minute inside `asked`, granted at AT to whoever requested it."""
    asked = asked or mandate()
    fields: dict[str, Any] = {
        "v": 1,
        "opening": OPENING,
        "unit": asked.unit,
        "boot_id": BOOT,
        "nonce": NONCE,
        "mandate": asked.mandate,
        "modalities": asked.modalities,
        "person": asked.requester,
        "granted_at_ms": to_ms(AT),
        "lasts_s": 60,
        "carried": False,
    }
    return Lease(**{**fields, **changes})


def lease_entry(granted: Lease, text: str, authority: str | None, /, **changes: Any) -> bytes:
    """The log's entry `lease.granted` of a lease with this `text`, before it has its place in the log."""
    at = datetime.fromtimestamp(granted.granted_at_ms / 1000, UTC)
    entry = LeaseGranted(
        at=at,
        actor=granted.person,
        unit=granted.unit,
        authority=authority,
        opening=granted.opening,
        mandate=granted.mandate,
        modalities=granted.modalities,
        nonce=granted.nonce,
        expires_at=at + timedelta(seconds=granted.lasts_s),
        lease_sha256=lease_hash(text),
        carried=granted.carried,
    )
    body = encode(entry)
    return msgspec.json.encode({**msgspec.json.decode(body), **changes}) if changes else body


def backdrop() -> MadeLog:
    """A log of five entries of other units, under three witnesses of whom two must have seen a checkpoint."""
    bodies = [msgspec.json.encode({"v": 1, "dpa": "life", "kind": "unit.told", "place": place}) for place in range(5)]
    return MadeLog([compose(index, None, body) for index, body in enumerate(bodies)])


@dataclass
class House:
    """One fleet. `log` grows by a leaf with every lease; `controller` signs leases."""

    people: dict[str, Signatory] = field(default_factory=signatories)
    log: MadeLog = field(default_factory=backdrop)
    controller: Ed25519PrivateKey = field(default_factory=lambda: fixed_key("controller"))

    @property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        """The controller's key by its `key_id`: what a unit was given."""
        public = self.controller.public_key()
        return {key_id(public.public_bytes_raw()): public}

    def people_list(self, version: int = 1, *, log_policy: str | None = None, **changes: Any) -> PeopleList:
        """The people list with the log's policy (none where ""), made a month before AT. `changes`: by person id with
        `_` for the dash, a mapping of fields to change, or None for a person who is not in the list."""
        listed = []
        for signatory in self.people.values():
            change = changes.pop(signatory.person_id.replace("-", "_"), {})
            if change is not None:
                listed.append(signatory.listed(**change))
        return PeopleList(
            version=version,
            people=listed,
            made_at=AT - timedelta(days=30),
            log_policy=self.log.policy.text if log_policy is None else log_policy,
            **changes,
        )

    def signed_list(self, people: PeopleList, signers: Sequence[str] = ADMINISTRATORS) -> SignedPeopleList:
        """The list as it travels, signed by `signers`."""
        text = people.text()
        made = [(one, self.people[one].sign(text.encode(), PEOPLE_NAMESPACE)) for one in signers]
        return SignedPeopleList(
            text=text, signatures=[ListSignature(person_id=one, signature=sig) for one, sig in made]
        )

    def signed_mandate(
        self,
        asked: Mandate | None = None,
        *,
        text: str | None = None,
        requester: Signatory | None = None,
        approver: Signatory | None = None,
        flags: tuple[int, int] = (USER_PRESENT, USER_PRESENT),
        namespace: str = MANDATE_NAMESPACE,
    ) -> SignedMandate:
        """`asked`, or any other `text`, signed by those it names, or by `requester` and `approver` in their places.
        `flags` are what the two tokens tell."""
        asked = asked or mandate()
        signed = signed_bytes(asked.text() if text is None else text)
        pens = (requester or self.people[asked.requester], approver or self.people[asked.approver])
        made = [pen.sign(signed, namespace, flags=flag) for pen, flag in zip(pens, flags, strict=True)]
        return SignedMandate(text=signed[:-1].decode(), requester=made[0], approver=made[1])

    def signed_lease(self, granted: Lease, *, text: str | None = None, prefix: bytes = LEASE_PREFIX) -> SignedText:
        """The lease, or any other `text`, signed by the controller."""
        return sign_text(prefix, (granted.text() if text is None else text).encode(), self.controller)

    def logged(
        self,
        signed: SignedText,
        entry: bytes,
        *,
        cosigned_at: datetime = AT,
        cosigners: Sequence[str] | None = None,
    ) -> LoggedLease:
        """The lease with `entry` as the log's next leaf, under a checkpoint that all witnesses, or `cosigners`, saw at
        `cosigned_at`."""
        index = len(self.log.leaves)
        self.log.leaves.append(compose(index, index - 1, entry))
        self.log.times = dict.fromkeys(self.log.names, int(cosigned_at.timestamp()))
        receipt = self.log.receipt(index, cosigners=cosigners)
        return LoggedLease(lease=signed, leaf=self.log.leaves[index].decode(), receipt=receipt.text)

    def granted(
        self,
        asked: Mandate | None = None,
        *,
        signed: SignedMandate | None = None,
        entry: dict[str, Any] | None = None,
        cosigned_at: datetime | None = None,
        cosigners: Sequence[str] | None = None,
        offer: MediaOffer | None = None,
        **changes: Any,
    ) -> GrantLease:
        """Mandate, lease, leaf and receipt as a controller sends them. `changes` are of the lease's fields, `entry` of
        the leaf's. `cosigned_at` is the second after the lease was granted, unless it is given."""
        asked = asked or mandate()
        permission = lease(asked, **changes)
        text = self.signed_lease(permission)
        body = lease_entry(permission, text.signed, asked.authority, **(entry or {}))
        at = cosigned_at or datetime.fromtimestamp(permission.granted_at_ms // 1000 + 1, UTC)
        logged = self.logged(text, body, cosigned_at=at, cosigners=cosigners)
        return GrantLease(mandate=signed or self.signed_mandate(asked), logged=logged, offer=offer)

    def beside(self, name: str) -> "House":
        """Another fleet with the same people, whose log, witnesses and controller are strangers."""
        log = replace(backdrop(), origin=f"{name}.example/log", names=tuple(f"{name}-{one}" for one in self.log.names))
        return House(self.people, log, fixed_key(f"controller of {name}"))


def fresh(kind: str, number: int, digits: int) -> str:
    """The `number`th of ids that look random: so many hexadecimal digits."""
    return sha256(f"{kind} {number}".encode()).hexdigest()[:digits]
