"""Images of tests: small programs, signed by keys that are always the same where the kind allows it."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware_bridge.images.keys import PrivateKey, PublicKey
from firmware_bridge.images.signing import make_image
from protocols.releases.mcuboot import SignatureKind
from protocols.releases.version import Version
from tests.support.tlog_making import fixed_key

BOARD = "frontdoor"


def private_key(kind: SignatureKind = "ed25519", name: str = "firmware") -> PrivateKey:
    """The key `name` of that kind; Ed25519 ones are the same in every run."""
    return _made_once(kind, name)


@cache
def _made_once(kind: SignatureKind, name: str) -> PrivateKey:
    if kind == "ed25519":
        return fixed_key(f"image {name}")
    if kind == "ecdsa-p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))


def pem_of(key: PublicKey) -> bytes:
    """A public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_pem(kind: SignatureKind = "ed25519", name: str = "firmware") -> bytes:
    """The public half of `private_key`."""
    return pem_of(private_key(kind, name).public_key())


def image_of(
    version: str = "1.2.3+4", program: bytes = b"program", *, board: str = BOARD, counter: int | None = None
) -> bytes:
    """An image by the Ed25519 key; the same in every run."""
    numbers = [int(number) for number in version.replace("+", ".").split(".")]
    return make_image(
        program, version=Version(*numbers), key=private_key(), board=board, security_counter=counter, header_bytes=64
    )
