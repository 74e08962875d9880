"""A key in a token as `cryptography` knows keys, so that its X.509 builders sign with it."""

from typing import Any, NoReturn, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicKey,
    EllipticCurveSignatureAlgorithm,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, PrivateFormat

from hardware_keys.errors import KeyTaken, KeyUnsuitable
from hardware_keys.objects import HALF_BYTES
from hardware_keys.token import Token, TokenAddress, open_token


class EcKey(EllipticCurvePrivateKey):
    """The P-256 key `label` in `token`. It signs with ECDSA over SHA-256 and does nothing else.

    What would take the key out, and other algorithms, raise UnsupportedAlgorithm.
    """

    def __init__(self, token: Token, label: str) -> None:
        """Look the key up; raises HardwareKeyError."""
        self.token = token
        self._label = label
        self._public = token.public_key(label)

    def __repr__(self) -> str:
        return f"EcKey({self._label!r}, {self.token!r})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        return self

    @property
    def curve(self) -> EllipticCurve:
        """P-256."""
        return SECP256R1()

    @property
    def key_size(self) -> int:
        """256 bits."""
        return self.curve.key_size

    def public_key(self) -> EllipticCurvePublicKey:
        """The public half."""
        return self._public

    def sign(self, data: bytes | bytearray | memoryview, signature_algorithm: EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA over SHA-256 of `data`, in DER; raises HardwareKeyError, UnsupportedAlgorithm for another algorithm."""
        if not isinstance(signature_algorithm, ECDSA) or not isinstance(signature_algorithm.algorithm, SHA256):
            raise UnsupportedAlgorithm("a key in hardware signs with ECDSA over SHA-256 here, and with nothing else")
        digest = Hash(SHA256())
        digest.update(data)
        return self.sign_digest(digest.finalize())

    def sign_digest(self, digest: bytes) -> bytes:
        """ECDSA over the first 32 bytes of `digest`, in DER, tried on the public half before it is given away.

        Raises HardwareKeyError, KeyUnsuitable for a shorter digest (SHA-1), among others.
        """
        if len(digest) < HALF_BYTES:
            raise KeyUnsuitable(self.token.address.token, self._label, "is not for hashes shorter than SHA-256")
        signature = self.token.sign_digest(self._label, digest)
        try:
            self._public.verify(signature, digest[:HALF_BYTES], ECDSA(Prehashed(SHA256())))
        except InvalidSignature as error:
            name = self.token.address.token
            raise KeyUnsuitable(name, self._label, "signs what its public half does not confirm") from error
        return signature

    def exchange(self, algorithm: ECDH, peer_public_key: EllipticCurvePublicKey) -> bytes:  # noqa: ARG002 - inherited
        """Not done: raises UnsupportedAlgorithm."""
        _refuse()

    def private_numbers(self) -> EllipticCurvePrivateNumbers:
        """Not done: raises UnsupportedAlgorithm."""
        _refuse()

    def private_bytes(
        self,
        encoding: Encoding,  # noqa: ARG002 - inherited
        format: PrivateFormat,  # noqa: A002, ARG002 - inherited
        encryption_algorithm: KeySerializationEncryption,  # noqa: ARG002 - inherited
    ) -> bytes:
        """Not done: raises UnsupportedAlgorithm."""
        _refuse()


def ec_key(address: TokenAddress, label: str) -> EcKey:
    """The key `label` in the token at `address`; raises HardwareKeyError."""
    return EcKey(open_token(address), label)


def make_ec_key(address: TokenAddress, label: str) -> EcKey:
    """A new key `label` in the token at `address`; raises HardwareKeyError, KeyTaken when the label is in use."""
    token = open_token(address)
    if token.exists(label):
        raise KeyTaken(address.token, label)
    token.make(label)
    return EcKey(token, label)


def _refuse() -> NoReturn:
    raise UnsupportedAlgorithm("this key is in hardware and can not be taken out of it")
