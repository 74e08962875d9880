"""Keys that sign images: MCUboot's four kinds, and how each signs an image's hash."""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from firmware_bridge.errors import ImageRefused
from protocols.releases.mcuboot import SignatureKind

MAX_KEY_BYTES = 16 * 1024
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey

_DIGEST = Prehashed(hashes.SHA256())
_PSS = PSS(mgf=MGF1(hashes.SHA256()), salt_length=32)
_RSA_KINDS: dict[int, SignatureKind] = {2048: "rsa-2048", 3072: "rsa-3072"}
_REMEDY = "give the PEM of a public key: Ed25519, P-256, or RSA with 2048 or 3072 bits"


@dataclass(frozen=True)
class SigningKey:
    """A public key by which an image may be signed. `key_hash` is what MCUboot calls it: SHA-256 of its DER, 32
    bytes."""

    kind: SignatureKind
    key_hash: bytes
    public: PublicKey

    def fits(self, signature: bytes, digest: bytes) -> bool:
        """Whether `signature` is this key's over an image's hash."""
        try:
            if isinstance(self.public, Ed25519PublicKey):
                self.public.verify(signature, digest)
            elif isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, digest, _PSS, _DIGEST)
            else:
                self.public.verify(signature, digest, ECDSA(_DIGEST))
        except InvalidSignature:
            return False
        return True


def read_key(pem: bytes) -> SigningKey:
    """The public key in a PEM file; raises ImageRefused `key-unusable`."""
    if b"PRIVATE KEY" in pem[:MAX_KEY_BYTES]:
        raise ImageRefused("key-unusable", "this is a private key", "give the public one, and keep this from everybody")
    try:
        public = load_pem_public_key(pem[:MAX_KEY_BYTES])
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImageRefused("key-unusable", "this is no PEM of a public key", _REMEDY) from error
    if not isinstance(public, PublicKey):
        raise ImageRefused("key-unusable", "a key of this kind signs no images", _REMEDY)
    return signing_key(public)


def signing_key(public: PublicKey) -> SigningKey:
    """The key, as images name it; raises ImageRefused `key-unusable`."""
    return SigningKey(_kind_of(public), sha256(_der(public)).digest(), public)


def sign_digest(private: PrivateKey, digest: bytes) -> bytes:
    """The signature over an image's hash, of `signing_key`'s kind."""
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(digest)
    if isinstance(private, RSAPrivateKey):
        return private.sign(digest, _PSS, _DIGEST)
    return private.sign(digest, ECDSA(_DIGEST))


def _kind_of(public: PublicKey) -> SignatureKind:
    if isinstance(public, Ed25519PublicKey):
        return "ed25519"
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return "ecdsa-p256"
    if isinstance(public, RSAPublicKey) and public.key_size in _RSA_KINDS:
        return _RSA_KINDS[public.key_size]
    raise ImageRefused("key-unusable", "a key of this size or curve signs no images", _REMEDY)


def _der(public: PublicKey) -> bytes:
    form = PublicFormat.PKCS1 if isinstance(public, RSAPublicKey) else PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(Encoding.DER, form)
