"""The Ed25519 key that signs the log's checkpoints, and the log's name (its origin), which is made from it alone.

So the name stays when the controller's address changes, and no two logs have the same.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.downlink.key import load_key, write_key
from fleet.errors import SettingsInvalid
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.note import Note, VerifierKey, sign_note
from protocols.tlog.policy import LogPolicy, build_policy

LOG_KEY_FILE = "log.key"
"""Its name in the state directory."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's key. Its private half is never in the repr."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> "LogKey":
        """A fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def origin(self) -> str:
        """The log's name: `muster-log-` and 16 hexadecimal digits of the SHA-256 of its public key."""
        return f"muster-log-{sha256(self.public).hexdigest()[:16]}"

    @property
    def verifier(self) -> VerifierKey:
        """What others check its signatures with."""
        return VerifierKey.of(self.origin, self.public)

    @property
    def alone(self) -> LogPolicy:
        """The policy of who trusts this log and asks for no witness."""
        return build_policy(self.verifier.line, [], 0)

    def sign(self, size: int, root: bytes) -> Note:
        """The signed checkpoint of the tree of `size` leaves with `root`, 32 bytes; always the same for the same."""
        body = Checkpoint(self.origin, size, root).body
        return Note(body, (sign_note(body, self.origin, self.private),))


def write_log_key(directory: Path, key: LogKey) -> None:
    """Write `key` into the state directory `directory`; raises SettingsInvalid when there is one."""
    write_key(directory / LOG_KEY_FILE, key.private)


def load_log_key(directory: Path) -> LogKey:
    """The key in the state directory `directory`; raises SettingsInvalid when it is missing, damaged or exposed."""
    path = directory / LOG_KEY_FILE
    if not path.exists():
        raise SettingsInvalid(
            str(path), "is missing: restore it from the backup; for a fleet that never had one, run `fleet migrate`"
        )
    return LogKey(load_key(path))
