"""How keys sign notes: one class for each signature type identifier byte of C2SP signed-note that is spoken here."""

from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocols.tlog.forms import MAX_NUMBER

ED25519 = 0x01
COSIGNATURE_V1 = 0x04


_SMALL_ORDER = frozenset(
    bytes.fromhex(one)
    for one in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
"""The points of order 8 or less, in all their encodings but for the sign in the last bit: under such a key anybody can
make signatures that verify."""


class SignatureType(Protocol):
    """A signature type."""

    def usable(self, public: bytes) -> bool:
        """Whether `public` can be a public key of this type."""

    def verified(self, public: bytes, body: bytes, signature: bytes) -> int | None:
        """The time that the signature states, in Unix seconds, or None; raises ValueError when it does not verify."""


class Ed25519Type:
    """Plain Ed25519 over the note's text."""

    def usable(self, public: bytes) -> bool:
        """Whether `public` is 32 bytes and no key that everybody can sign with."""
        return _is_ed25519(public)

    def verified(self, public: bytes, body: bytes, signature: bytes) -> None:
        """Check 64 bytes of signature; these state no time."""
        _verify(public, body, signature)


class CosignatureType:
    """C2SP tlog-cosignature, Ed25519: eight bytes of time, then a signature over the time and the note's text."""

    def usable(self, public: bytes) -> bool:
        """Whether `public` is 32 bytes and no key that everybody can sign with."""
        return _is_ed25519(public)

    def verified(self, public: bytes, body: bytes, signature: bytes) -> int:
        """The time that the cosigner states."""
        unix_s = int.from_bytes(signature[:8], "big")
        _verify(public, cosigned_message(body, unix_s), signature[8:])
        return unix_s


SIGNATURE_TYPES: Mapping[int, SignatureType] = {ED25519: Ed25519Type(), COSIGNATURE_V1: CosignatureType()}
"""The registry: another type is one class and one line more."""


def cosigned_message(body: bytes, unix_s: int) -> bytes:
    """What an Ed25519 cosigner signs; raises ValueError when the time is not from 0 to 2^63-1."""
    if not 0 <= unix_s <= MAX_NUMBER:
        raise ValueError("the time of a cosignature is from 0 to 2^63-1")
    return b"cosignature/v1\ntime %d\n" % unix_s + body


def _is_ed25519(public: bytes) -> bool:
    return len(public) == 32 and public[:31] + bytes([public[31] & 0x7F]) not in _SMALL_ORDER


def _verify(public: bytes, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature as error:
        raise ValueError("the signature does not fit the text") from error
