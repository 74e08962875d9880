"""The Ed25519 key that signs everything a controller sends to units."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from fleet.ca.files import write_private
from fleet.errors import SettingsInvalid


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and write it to `path`, readable by its owner only; raises SettingsInvalid when a file is there."""
    key = Ed25519PrivateKey.generate()
    write_key(path, key)
    return key


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write `key` to `path`, readable by its owner only; raises SettingsInvalid when a file is there."""
    if path.exists():
        raise SettingsInvalid(str(path), "a signing key is there already; units trust it, so it is not replaced")
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read the key at `path`; raises SettingsInvalid when it is missing, not a key of this kind, or exposed."""
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsInvalid(str(path), "others may read it: chmod 600, and consider the key lost")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsInvalid(str(path), "is not a readable signing key; `fleet init` makes one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsInvalid(str(path), "is not an Ed25519 key; `fleet init` makes one")
    return key
