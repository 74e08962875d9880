"""The unit's own key. It is made on the unit and never leaves it."""

import ssl
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge_agent.durable import PRIVATE, read_bounded, write_durably
from edge_agent.errors import StateUnusable
from protocols.joining import KeyProtection


class KeyStore(Protocol):
    """Holds one private key. `protection` says how well, and is shown wherever the key's fingerprint is."""

    protection: KeyProtection

    def exists(self) -> bool:
        """Whether the key has been made."""
        ...

    def ensure(self) -> None:
        """Make the key if there is none; raises StateUnusable."""
        ...

    def public_key(self) -> PublicKeyTypes:
        """The key's public half; raises StateUnusable."""
        ...

    def csr_pem(self) -> str:
        """A certificate signing request that proves possession and asks for no name."""
        ...

    def present(self, context: ssl.SSLContext, chain: Path) -> None:
        """Make `context` answer with the certificates in `chain` and this key; raises StateUnusable."""
        ...


class SoftKeyStore:
    """A P-256 key in a file that only its owner can read: no protection against who holds the machine."""

    protection: KeyProtection = "soft"

    def __init__(self, state_dir: Path) -> None:
        """The key in `state_dir`/key.pem."""
        self._path = state_dir / "key.pem"

    def exists(self) -> bool:
        """See KeyStore."""
        return self._path.exists()

    def ensure(self) -> None:
        """See KeyStore."""
        if self.exists():
            self._private_key()
            return
        key = generate_private_key(SECP256R1())
        write_durably(self._path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def public_key(self) -> PublicKeyTypes:
        """See KeyStore."""
        return self._private_key().public_key()

    def csr_pem(self) -> str:
        """See KeyStore."""
        from cryptography import x509  # noqa: PLC0415 - only joining needs it, and it costs a small machine dearly

        request = (
            x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(self._private_key(), SHA256())
        )
        return request.public_bytes(Encoding.PEM).decode("ascii")

    def present(self, context: ssl.SSLContext, chain: Path) -> None:
        """See KeyStore."""
        try:
            context.load_cert_chain(chain, self._path)
        except (OSError, ssl.SSLError) as error:
            raise StateUnusable(chain, f"does not go with {self._path.name} ({error}); join again") from error

    def _private_key(self) -> EllipticCurvePrivateKey:
        content = read_bounded(self._path)
        if content is None:
            raise StateUnusable(self._path, "the unit's key is missing; join again with a new voucher")
        if self._path.stat().st_mode & 0o077:
            raise StateUnusable(self._path, f"others can read the unit's key; chmod it to {PRIVATE:o} and join again")
        try:
            key = load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise StateUnusable(self._path, "is not a private key; move it aside and join again") from error
        if not isinstance(key, EllipticCurvePrivateKey):
            raise StateUnusable(self._path, "is not a P-256 key; move it aside and join again")
        return key
