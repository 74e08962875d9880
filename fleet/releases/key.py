"""The Ed25519 key with which the controller signs snapshot and timestamp: that what people signed is what there is."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.downlink.key import create_key, load_key

RELEASE_KEY_FILE = "release.key"
"""Its name in the state directory."""


def load_or_make_release_key(directory: Path) -> Ed25519PrivateKey:
    """The key in the state directory `directory`, made where there is none yet; raises SettingsInvalid when it is
    damaged or exposed. A root that names another one has to be followed by one that names it."""
    path = directory / RELEASE_KEY_FILE
    return load_key(path) if path.exists() else create_key(path)
