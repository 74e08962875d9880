"""Mandates: the two-signature document that a unit obeys.

A mandate is one line of JSON of at most 1 KiB, in one form only: fields in order, none missing, none more. Requester
and approver each sign the line *with its line end* as SSHSIG in namespace `mandate@muster`, so that what a person
pastes into a file is what `ssh-keygen -Y sign -n mandate@muster FILE` signs and `ssh-keygen -Y verify` checks.
`salt` keeps the line's SHA-256, which the deployment log holds, from telling what was in a line that was erased.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from protocols.access_record import Modality, Reference
from protocols.errors import InvalidMandate, InvalidSshSignature
from protocols.ids import MandateId, PersonId, UnitId
from protocols.people import APPROVING_ROLES, REQUESTING_ROLES, ListedPerson, Moment, PeopleList, Role
from protocols.sshsig import MAX_ARMORED, read_key, verify
from protocols.text import ONE_LINE

MANDATE_NAMESPACE = "mandate@muster"
MAX_MANDATE_BYTES = 1024

MandateKind = Literal["field", "bench", "retrieval"]

LONGEST: dict[MandateKind, timedelta] = {
    "field": timedelta(days=92),
    "bench": timedelta(hours=24),
    "retrieval": timedelta(days=31),
}
"""How long a window of each kind may be. † policy, but for the field's: RIPA s.43 authorities last three months."""

MAX_MINUTES_PER_DAY = 120
MAX_OPENINGS_PER_DAY = 48


class Allowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a mandate allows of one modality on each day in London."""

    modality: Modality
    minutes_per_day: Annotated[int, Meta(ge=1, le=MAX_MINUTES_PER_DAY)]
    openings_per_day: Annotated[int, Meta(ge=1, le=MAX_OPENINGS_PER_DAY)]


class Mandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What two people sign. The window is half-open, in whole seconds of UTC; `authority` is the reference of the
    authority it rests on, None only for `bench`. `purpose` is a few words, such as `aim and focus`."""

    v: Literal[1]
    mandate: MandateId
    kind: MandateKind
    unit: UnitId
    authority: Reference | None
    allows: Annotated[list[Allowance], Meta(min_length=1, max_length=3)]
    purpose: Annotated[str, Meta(min_length=1, max_length=80, pattern=ONE_LINE)]
    not_before: Moment
    not_after: Moment
    requester: PersonId
    approver: PersonId
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]

    def text(self) -> str:
        """The one line, without its line end."""
        return msgspec.json.encode(self).decode()

    def allowance(self, modality: Modality) -> Allowance | None:
        """What it allows of `modality`; None for nothing."""
        return next((one for one in self.allows if one.modality == modality), None)

    @property
    def modalities(self) -> list[Modality]:
        """What it covers, in its own order."""
        return [one.modality for one in self.allows]


class SignedMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mandate as it travels: its line, and the two armored SSHSIGs."""

    text: Annotated[str, Meta(max_length=MAX_MANDATE_BYTES)]
    requester: Annotated[str, Meta(max_length=MAX_ARMORED)]
    approver: Annotated[str, Meta(max_length=MAX_ARMORED)]


class Signer(NamedTuple):
    """One who signs a mandate, and the roles that may."""

    as_what: Literal["requester", "approver"]
    roles: frozenset[Role]


REQUESTER = Signer("requester", REQUESTING_ROLES)
APPROVER = Signer("approver", APPROVING_ROLES)

_decoder = msgspec.json.Decoder(Mandate)


def signed_bytes(text: str) -> bytes:
    """What the two signatures cover: the line and its line end."""
    return f"{text}\n".encode()


def mandate_hash(text: str) -> str:
    """SHA-256 of the line without its line end, hexadecimal: what the log holds of it."""
    return sha256(text.encode()).hexdigest()


def read_mandate(text: str) -> Mandate:
    """The mandate in `text`, nothing verified but its form; raises InvalidMandate.

    Reasons: `mandate-unreadable` (too long, a field missing or more, not in its one form), `mandate-window` (it ends
    before it begins, or lasts longer than its kind may), `mandate-contradiction` (a modality twice, a retrieval that
    covers more than position, a bench mandate with an authority or another kind without one), `same-person`.
    """
    try:
        mandate = _decoder.decode(text) if len(text.encode()) <= MAX_MANDATE_BYTES else None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidMandate("mandate-unreadable", f"the mandate can not be read ({error})"[:200]) from error
    if mandate is None or mandate.text() != text or not _plain_times(mandate):
        raise InvalidMandate("mandate-unreadable", "the mandate is too long, or not in its one form")
    _check_sense(mandate)
    return mandate


def check_window(mandate: Mandate, at: datetime) -> None:
    """Whether `at` is in the mandate's window; raises InvalidMandate `before-mandate` or `after-mandate`."""
    if at < mandate.not_before:
        raise InvalidMandate("before-mandate", f"mandate {mandate.mandate} begins at {mandate.not_before:%F %T} UTC")
    if at >= mandate.not_after:
        raise InvalidMandate("after-mandate", f"mandate {mandate.mandate} ended at {mandate.not_after:%F %T} UTC")


