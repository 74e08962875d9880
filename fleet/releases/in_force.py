"""A manifest in force, for those who bring units to it."""

from fleet.releases.online import targets_in_force
from fleet.releases.shown import MANIFESTS
from fleet.rollouts.manifests import ManifestInForce
from fleet.store.store import Transaction
from protocols.errors import InvalidManifest
from protocols.releases.manifest import MAX_MANIFEST_BYTES, read_manifest


async def manifest_in_force(transaction: Transaction, path: str) -> ManifestInForce | None:
    """The manifest among the targets in force; see ReadManifest."""
    targets = await targets_in_force(transaction)
    one = None if targets is None or not path.startswith(MANIFESTS) else targets.targets.get(path)
    if one is None:
        return None
    sha256 = one.hashes["sha256"]
    content = await transaction.releases.part(sha256, 0, MAX_MANIFEST_BYTES)
    try:
        return ManifestInForce(read_manifest(content or b""), sha256)
    except InvalidManifest:
        return None
