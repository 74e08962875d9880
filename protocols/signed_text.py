"""Texts that a controller signs with its Ed25519 key: `{"signed": "<JSON text>", "key": "<hex>", "sig": "<base64>"}`.

The signature covers the bytes of `signed` behind a fixed prefix that says what kind of text it is, so that none can be
taken for another. The text stays readable and is verified exactly as it was sent.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols.errors import InvalidEnvelope


class SignedText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text, the `key_id` of who signed it, and the signature in base64."""

    signed: str
    key: str
    sig: str


def key_id(public_key_raw: bytes) -> str:
    """Short name of a controller key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public_key_raw).hexdigest()[:16]


def sign_text(prefix: bytes, text: bytes, key: Ed25519PrivateKey) -> SignedText:
    """`text`, UTF-8, signed behind `prefix`."""
    name = key_id(key.public_key().public_bytes_raw())
    return SignedText(text.decode(), name, b64encode(key.sign(prefix + text)).decode())


def verified_bytes(prefix: bytes, signed: SignedText, keys: Mapping[str, Ed25519PublicKey]) -> bytes:
    """The text's bytes, if one of `keys` (by `key_id`) signed it behind `prefix`.

    Raises InvalidEnvelope with reason `malformed`, `unknown-key` or `bad-signature`.
    """
    try:
        signature = b64decode(signed.sig, validate=True)
    except ValueError as error:
        raise InvalidEnvelope("malformed", str(error)[:200]) from error
    if b64encode(signature).decode() != signed.sig:  # base64 has idle bits: one signature has one spelling here
        raise InvalidEnvelope("malformed", "the signature is not in canonical base64")
    key = keys.get(signed.key)
    if key is None:
        raise InvalidEnvelope("unknown-key", f"no controller key {signed.key[:16]!r} is known here")
    text = signed.signed.encode("utf-8", "surrogatepass")
    try:
        key.verify(signature, prefix + text)
    except InvalidSignature as error:
        raise InvalidEnvelope("bad-signature", "the signature does not fit the text") from error
    return text
