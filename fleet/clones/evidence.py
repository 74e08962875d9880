"""Checking what a unit has signed with the key of its certificate."""

from base64 import b64decode
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from fleet.ca.csr import UnitPublicKey, check_unit_key
from protocols.uplink import SessionProof, proof_text

_KEYS_KEPT = 4096


def signature_fits(proof: SessionProof, chain_pem: str) -> bool:
    """Whether the key of the first certificate in `chain_pem`, one of this fleet's, has signed `proof`."""
    try:
        signature = b64decode(proof.signature, validate=True)
    except ValueError:
        return False
    return key_has_signed(proof_text(proof), signature, chain_pem)


def key_has_signed(text: bytes, signature: bytes, chain_pem: str) -> bool:
    """Whether `signature` over `text` is of the key of the first certificate in `chain_pem`, one of this fleet's:
    ECDSA with SHA-256 in DER for a P-256 key, else Ed25519."""
    key = _key_of(chain_pem)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
        else:
            key.verify(signature, text, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=_KEYS_KEPT)
def _key_of(chain_pem: str) -> UnitPublicKey:
    return check_unit_key(x509.load_pem_x509_certificate(chain_pem.encode()).public_key())
