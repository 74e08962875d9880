"""The revocation list beside this controller: what is on it, and when it is made anew."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import structlog

from fleet.ca.authority import CertificateAuthority, KeyAndChain
from fleet.ca.errors import AuthorityError
from fleet.ca.files import write_private
from fleet.ca.revocation_list import Revoked, read_lists
from fleet.revocation.errors import ListNotWritten
from fleet.revocation.standing import CLOCK_MARGIN
from fleet.store.revocation import CANARY, OtherRevocation
from fleet.store.store import Store, Transaction

RENEWED_EVERY = timedelta(days=1)
"""A list is good for 30 days, so that a controller may be away for weeks."""
AT_ONCE = 200
"""Units whose sessions are closed in one go."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Canary:
    """A short certificate that came onto the list together with the certificates of `units`, first on list `number`:
    a broker that refuses it knows those too."""

    shown: KeyAndChain = field(repr=False)
    number: int
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Written:
    """What this controller wrote last, and the file's mark when it was last seen to say so (empty: not yet)."""

    at: datetime
    serials: frozenset[str]
    authority_sha256: bytes
    mark: tuple[int, ...]


class RevocationList:
    """Writes the list to `path`, which only this and other controllers write."""

    def __init__(self, store: Store, authority: CertificateAuthority, path: Path) -> None:
        self._store = store
        self._authority = authority
        self._path = path
        self._written: _Written | None = None

    async def refresh(self, now: datetime) -> None:
        """Write the list if it would say something else than the last one, is a day old, or is not there.

        Raises StoreUnavailable, ListNotWritten.
        """
        async with self._store.transaction() as transaction:
            await transaction.revocation.lock_list()
            await self._write(transaction, now, anyway=False)

    async def with_canary(self, now: datetime) -> Canary | None:
        """Write a list with a fresh canary on it; None when no revoked unit waits to be cut off.

        Raises StoreUnavailable, ListNotWritten.
        """
        async with self._store.transaction() as transaction:
            await transaction.revocation.lock_list()
            units = await transaction.revocation.to_cut_off(AT_ONCE)
            if not units:
                return None
            try:
                shown = self._authority.issue_canary(now)
            except AuthorityError as error:
                raise ListNotWritten(self._path, str(error)) from error
            other = OtherRevocation(serial=f"{shown.serial:x}", holder=CANARY, not_after=shown.not_after)
            await transaction.revocation.add_other(other, now)
            number = await self._write(transaction, now, anyway=True)
            # Another controller may be the one beside the broker: it puts this canary on its list too.
            transaction.changed.revocations = True
        return Canary(shown, number, frozenset(units))

    async def _write(self, transaction: Transaction, now: datetime, *, anyway: bool) -> int:
        revoked = await transaction.revocation.revoked(now - CLOCK_MARGIN)
        authority_sha256 = sha256(self._authority.trust_pem).digest()
        if not anyway and self._is_good(frozenset(revoked), authority_sha256, now):
            return 0
        await transaction.revocation.erase_canaries(now - CLOCK_MARGIN)
        number = await transaction.revocation.next_number()
        listed = [Revoked(int(serial, 16), at) for serial, at in revoked.items()]
        try:
            await asyncio.to_thread(self._sign_and_replace, listed, number, now)
        except (OSError, ValueError, AuthorityError) as error:
            raise ListNotWritten(self._path, str(error)) from error
        self._written = _Written(now, frozenset(revoked), authority_sha256, mark=())
        _log.info("the revocation list was written", number=number, certificates=len(listed))
        return number

    def _is_good(self, serials: frozenset[str], authority_sha256: bytes, now: datetime) -> bool:
        written = self._written
        return (
            written is not None
            and written.authority_sha256 == authority_sha256
            and serials <= written.serials
            and now - written.at < RENEWED_EVERY
            and self._still_says(written)
        )

    def _still_says(self, written: _Written) -> bool:
        """Whether the file has all that was written: whoever else writes it may have read it before."""
        try:
            mark = _mark(self._path)
            if mark != written.mark:
                says = {f"{one.serial:x}" for one in read_lists(self._path.read_bytes()).revoked}
                if not written.serials <= says:
                    return False
                self._written = replace(written, mark=mark)
        except (OSError, ValueError) as error:
            _log.warning("the revocation list is made anew", path=str(self._path), detail=str(error))
            return False
        return True

    def _sign_and_replace(self, listed: list[Revoked], number: int, now: datetime) -> None:
        write_private(self._path, self._authority.crl_pem(listed, number, now))


def _mark(path: Path) -> tuple[int, ...]:
    """What changes whenever a file is replaced or written."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
