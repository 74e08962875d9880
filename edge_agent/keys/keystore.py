"""What a place for the unit's keys can do, wherever the keys are."""

import ssl
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from protocols.joining import KeyProtection

FIRST_KEY = "key"
"""The name of the key a unit joins with. Each renewal makes another: see `next_key_name`."""


class KeyStore(Protocol):
    """Holds private keys under names: `key`, `key-2`, `key-3`, … Every method raises StateUnusable.

    Methods may take long (a token, a slow card): on the event loop they are called in a thread.
    """

    @property
    def protection(self) -> KeyProtection:
        """How well the keys are kept; shown wherever a key's fingerprint is."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is a key `name`."""
        ...

    def make(self, name: str) -> None:
        """Make the key `name`, there also after a power cut on return; one that is there stays as it is."""
        ...

    def public_key(self, name: str) -> PublicKeyTypes:
        """The public half of the key `name`: P-256 or Ed25519."""
        ...

    def csr_pem(self, name: str) -> str:
        """A certificate signing request that proves possession of the key `name` and asks for no name."""
        ...

    def sign(self, name: str, data: bytes) -> bytes:
        """The signature of the key `name` over `data`: ECDSA with SHA-256 in DER for P-256, else Ed25519."""
        ...

    def present(self, name: str, context: ssl.SSLContext, chain: Path) -> None:
        """Make `context` answer with the certificates in `chain` and the key `name`."""
        ...

    def remove(self, name: str) -> None:
        """Remove the key `name` if it is there, for good; a key in use by a context may stay in its memory."""
        ...


def next_key_name(name: str) -> str:
    """The name of the key that follows the key `name`: `key`, `key-2`, `key-3`, …"""
    number = name.removeprefix(f"{FIRST_KEY}-")
    return f"{FIRST_KEY}-{int(number) + 1 if number.isdecimal() else 2}"
