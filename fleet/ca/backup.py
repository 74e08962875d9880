"""Backups of what a state directory holds that can not be made again, in one encrypted file.

In it: everything under ca/, down.key, log.key and release.key. Not in it: certificates of API, controller and broker
(made again at the next start), revocation lists (they come from the database), keys in tokens and their PINs.

The file, version 1: the 16 bytes of `_MAGIC`, a 16-byte salt, a 12-byte nonce, then AES-256-GCM (tag at the end) of
JSON, with all before it as associated data. The key is scrypt (n = 2**17, r = 8, p = 1) of the passphrase in UTF-8.
"""

import os
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from fleet.ca import files
from fleet.ca.errors import BackupUnusable

LEAST_PASSPHRASE = 12
"""Signs a passphrase has at least."""
_MAGIC = b"MUSTER-BACKUP-1\n"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_COST = 2**17
_MOST_BYTES = 16 * 1024 * 1024


class _Contents(msgspec.Struct, forbid_unknown_fields=True):
    made_at: datetime
    files: dict[str, bytes]

    def __repr__(self) -> str:
        return f"_Contents(files={sorted(self.files)})"


def write_backup(state: Path, path: Path, passphrase: str, now: datetime) -> list[str]:
    """Write the backup of the state directory `state` to `path` (0600), and read it back; returns the names in it.

    Raises BackupUnusable when `path` is there already, the passphrase is short, or what was written does not read
    back the same; OSError.
    """
    if path.exists():
        raise BackupUnusable(path, "there is a file already; name another, and keep the old one until this one is safe")
    if len(passphrase) < LEAST_PASSPHRASE:
        raise BackupUnusable(path, f"the passphrase needs at least {LEAST_PASSPHRASE} signs")
    held = _Contents(now, {name: (state / name).read_bytes() for name in _names(state)})
    head = _MAGIC + os.urandom(_SALT_BYTES) + os.urandom(_NONCE_BYTES)
    files.write_private(path, head + _cipher(head, passphrase).encrypt(_nonce(head), msgspec.json.encode(held), head))
    if _read(path, passphrase) != held:
        raise BackupUnusable(path, "it does not read back as it was written; try another disk")
    return sorted(held.files)


def restore_backup(path: Path, directory: Path, passphrase: str) -> list[str]:
    """Make the state directory `directory` (0700, files 0600) from the backup `path`, whole or not at all; returns the
    names restored.

    Raises BackupUnusable for a damaged file or another passphrase, AuthorityExists when `directory` holds anything.
    """
    held = _read(path, passphrase)
    for name in held.files:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or PurePosixPath(name).is_absolute():
            raise BackupUnusable(path, "it names a file outside the state directory")
    files.create_directory(directory, held.files)
    return sorted(held.files)


_LATER = ("log.key", "release.key")
"""Keys that an older fleet may not have yet."""


def _names(state: Path) -> list[str]:
    found = [path for path in (state / "ca").rglob("*") if path.is_file()]
    keys = [state / "down.key", *(path for name in _LATER if (path := state / name).exists())]
    return sorted(path.relative_to(state).as_posix() for path in [*found, *keys])


def _read(path: Path, passphrase: str) -> _Contents:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BackupUnusable(path, "it is too large to be a backup of this kind")
        content = path.read_bytes()
    except OSError as error:
        raise BackupUnusable(path, f"it can not be read: {error.strerror}") from error
    end = len(_MAGIC) + _SALT_BYTES + _NONCE_BYTES
    head = content[:end]
    if not head.startswith(_MAGIC) or len(head) < end:
        raise BackupUnusable(path, "it is not a backup of `fleet ca backup`")
    try:
        return msgspec.json.decode(_cipher(head, passphrase).decrypt(_nonce(head), content[end:], head), type=_Contents)
    except (InvalidTag, msgspec.DecodeError):
        # Not chained: a parser's message could quote what is inside.
        raise BackupUnusable(path, "it is damaged, or the passphrase is another") from None


def _nonce(head: bytes) -> bytes:
    return head[-_NONCE_BYTES:]


def _cipher(head: bytes, passphrase: str) -> AESGCM:
    salt = head[len(_MAGIC) : len(_MAGIC) + _SALT_BYTES]
    return AESGCM(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode()))
