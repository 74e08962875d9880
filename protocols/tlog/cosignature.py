"""Cosignatures (C2SP tlog-cosignature, Ed25519): a witness states that it saw a checkpoint, and when."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.errors import InvalidNote
from protocols.tlog.note import NoteSignature, VerifierKey, check_body
from protocols.tlog.signature_types import COSIGNATURE_V1, cosigned_message


def cosign(body: str, name: str, private_key: Ed25519PrivateKey, unix_s: int) -> NoteSignature:
    """The cosignature of the witness `name` under the checkpoint `body` at `unix_s`, from 0 to 2^63-1.

    Raises InvalidNote when body, name or time can be none.
    """
    check_body(body)
    key = cosigner_key(name, private_key.public_key().public_bytes_raw())
    try:
        message = cosigned_message(body.encode(), unix_s)
    except ValueError as error:
        raise InvalidNote("unreadable", str(error)) from error
    return NoteSignature(name, key.key_id, unix_s.to_bytes(8, "big") + private_key.sign(message))


def cosigner_key(name: str, public: bytes) -> VerifierKey:
    """The verifier key of a witness; raises InvalidNote `key-unreadable`."""
    return VerifierKey.of(name, public, COSIGNATURE_V1)


def cosigned_at(body: str, signature: NoteSignature, key: VerifierKey) -> int:
    """When `key`, a witness's, saw the checkpoint `body`, in Unix seconds; raises InvalidNote `bad-signature`."""
    unix_s = key.verify(body, signature)
    if unix_s is None:
        raise InvalidNote("bad-signature", "it is no cosignature, but a plain signature")
    return unix_s
