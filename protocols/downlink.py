"""Messages to a unit: everything under `down/` is an Ed25519 envelope of the controller.

An envelope is JSON `{"signed": "<JSON text>", "key": "<hex>", "sig": "<base64>"}`: the signature covers the bytes of
`signed` behind a fixed prefix, so the text stays readable with `mosquitto_sub` and is verified exactly as it
was sent. Inside are the unit, the unit's session nonce, a counter, the controller's time of issue and expiry
(Unix milliseconds), and one body.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

from protocols.commands import CommandId, Order
from protocols.errors import InvalidEnvelope
from protocols.health import UnixMs
from protocols.ids import Nonce
from protocols.opening import AskNonce, CloseOpening, GrantLease
from protocols.signed_text import SignedText, sign_text, verified_bytes
from protocols.topics import MAX_PAYLOAD_BYTES
from protocols.uplink import SpoolId

_PREFIX = b"muster down v1\n"
MAX_RANGES = 200
SENDER_PATTERN = r"^[0-9a-f]{16}$(?!\n)"
_Seq = Annotated[int, Meta(ge=1, lt=1 << 53)]


class Welcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="welcome", tag_field="type"):
    """On `down/<unit>/ack`: the answer to a session announcement; sets the unit's bound on the controller's time.

    `challenge` is fresh: the unit answers it with a `protocols.uplink.SessionProof`. `people_version` is the
    newest people list's: a unit that carries an older one asks for those between.
    """

    challenge: Nonce
    people_version: Annotated[int, Meta(ge=1)]


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ack", tag_field="type"):
    """On `down/<unit>/ack`: these sequence numbers of this spool are committed, and may be dropped.

    `ranges` are pairs (first, last), both inclusive, ascending, not overlapping.
    """

    spool_id: SpoolId
    ranges: Annotated[list[tuple[_Seq, _Seq]], Meta(min_length=1, max_length=MAX_RANGES)]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="command", tag_field="type"):
    """On `down/<unit>/command`: one order. The envelope's expiry is the command's."""

    command_id: CommandId
    order: Order


Body = Welcome | Ack | Command | AskNonce | GrantLease | CloseOpening


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The signed part of an envelope.

    `sender` names the controller process that made it, 16 random hexadecimal digits; `counter` ascends within it, so
    that controllers that share a unit need no common clock.
    """

    unit: str
    session: Nonce
    sender: Annotated[str, Meta(pattern=SENDER_PATTERN)]
    counter: Annotated[int, Meta(ge=1, lt=1 << 53)]
    issued_at_ms: UnixMs
    expires_at_ms: UnixMs
    body: Body


_encoder = msgspec.json.Encoder()
_envelope_decoder = msgspec.json.Decoder(SignedText)
_signed_decoder = msgspec.json.Decoder(Signed)


def seal(signed: Signed, key: Ed25519PrivateKey) -> bytes:
    """The envelope's bytes, ready to publish."""
    return _encoder.encode(sign_text(_PREFIX, _encoder.encode(signed), key))


def unseal(payload: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Signed:
    """Verify an envelope against `keys` (by `key_id`) and return what was signed.

    Says nothing of unit, session, counter or expiry: that is `session.SessionGuard`. Raises InvalidEnvelope with
    reason `oversized`, `malformed`, `unknown-key` or `bad-signature`.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise InvalidEnvelope("oversized", f"envelope of {len(payload)} bytes")
    try:
        envelope = _envelope_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidEnvelope("malformed", str(error)[:200]) from error
    text = verified_bytes(_PREFIX, envelope, keys)
    try:
        return _signed_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEnvelope("malformed", str(error)[:200]) from error


def seq_ranges(seqs: list[int]) -> list[tuple[int, int]]:
    """The fewest ascending (first, last) pairs that cover exactly `seqs`, in any order, repeats allowed."""
    ranges: list[tuple[int, int]] = []
    for seq in sorted(set(seqs)):
        if ranges and seq == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    return ranges
