"""What units in good standing ask of the repository over mutual TLS: metadata, and pieces of files."""

import re
from typing import NamedTuple

from cryptography import x509

from fleet.clock import Clock
from fleet.joining.refusals import Asker, refuse
from fleet.renewal.renewals import recognise
from fleet.store.releases import MetadataRole
from fleet.store.store import Store, Transaction
from protocols.api.releases import MAX_PIECE_BYTES
from protocols.joining import JoinRefusal, RefusalCode

_METADATA = re.compile(r"(?:([1-9][0-9]{0,8})\.(root|targets|snapshot)|(timestamp|root))\.json")
_ROLES: dict[str, MetadataRole] = {
    "root": "root",
    "targets": "targets",
    "snapshot": "snapshot",
    "timestamp": "timestamp",
}
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")
_TARGET = re.compile(r"(?:[a-z0-9][a-z0-9._-]{0,63}/){0,3}([0-9a-f]{64})\.[a-z0-9][a-z0-9._-]{0,63}")


class Part(NamedTuple):
    """Bytes of a file of `total` from `offset`."""

    content: bytes
    offset: int
    total: int


class UnitReleases:
    """Every method raises StoreUnavailable; a refusal is recorded."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def metadata(self, shown: x509.Certificate | None, name: str, came_from: str) -> bytes | JoinRefusal | None:
        """The metadata file `name` as TUF names it, also `root.json` for the newest; None when there is none."""
        found = _METADATA.fullmatch(name)
        async with self._store.transaction() as transaction:
            refusal = await self._refused(transaction, shown, came_from)
            if refusal is not None or found is None:
                return refusal
            if found[1] is not None:
                return await transaction.releases.metadata(_ROLES[found[2]], int(found[1]))
            stored = await transaction.releases.newest(_ROLES[found[3]])
            return None if stored is None else stored.content

    async def target(
        self, shown: x509.Certificate | None, path: str, asked: str, came_from: str
    ) -> Part | JoinRefusal | None:
        """A piece of a file, at most MAX_PIECE_BYTES of it; None when there is none, or the file ends before it.

        `path` is a target's with the file's SHA-256 before its last part, as TUF has it for consistent snapshots;
        `asked` is the Range header, none of it: from the beginning.
        """
        found = _TARGET.fullmatch(path)
        offset, end = _range(asked)
        async with self._store.transaction() as transaction:
            refusal = await self._refused(transaction, shown, came_from)
            if refusal is not None or found is None:
                return refusal
            lengths = await transaction.releases.lengths([found[1]])
            if not lengths:
                return None
            total = lengths[found[1]]
            wanted = min(MAX_PIECE_BYTES, total - offset, MAX_PIECE_BYTES if end is None else end - offset + 1)
            if wanted < 1:
                return None
            content = await transaction.releases.part(found[1], offset, wanted)
            assert content is not None, "a file that is kept is all there"
            return Part(content, offset, total)

    async def _refused(
        self, transaction: Transaction, shown: x509.Certificate | None, came_from: str
    ) -> JoinRefusal | None:
        now = self._clock()
        found = await recognise(transaction, shown)
        code: RefusalCode | None = None
        if found is None:
            code = "certificate-unknown"
        elif found.state == "revoked" or found.certificate.revoked_at is not None:
            code = "unit-revoked"
        elif found.state == "quarantined":
            code = "unit-quarantined"
        elif found.certificate.not_after <= now:
            code = "certificate-ended"
        if code is None:
            return None
        asker = Asker(
            unit_id=found.certificate.unit_id if found else None,
            fingerprint=found.certificate.fingerprint if found else None,
            came_from=came_from,
        )
        return await refuse(transaction, code, asker, now)


def _range(asked: str) -> tuple[int, int | None]:
    """First and last byte of a Range header of one range; a header of another form is passed over, as HTTP has it."""
    found = _RANGE.fullmatch(asked)
    if found is None:
        return 0, None
    return int(found[1]), int(found[2]) if found[2] else None
