"""The manifest that a rollout brings units to, as it is in force."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fleet.store.store import Transaction
from protocols.releases.manifest import Manifest


class ManifestInForce(NamedTuple):
    """A manifest among the targets in force, and the SHA-256 of its file."""

    manifest: Manifest
    sha256: str


ReadManifest = Callable[[Transaction, str], Awaitable[ManifestInForce | None]]
"""The manifest at a target's path; None where no target in force has that path, or none that is a manifest."""
