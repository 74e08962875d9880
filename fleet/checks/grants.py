"""Granting a lease: entry and row in one transaction, then the receipt, then what the unit is sent."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.checks.permits import Check, Permit, permit
from fleet.checks.refusals import NOT_CARRIED
from fleet.clock import Clock
from fleet.entries.access import LeaseGranted
from fleet.errors import Conflict
from fleet.log.receipts import LoggedEntry
from fleet.mandates.standing import Obstacle
from fleet.store.checks import CARRIED, NewOpening
from fleet.store.store import Store, Transaction
from protocols.lease import LEASE_PREFIX, MAX_CARRIED_LEASE_S, MAX_LEASE_S, Lease, LoggedLease, lease_hash
from protocols.opening import GrantLease, MediaOffer
from protocols.signed_text import SignedText, sign_text


class Receipts(Protocol):
    """Where receipts come from, see `fleet.log.receipts`."""

    async def receipt(self, entry_id: int) -> LoggedEntry:
        """The receipt of a committed entry; raises NotLoggedYet, StoreUnavailable."""


class Answer(NamedTuple):
    """The nonce that a lease answers, and the boot it was made on; `carried`: a laptop brings the lease."""

    nonce: str
    boot_id: str
    carried: bool = False


class Granted(NamedTuple):
    """A lease that is in the log, at `leaf_index`."""

    body: GrantLease
    permit: Permit
    leaf_index: int
    expires_at: datetime


class _Entered(NamedTuple):
    lease: SignedText
    permit: Permit
    entry_id: int
    expires_at: datetime


class Grants:
    """Grants leases in the name of one controller, the `controller` of the rows it writes; `key` signs them."""

    def __init__(self, store: Store, clock: Clock, receipts: Receipts, key: Ed25519PrivateKey, controller: str) -> None:
        self._store = store
        self._clock = clock
        self._receipts = receipts
        self._key = key
        self._controller = controller

    async def grant(
        self, check: Check, answer: Answer, offer: MediaOffer | None = None, *, first: bool, worth_s: int = 1
    ) -> Granted | Obstacle:
        """A lease, which the log holds when this returns, or the obstacle. One of less than `worth_s` is not granted:
        the obstacle is what makes it so short.

        Raises NotLoggedYet, StoreUnavailable, and Conflict when a `first` lease is of an opening begun before.
        """
        async with self._store.transaction() as transaction:
            entered = await self._enter(transaction, check, answer, first=first, worth_s=worth_s)
        if isinstance(entered, Obstacle):
            return entered
        logged = await self._receipts.receipt(entered.entry_id)
        body = GrantLease(
            mandate=entered.permit.standing.signed,
            logged=LoggedLease(lease=entered.lease, leaf=logged.leaf.decode(), receipt=logged.receipt),
            offer=offer,
        )
        return Granted(body, entered.permit, logged.index, entered.expires_at)

    async def _enter(
        self, transaction: Transaction, check: Check, answer: Answer, *, first: bool, worth_s: int
    ) -> _Entered | Obstacle:
        now = self._clock()
        longest_s = MAX_CARRIED_LEASE_S if answer.carried else MAX_LEASE_S
        allowed = await permit(transaction, check, now, longest_s, first=first)
        if isinstance(allowed, Obstacle):
            return allowed
        if answer.carried and ("position" in check.modalities or allowed.standing.mandate.kind == "bench"):
            return NOT_CARRIED
        if allowed.beyond is not None and allowed.lasts_s < worth_s:
            return allowed.beyond
        granted_at_ms = int(now.timestamp() * 1000)
        granted_at = datetime.fromtimestamp(granted_at_ms / 1000, UTC)
        lease = self._lease(check, answer, allowed.lasts_s, granted_at_ms)
        expires_at = granted_at + timedelta(seconds=allowed.lasts_s)
        if not first and not await transaction.checks.lease_until(check.opening, expires_at):
            return Obstacle("lease-ended", f"{check.opening} has ended", "begin another check")
        entry_id = await transaction.log.append(
            LeaseGranted(
                at=granted_at,
                actor=check.person_id,
                unit=check.unit_id,
                authority=allowed.standing.authority,
                opening=check.opening,
                mandate=check.mandate_id,
                modalities=check.modalities,
                nonce=answer.nonce,
                expires_at=expires_at,
                lease_sha256=lease_hash(lease.signed),
                carried=answer.carried,
            )
        )
        if first:
            row = _row(check, CARRIED if answer.carried else self._controller, entry_id, expires_at)
            if not await transaction.checks.add(row):
                raise Conflict("opening-known", f"{check.opening} was begun before", "begin another check")
        transaction.changed.units.add(check.unit_id)
        return _Entered(lease, allowed, entry_id, expires_at)

    def _lease(self, check: Check, answer: Answer, lasts_s: int, granted_at_ms: int) -> SignedText:
        lease = Lease(
            v=1,
            opening=check.opening,
            unit=check.unit_id,
            boot_id=answer.boot_id,
            nonce=answer.nonce,
            mandate=check.mandate_id,
            modalities=check.modalities,
            person=check.person_id,
            granted_at_ms=granted_at_ms,
            lasts_s=lasts_s,
            carried=answer.carried,
        )
        return sign_text(LEASE_PREFIX, lease.text().encode(), self._key)


def _row(check: Check, controller: str, entry_id: int, leased_until: datetime) -> NewOpening:
    return NewOpening(
        opening=check.opening,
        unit_id=check.unit_id,
        mandate_id=check.mandate_id,
        modalities=check.modalities,
        person_id=check.person_id,
        controller=controller,
        begun_at=check.begun_at,
        state="opening",
        entry_id=entry_id,
        leased_until=leased_until,
    )
