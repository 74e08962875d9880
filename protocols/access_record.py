"""A unit's own chain of what it did: each record names the hash of the one before it, so none can be left out or put
in later without showing.

A record is one line of canonical JSON. The chain's head is SHA-256 of the newest record's text. The controller
compares the chain with its own log; an inspector can ask a unit for all of it.
"""

from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.errors import InvalidAccessRecord
from protocols.health import Digest, UnixMs
from protocols.text import ShortText

Modality = Literal["video", "audio", "position"]
What = Literal["started", "opened", "closed", "refused"]

GENESIS = "0" * 64
"""What the first record of a chain names as the one before it, and the head of an empty chain."""

MAX_RECORD_CHARS = 1024

RecordNumber = Annotated[int, Meta(ge=1, lt=1 << 53)]
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9./_-]{1,60}$(?!\n)")]
"""An authority's reference, as those who gave it wrote it, or a person's id."""

OurId = Annotated[str, Meta(pattern=r"^(?:open-|m-|M-)?[0-9a-f][0-9a-f-]{0,35}$(?!\n)")]
"""The id of an opening or of a mandate. The controller made it: hexadecimal digits, so that no words go into it."""

REASONS = frozenset(
    {
        *("expiry", "cancelled", "asked", "console-gone", "lease-ended", "stopped", "budget-used", "fault"),
        *("chain-broken", "chain-unusable", "clock-unsure", "no-log", "no-receipt", "receipt-invalid"),
        *("bad-signature", "bad-nonce", "stale", "other-unit", "revoked", "busy", "unknown-person"),
        *("mandate-unreadable", "mandate-window", "mandate-contradiction", "single-signer", "same-key", "not-in-force"),
        *("role-may-not-sign", "key-not-hardware", "user-absent", "no-people-list", "other-mandate", "not-on-bench"),
        *("lease-signature", "lease-unreadable", "lease-too-long", "lease-expired", "other-boot", "other-lease"),
        *("clock-differs", "time-went-back", "unwitnessed", "log-unsigned", "too-many-open", "not-retrieval"),
        *("device-missing", "device-busy", "device-denied", "device-died", "device-unreadable", "media-failed"),
        *("no-device", "agent-stopped", "viewer-left", "passed", "failed", "found", "no-fix", "unit-away"),
        *("no-mandate", "mandate-cancelled", "before-mandate", "after-mandate", "modality-not-covered", "same-person"),
        *(
            "no-authority",
            "authority-cancelled",
            "before-authority",
            "after-authority",
            "review-overdue",
            "over-minutes",
            "over-openings",
        ),
        *("state-unusable", "not-carried", "not-logged", "no-offer", "other-opening", "mixed-modalities"),
        *("role-may-not-open", "no-sensor-power"),
    }
)
"""Words that say why something was closed, refused or begun: what else a unit gives as its reason is `other` in the
log."""


class AccessRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One thing a unit did. `number` counts from 1; `prior` is the hash of the record before; `at_ms` is the unit's
    clock, `boot_ms` milliseconds since boot `boot_id`. `reason` says why it closed (`expiry`, `cancelled`, …) or which
    rule refused, as one of REASONS; `open_s` how long it had been open."""

    number: RecordNumber
    prior: Digest
    at_ms: UnixMs
    boot_id: ShortText
    boot_ms: Annotated[int, Meta(ge=0, lt=1 << 53)]
    what: What
    modality: Modality | None = None
    opening: OurId | None = None
    mandate: OurId | None = None
    authority: Reference | None = None
    person: Reference | None = None
    reason: ShortText = ""
    open_s: Annotated[int, Meta(ge=0, lt=1 << 32)] | None = None

    def text(self) -> str:
        """The canonical text: JSON with fields in order, those without a value left out."""
        return msgspec.json.encode(self).decode()


_decoder = msgspec.json.Decoder(AccessRecord)


def record_hash(text: str) -> str:
    """SHA-256 of a record's text, hexadecimal: the head of a chain that ends with it."""
    return sha256(text.encode()).hexdigest()


def read_record(text: str) -> AccessRecord:
    """The record in `text`; raises InvalidAccessRecord when it is too long, malformed, incomplete or not canonical."""
    try:
        record = _decoder.decode(text) if len(text) <= MAX_RECORD_CHARS else None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidAccessRecord("unreadable", f"the record can not be read ({error})"[:300]) from error
    if record is None or record.text() != text:
        raise InvalidAccessRecord("unreadable", "the record is too long, or not in its canonical form")
    if record.what != "started" and record.modality is None:
        raise InvalidAccessRecord("incomplete", f"a record that says {record.what!r} names no modality")
    if record.what in {"opened", "closed"} and record.opening is None:
        raise InvalidAccessRecord("incomplete", f"a record that says {record.what!r} names no opening")
    return record


def check_follows(number: int, head: str, text: str) -> AccessRecord:
    """The record in `text` if it is the next of a chain of `number` records with `head`.

    Raises InvalidAccessRecord: reasons of `read_record`, `wrong-number`, `wrong-prior`.
    """
    record = read_record(text)
    if record.number != number + 1:
        raise InvalidAccessRecord("wrong-number", f"record {record.number} does not follow {number}")
    if record.prior != head:
        raise InvalidAccessRecord("wrong-prior", f"record {record.number} follows another record than {number}")
    return record
