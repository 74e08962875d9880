"""Leases: the controller's short permission for one opening inside a mandate.

A lease is canonical JSON, signed by the controller's key behind a prefix of its own. It answers one nonce that the unit
made on one boot; its seconds count from the moment the nonce was made, on CLOCK_BOOTTIME, so delay closes early and
never late. `granted_at_ms` is the controller's time, signed over the nonce: the only time a unit trusts. The deployment
log's entry `lease.granted` holds the SHA-256 of the lease's text; its receipt travels with the lease.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from protocols.access_record import Modality
from protocols.errors import InvalidEnvelope, InvalidLease
from protocols.health import UnixMs
from protocols.ids import MandateId, Nonce, OpeningId, PersonId, UnitId
from protocols.signed_text import SignedText, verified_bytes
from protocols.text import ShortText
from protocols.tlog.leaf import MAX_LEAF_BYTES
from protocols.tlog.receipt import MAX_RECEIPT_CHARS

LEASE_PREFIX = b"muster lease v1\n"
MAX_LEASE_S = 60
MAX_CARRIED_LEASE_S = 900
MAX_LEASE_CHARS = 1024


class Lease(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One permission. `person` asked for it. `carried`: it goes to the unit by an engineer's laptop, and may last 15
    minutes instead of one."""

    v: Literal[1]
    opening: OpeningId
    unit: UnitId
    boot_id: ShortText
    nonce: Nonce
    mandate: MandateId
    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]
    person: PersonId
    granted_at_ms: UnixMs
    lasts_s: Annotated[int, Meta(ge=1, le=MAX_CARRIED_LEASE_S)]
    carried: bool

    def text(self) -> str:
        """The canonical text."""
        return msgspec.json.encode(self).decode()


class LoggedLease(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lease as it travels: signed, with the log's leaf of its own entry and the receipt for that leaf."""

    lease: SignedText
    leaf: Annotated[str, Meta(max_length=MAX_LEAF_BYTES)]
    receipt: Annotated[str, Meta(max_length=MAX_RECEIPT_CHARS)]


_decoder = msgspec.json.Decoder(Lease)


def lease_hash(text: str) -> str:
    """SHA-256 of a lease's text, hexadecimal: what the log's entry holds."""
    return sha256(text.encode()).hexdigest()


def read_lease(signed: SignedText, keys: Mapping[str, Ed25519PublicKey]) -> Lease:
    """The lease that one of the controllers' `keys` (by `key_id`) signed; raises InvalidLease.

    Reasons: `lease-signature`, `lease-unreadable` (a field missing or more, not canonical, a modality twice),
    `lease-too-long` (in seconds).
    """
    if len(signed.signed) > MAX_LEASE_CHARS:
        raise InvalidLease("lease-unreadable", f"a lease has at most {MAX_LEASE_CHARS} characters")
    try:
        text = verified_bytes(LEASE_PREFIX, signed, keys)
    except InvalidEnvelope as error:
        raise InvalidLease("lease-signature", f"the lease: {error.detail}") from error
    try:
        lease = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidLease("lease-unreadable", f"the lease can not be read ({error})"[:200]) from error
    if lease.text() != signed.signed or len(set(lease.modalities)) != len(lease.modalities):
        raise InvalidLease("lease-unreadable", "the lease is not in its one form")
    if lease.lasts_s > (MAX_CARRIED_LEASE_S if lease.carried else MAX_LEASE_S):
        raise InvalidLease("lease-too-long", f"a lease of {lease.lasts_s} s")
    return lease
