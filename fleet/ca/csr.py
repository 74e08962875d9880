"""Reading a unit's certificate signing request: it proves possession of a key, and nothing else in it counts."""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from fleet.ca.errors import InvalidCsr

MAX_CSR_CHARS = 4096
UnitPublicKey = EllipticCurvePublicKey | Ed25519PublicKey

_ONE_REQUEST = re.compile(
    r"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s[A-Za-z0-9+/=\s]+-----END (NEW )?CERTIFICATE REQUEST-----\s*",
    re.ASCII,
)


def read_csr(csr_pem: str) -> UnitPublicKey:
    """The public key of one PEM request, after checking that its sender holds the private key.

    Subject and requested extensions are ignored: the controller names the unit. Raises InvalidCsr with reason
    `too-long` (above MAX_CSR_CHARS), `unreadable` (not exactly one PEM request), `weak-key` (neither P-256 nor
    Ed25519) or `bad-signature` (no proof of possession).
    """
    if len(csr_pem) > MAX_CSR_CHARS:
        raise InvalidCsr("too-long", f"{len(csr_pem)} characters, the limit is {MAX_CSR_CHARS}")
    if _ONE_REQUEST.fullmatch(csr_pem) is None:
        raise InvalidCsr("unreadable", "it is not one PEM block CERTIFICATE REQUEST")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode("ascii"))
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise InvalidCsr("unreadable", "its contents are not a PKCS #10 request") from error
    accepted = check_unit_key(key)
    try:
        proven = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidCsr("bad-signature", "its signature can not be checked") from error
    if not proven:
        raise InvalidCsr("bad-signature", "its signature does not match its key")
    return accepted


def check_unit_key(key: PublicKeyTypes) -> UnitPublicKey:
    """Return `key` if it is P-256 or Ed25519; raises InvalidCsr with reason `weak-key` otherwise."""
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise InvalidCsr("weak-key", "its key is neither EC P-256 nor Ed25519; make a new key of one of these kinds")
