"""SSH keys of tests that never change, in software: on disk, or in a FIDO token that tells what it is asked to tell."""

from base64 import b64encode
from hashlib import sha256, sha512
from typing import Protocol

from tests.support.ssh_token import SoftToken, string
from tests.support.tlog_making import fixed_key

_SK = b"sk-ssh-ed25519@openssh.com"
_PLAIN = b"ssh-ed25519"
USER_PRESENT = 1


class SshKey(Protocol):
    """What signs. `flags` are a token's; a key on disk has none to tell."""

    @property
    def line(self) -> str:
        """The public key line."""

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the private key."""

    def sshsig(self, message: bytes, namespace: str, *, flags: int = USER_PRESENT, hash_name: str = "sha512") -> bytes:
        """The SSHSIG's bytes."""


class TokenKey(SoftToken):
    """The token of `name`: the same key each time."""

    def __init__(self, name: str, application: bytes = b"ssh:") -> None:
        super().__init__(application)
        self.key = fixed_key(name)

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the private key, which no real token gives."""
        return self.key.private_bytes_raw()

    def signature(self, data: bytes, *, flags: int = USER_PRESENT) -> bytes:
        """What ssh-agent gets of the token for `data`: the wire form of an SSH signature."""
        self.counter += 1
        told = bytes([flags]) + self.counter.to_bytes(4, "big")
        raw = self.key.sign(sha256(self.application).digest() + told + sha256(data).digest())
        return string(_SK) + string(raw) + told


class DiskKey:
    """The key on disk of `name`: the same key each time, and the same Ed25519 key as the token of that name has."""

    def __init__(self, name: str) -> None:
        self.key = fixed_key(name)

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the private key."""
        return self.key.private_bytes_raw()

    @property
    def blob(self) -> bytes:
        """The public key's wire form."""
        return string(_PLAIN) + string(self.key.public_key().public_bytes_raw())

    @property
    def line(self) -> str:
        """The public key line."""
        return f"{_PLAIN.decode()} {b64encode(self.blob).decode()}"

    def sshsig(self, message: bytes, namespace: str, *, flags: int = USER_PRESENT, hash_name: str = "sha512") -> bytes:
        """The SSHSIG's bytes; `flags` go nowhere, as a key on disk knows nobody's touch."""
        del flags
        digest = {"sha512": sha512, "sha256": sha256}[hash_name](message).digest()
        middle = string(namespace.encode()) + string(b"") + string(hash_name.encode())
        signature = string(_PLAIN) + string(self.key.sign(b"SSHSIG" + middle + string(digest)))
        return b"SSHSIG" + (1).to_bytes(4, "big") + string(self.blob) + middle + string(signature)
