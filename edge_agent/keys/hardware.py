"""Keys in a PKCS#11 token: a smart card, a hardware security module, or a TPM behind its module."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.errors import SettingsInvalid, StateUnusable
from edge_agent.keys.request import request_pem
from hardware_keys import EcKey, HardwareKeyError, PinRefused, PinUnusable, TokenAddress, open_token
from hardware_keys.tls import present
from protocols.joining import KeyProtection

_PREFIX = "muster-"


class HardwareKeyStore:
    """P-256 keys that were made in a token and can not be taken out of it, labelled `muster-key`, `muster-key-2`, …

    Beside what KeyStore says, every method raises SettingsInvalid for a PIN that is missing or refused: it ends the
    program with a code after which a service manager does not start it again, before the token locks.
    """

    def __init__(self, address: TokenAddress, protection: KeyProtection) -> None:
        """Keys in the token at `address`, which is reached when it is first used; `protection` says what it is."""
        self.protection: KeyProtection = protection
        self._token = open_token(address)

    def exists(self, name: str) -> bool:
        """See KeyStore."""
        with self._explained():
            return self._token.exists(_PREFIX + name)

    def make(self, name: str) -> None:
        """See KeyStore."""
        with self._explained():
            self._token.make(_PREFIX + name)

    def public_key(self, name: str) -> PublicKeyTypes:
        """See KeyStore."""
        with self._explained():
            return self._token.public_key(_PREFIX + name)

    def csr_pem(self, name: str) -> str:
        """See KeyStore."""
        with self._explained():
            return request_pem(self._key(name))

    def sign(self, name: str, data: bytes) -> bytes:
        """See KeyStore."""
        with self._explained():
            return self._key(name).sign(data, ECDSA(SHA256()))

    def present(self, name: str, context: ssl.SSLContext, chain: Path) -> None:
        """See KeyStore."""
        with self._explained():
            present(context, chain, self._key(name))

    def remove(self, name: str) -> None:
        """See KeyStore."""
        with self._explained():
            self._token.remove(_PREFIX + name)

    def _key(self, name: str) -> EcKey:
        return EcKey(self._token, _PREFIX + name)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (PinUnusable, PinRefused) as error:
            raise SettingsInvalid("key_pin_file", str(error)) from error
        except HardwareKeyError as error:
            raise StateUnusable(self._token.address.module, str(error)) from error
