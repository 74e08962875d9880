"""Snapshot and timestamp, which the controller signs itself: made anew when something is published or near its end."""

from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from fleet.clock import Clock
from fleet.releases.metadata import next_snapshot, next_timestamp, online_key, read_file, sign_online
from fleet.rounds import go_round
from fleet.settings import ReleaseSettings
from fleet.store.releases import MetadataRole, StoredMetadata
from fleet.store.store import Store, Transaction

_EVERY_S = 60.0
_TIMESTAMP_EVERY = timedelta(hours=1)

T = TypeVar("T", Snapshot, Timestamp)

_log = structlog.get_logger(__name__)


async def root_in_force(transaction: Transaction) -> Root | None:
    """The root in force."""
    stored = await transaction.releases.newest("root")
    return None if stored is None else read_file(Root, stored.content).signed


async def targets_in_force(transaction: Transaction) -> Targets | None:
    """The targets metadata in force."""
    stored = await transaction.releases.newest("targets")
    return None if stored is None else read_file(Targets, stored.content).signed


class OnlineSigning:
    """Signs what is fresh. Several controllers take turns by the lock of releases."""

    def __init__(self, store: Store, clock: Clock, key: Ed25519PrivateKey, settings: ReleaseSettings) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._public = online_key(key)
        self._settings = settings

    async def run(self) -> None:
        """Look once a minute until cancelled; a lost database only delays."""
        await go_round("releases: timestamp", self.look, _EVERY_S)

    async def look(self) -> list[MetadataRole]:
        """Sign what is to be signed anew; returns the roles that were."""
        async with self._store.transaction() as transaction:
            if await transaction.releases.newest("targets") is None:
                return []
            await transaction.releases.lock()
            return await self.renew(transaction)

    async def renew(self, transaction: Transaction) -> list[MetadataRole]:
        """The same, in a transaction that holds the lock of releases; a change of root or targets is taken up."""
        root, targets = await root_in_force(transaction), await transaction.releases.newest("targets")
        if root is None or targets is None:
            return []
        if not self._may_sign(root):
            _log.warning(
                "root names another key than this controller's for snapshot and timestamp: draft and sign a new root",
                key=self._public.keyid[:16],
            )
            return []
        now = self._clock().replace(microsecond=0)
        signed: list[MetadataRole] = []
        snapshot = await transaction.releases.newest("snapshot")
        if snapshot is None or self._is_stale_snapshot(snapshot, root, targets.version, now):
            ends = now + timedelta(days=self._settings.snapshot_days)
            version = 1 if snapshot is None else snapshot.version + 1
            content = sign_online(next_snapshot(version, targets.version, ends), self._key)
            snapshot = StoredMetadata(version=version, content=content, expires_at=ends, made_at=now)
            await transaction.releases.publish("snapshot", snapshot, None)
            signed.append("snapshot")
        timestamp = await transaction.releases.newest("timestamp")
        if timestamp is None or signed or self._is_stale_timestamp(timestamp, root, now):
            ends = now + timedelta(hours=self._settings.timestamp_hours)
            version = 1 if timestamp is None else timestamp.version + 1
            content = sign_online(next_timestamp(version, snapshot.version, ends), self._key)
            made = StoredMetadata(version=version, content=content, expires_at=ends, made_at=now)
            await transaction.releases.publish("timestamp", made, None)
            signed.append("timestamp")
        return signed

    def _may_sign(self, root: Root) -> bool:
        return all(self._public.keyid in root.roles[name].keyids for name in ("snapshot", "timestamp"))

    def _is_stale_snapshot(self, stored: StoredMetadata, root: Root, targets_version: int, now: datetime) -> bool:
        held = _read(Snapshot, stored)
        half = timedelta(days=self._settings.snapshot_days) / 2
        return (
            held is None
            or held.signed.meta["targets.json"].version != targets_version
            or stored.expires_at - now < half
            or not _fits(root, "snapshot", held)
        )

    def _is_stale_timestamp(self, stored: StoredMetadata, root: Root, now: datetime) -> bool:
        held = _read(Timestamp, stored)
        is_young = timedelta() <= now - stored.made_at < _TIMESTAMP_EVERY
        return held is None or not is_young or not _fits(root, "timestamp", held)


def _read(kind: type[T], stored: StoredMetadata) -> Metadata[T] | None:
    """What is stored; None where somebody else has put it there, which is not what it is stored as: it is signed anew
    then, and units are not kept from what is fresh."""
    try:
        held = read_file(kind, stored.content)
    except ValueError:
        held = None
    if held is not None and (held.signed.version, held.signed.expires) == (stored.version, stored.expires_at):
        return held
    _log.warning("metadata in the database is not this controller's: it is signed anew", role=kind.type)
    return None


def _fits(root: Root, role: str, held: Metadata[Snapshot] | Metadata[Timestamp]) -> bool:
    try:
        root.verify_delegate(role, held.signed_bytes, held.signatures)
    except UnsignedMetadataError:
        return False
    return True
