"""Keys in files."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge_agent.durable import PRIVATE, read_bounded, remove_durably, write_durably
from edge_agent.errors import StateUnusable
from edge_agent.keys.request import request_pem
from protocols.joining import KeyProtection


class SoftKeyStore:
    """P-256 keys in files that only their owner can read: no protection against who holds the machine."""

    protection: KeyProtection = "soft"

    def __init__(self, state_dir: Path) -> None:
        """The key `name` in `state_dir`/`name`.pem."""
        self._state_dir = state_dir

    def exists(self, name: str) -> bool:
        """See KeyStore."""
        return self._path(name).exists()

    def make(self, name: str) -> None:
        """See KeyStore."""
        if self.exists(name):
            self._private_key(name)
            return
        key = generate_private_key(SECP256R1())
        write_durably(self._path(name), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def public_key(self, name: str) -> PublicKeyTypes:
        """See KeyStore."""
        return self._private_key(name).public_key()

    def csr_pem(self, name: str) -> str:
        """See KeyStore."""
        return request_pem(self._private_key(name))

    def sign(self, name: str, data: bytes) -> bytes:
        """See KeyStore."""
        return self._private_key(name).sign(data, ECDSA(SHA256()))

    def present(self, name: str, context: ssl.SSLContext, chain: Path) -> None:
        """See KeyStore."""
        try:
            context.load_cert_chain(chain, self._path(name))
        except (OSError, ssl.SSLError) as error:
            raise StateUnusable(chain, f"does not go with {name}.pem ({error}); join again") from error

    def remove(self, name: str) -> None:
        """See KeyStore."""
        remove_durably(self._path(name))

    def _path(self, name: str) -> Path:
        return self._state_dir / f"{name}.pem"

    def _private_key(self, name: str) -> EllipticCurvePrivateKey:
        path = self._path(name)
        content = read_bounded(path)
        if content is None:
            raise StateUnusable(path, "the unit's key is missing; join again with a new voucher")
        if path.stat().st_mode & 0o077:
            raise StateUnusable(path, f"others can read the unit's key; chmod it to {PRIVATE:o} and join again")
        try:
            key = load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise StateUnusable(path, "is not a private key; move it aside and join again") from error
        if not isinstance(key, EllipticCurvePrivateKey):
            raise StateUnusable(path, "is not a P-256 key; move it aside and join again")
        return key
