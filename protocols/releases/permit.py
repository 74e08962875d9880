"""A permit to put older firmware on a device: one line of JSON and the signatures of two people.

Who carries it out checks it against the people list, at the bench and on the unit alike: no controller can grant it.
The message that is signed is the exact text of the permit; the namespace is PERMIT_NAMESPACE.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.errors import InvalidPermit, InvalidSshSignature
from protocols.health import Digest, PartVersion
from protocols.ids import PersonId, UnitId
from protocols.people import REQUESTING_ROLES, Moment, PeopleList
from protocols.releases.manifest import PartName
from protocols.releases.version import same_version
from protocols.sshsig import MAX_ARMORED, verify
from protocols.text import SummaryText

PERMIT_NAMESPACE = "permit@muster"
LONGEST = timedelta(days=7)
MAX_PERMIT_BYTES = 16 * 1024
NEEDED_SIGNERS = 2


class Permit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Leave to put the image `sha256`, of version `version`, on `part` of the units, though it is older than what runs.

    `units` are unit ids; none of them: any unit, which a bench takes for a device that belongs to none yet. It holds
    from `not_before` until `not_after`, at most 7 days.
    """

    part: PartName
    sha256: Digest
    version: PartVersion
    units: Annotated[list[UnitId], Meta(max_length=64)]
    not_before: Moment
    not_after: Moment
    reason: Annotated[SummaryText, Meta(min_length=1)]

    def text(self) -> str:
        """The text that is signed: JSON with fields in order."""
        return msgspec.json.encode(self).decode()


class PermitSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person's armored SSHSIG in PERMIT_NAMESPACE."""

    person_id: PersonId
    signature: Annotated[str, Meta(max_length=MAX_ARMORED)]


class SignedPermit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A permit as it travels, in a file or with an update."""

    text: Annotated[str, Meta(max_length=8192)]
    signatures: Annotated[list[PermitSignature], Meta(max_length=8)]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be put on a device; `unit` is None at a bench, for a device that belongs to no unit yet."""

    part: PartName
    sha256: str
    version: str
    unit: str | None


_signed_decoder = msgspec.json.Decoder(SignedPermit)
_decoder = msgspec.json.Decoder(Permit)


def read_permit(content: bytes) -> SignedPermit:
    """The signed permit in a file's `content`; raises InvalidPermit `unreadable`."""
    if len(content) > MAX_PERMIT_BYTES:
        raise InvalidPermit("unreadable", f"{len(content)} bytes are too many for a permit")
    try:
        return _signed_decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidPermit("unreadable", str(error)[:300]) from error


def check_permit(
    signed: SignedPermit, wanted: Wanted, people: PeopleList, at: datetime, *, plain_keys_may_sign: bool
) -> Permit:
    """The permit, if it allows `wanted` at `at`; raises InvalidPermit.

    Reasons: `unreadable` (not of the form, or not in its one form), `other-part`, `other-image` (by hash or version),
    `other-unit`, `not-in-force` (too early, too late, or for longer than 7 days), `too-few-signers` (fewer than two
    different people with different keys), `bad-signature` (one under it is not by a person of the list, in force, who
    may request a mandate, or does not fit, or is by a token that nobody touched), `key-not-hardware` (a key on disk,
    unless `plain_keys_may_sign`).
    """
    permit = permit_in(signed.text)
    _check_wanted(permit, wanted)
    if not timedelta() < permit.not_after - permit.not_before <= LONGEST or not (
        permit.not_before <= at < permit.not_after
    ):
        raise InvalidPermit(
            "not-in-force", f"it holds from {permit.not_before} until {permit.not_after}, 7 days at most"
        )
    signers = {
        _signer(signed.text, each, people, at, plain_keys_may_sign=plain_keys_may_sign) for each in signed.signatures
    }
    people_signed, keys = {person for person, _ in signers}, {key for _, key in signers}
    if min(len(people_signed), len(keys)) < NEEDED_SIGNERS:
        raise InvalidPermit(
            "too-few-signers", f"{len(people_signed)} of two people have signed with a key of their own"
        )
    return permit


def permit_in(text: str) -> Permit:
    """What a permit's `text` says, whoever signed it; raises InvalidPermit `unreadable`."""
    try:
        permit = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidPermit("unreadable", str(error)[:300]) from error
    if permit.text() != text:
        raise InvalidPermit("unreadable", "the permit is not in its one form")
    return permit


def _check_wanted(permit: Permit, wanted: Wanted) -> None:
    if permit.part != wanted.part:
        raise InvalidPermit("other-part", f"the permit is for the {permit.part}")
    if permit.sha256 != wanted.sha256 or not same_version(permit.version, wanted.version):
        raise InvalidPermit("other-image", f"the permit is for version {permit.version}, {permit.sha256[:16]}…")
    if permit.units and wanted.unit not in permit.units:
        raise InvalidPermit("other-unit", f"the permit is for {', '.join(permit.units[:4])}")
    if not permit.units and wanted.unit is not None:
        raise InvalidPermit("other-unit", f"the permit names no unit; one for {wanted.unit} has to name it")


def _signer(
    text: str, signature: PermitSignature, people: PeopleList, at: datetime, *, plain_keys_may_sign: bool
) -> tuple[str, bytes]:
    """Who signed, and their key's 32 bytes: a token and a file with the same key are one key."""
    person = next((one for one in people.people if one.person_id == signature.person_id), None)
    if person is None or not person.in_force(at) or person.role not in REQUESTING_ROLES:
        raise InvalidPermit("bad-signature", f"{signature.person_id} may not sign a permit")
    try:
        proof = verify(person.key, PERMIT_NAMESPACE, text.encode(), signature.signature)
    except InvalidSshSignature as error:
        raise InvalidPermit("bad-signature", f"the signature of {person.person_id}: {error.detail}") from error
    if not plain_keys_may_sign and not proof.key.hardware:
        raise InvalidPermit("key-not-hardware", f"{person.person_id} signed with a key on disk")
    return person.person_id, proof.key.raw