def check_mandate(signed: SignedMandate, people: PeopleList, at: datetime, *, plain_keys_may_sign: bool) -> Mandate:
    """The mandate if two people of the list, in force `at`, have signed it; its window is for `check_window`.

    `plain_keys_may_sign`: a field or retrieval mandate may be signed with a key on disk (the demo only). Raises
    InvalidMandate with a reason of `read_mandate` or `check_signature`, or `same-key`.
    """
    mandate = read_mandate(signed.text)
    plain = plain_keys_may_sign
    requester = check_signature(mandate, REQUESTER, signed.requester, people, at, plain_keys_may_sign=plain)
    approver = check_signature(mandate, APPROVER, signed.approver, people, at, plain_keys_may_sign=plain)
    if read_key(requester.key).raw == read_key(approver.key).raw:
        raise InvalidMandate("same-key", "requester and approver signed with the same key")
    return mandate


def check_signature(
    mandate: Mandate,
    signer: Signer,
    armored: str,
    people: PeopleList,
    at: datetime,
    *,
    plain_keys_may_sign: bool,
) -> ListedPerson:
    """The person of the list who signed `mandate` as `signer`.

    Raises InvalidMandate: `single-signer` (there is no signature), `unknown-person`, `not-in-force` (at `at`),
    `role-may-not-sign`, `key-not-hardware` (a key on disk under a field or retrieval mandate), `user-absent` (a token
    that nobody touched), `bad-signature`.
    """
    person_id = mandate.requester if signer.as_what == "requester" else mandate.approver
    if not armored:
        raise InvalidMandate("single-signer", f"{person_id} has not signed mandate {mandate.mandate}")
    person = next((one for one in people.people if one.person_id == person_id), None)
    if person is None:
        raise InvalidMandate("unknown-person", f"{person_id} is not in people list {people.version}")
    if not person.in_force(at):
        raise InvalidMandate("not-in-force", f"the access of {person_id} is not in force")
    if person.role not in signer.roles:
        raise InvalidMandate("role-may-not-sign", f"{person_id} is {person.role}, who may not be {signer.as_what}")
    try:
        proof = verify(person.key, MANDATE_NAMESPACE, signed_bytes(mandate.text()), armored)
    except InvalidSshSignature as error:
        reason = "user-absent" if error.reason == "user-absent" else "bad-signature"
        raise InvalidMandate(reason, f"the signature of {person_id}: {error.detail}") from error
    if mandate.kind != "bench" and not plain_keys_may_sign and not proof.key.hardware:
        raise InvalidMandate("key-not-hardware", f"{person_id} signed a {mandate.kind} mandate with a key on disk")
    return person


def signer_of(
    mandate: Mandate, armored: str, people: PeopleList, at: datetime, *, plain_keys_may_sign: bool
) -> ListedPerson:
    """Who made the signature: the requester or the approver of the mandate.

    Raises InvalidMandate as `check_signature` does, and `signature-of-nobody` when it is by neither of the two.
    """
    refused: InvalidMandate | None = None
    for signer in (REQUESTER, APPROVER):
        try:
            return check_signature(mandate, signer, armored, people, at, plain_keys_may_sign=plain_keys_may_sign)
        except InvalidMandate as error:
            cause = error.__cause__
            if isinstance(cause, InvalidSshSignature) and cause.reason == "other-key":
                continue
            if isinstance(cause, InvalidSshSignature) and cause.reason == "signature-unreadable":
                # Whose it should be, nobody knows: it is not called this signer's.
                raise InvalidMandate(error.reason, f"the signature can not be read: {cause.detail}") from cause
            if isinstance(cause, InvalidSshSignature) or error.reason == "key-not-hardware":
                raise
            refused = refused or error
    raise refused or InvalidMandate(
        "signature-of-nobody",
        f"the signature is by neither {mandate.requester} nor {mandate.approver}, as the people list has their keys",
    )


def _plain_times(mandate: Mandate) -> bool:
    """Whether its times are whole seconds of UTC: another zone would be another way to write the same time."""
    times = (mandate.not_before, mandate.not_after)
    return all(time.microsecond == 0 and not time.utcoffset() for time in times)


def _check_sense(mandate: Mandate) -> None:
    if not timedelta() < mandate.not_after - mandate.not_before <= LONGEST[mandate.kind]:
        days = LONGEST[mandate.kind] / timedelta(days=1)
        raise InvalidMandate("mandate-window", f"a {mandate.kind} mandate lasts at most {days:g} days")
    if len(set(mandate.modalities)) != len(mandate.modalities):
        raise InvalidMandate("mandate-contradiction", "a modality is in the mandate twice")
    if mandate.kind == "retrieval" and mandate.modalities != ["position"]:
        raise InvalidMandate("mandate-contradiction", "a retrieval mandate covers position, and nothing else")
    if (mandate.kind == "bench") != (mandate.authority is None):
        raise InvalidMandate("mandate-contradiction", "every mandate names its authority, but for a bench mandate")
    if mandate.requester == mandate.approver:
        raise InvalidMandate("same-person", f"{mandate.requester} can not approve their own mandate")
