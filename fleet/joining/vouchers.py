"""Making and withdrawing vouchers."""

import secrets
from datetime import timedelta

from fleet.ca.authority import CertificateAuthority
from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import VoucherMadeEntry, VoucherWithdrawn
from fleet.errors import Conflict
from fleet.joining.decisions import turn_away
from fleet.store.joining import StoredVoucher
from fleet.store.store import Store
from protocols.api.joins import VoucherMade
from protocols.ids import new_token_id
from protocols.joining import VOUCHER_LIFE_S, Voucher

_WITHDRAWN = "its voucher was withdrawn"


class Vouchers:
    """Vouchers of one fleet, which name the root of `authority` and the door at `url`."""

    def __init__(self, store: Store, clock: Clock, *, authority: CertificateAuthority, url: str) -> None:
        self._store = store
        self._clock = clock
        self._authority = authority
        self._url = url

    async def make(self, label: str, person_id: str) -> VoucherMade:
        """A new voucher, good for 24 hours; its text exists only in what is returned."""
        now = self._clock()
        secret = secrets.token_bytes(16)
        expires_at = (now + timedelta(seconds=VOUCHER_LIFE_S)).replace(microsecond=0)
        async with self._store.transaction() as transaction:
            people = await transaction.people.newest_anchor()
            assert people is not None, "the person who asks is on a list, and the first list is an anchor"
            voucher = StoredVoucher(
                voucher_id=new_token_id(),
                label=label,
                people_version=people.version,
                created_by=person_id,
                expires_at=expires_at,
            )
            await transaction.joining.add_voucher(voucher, secret, now)
            await transaction.log.append(
                VoucherMadeEntry(
                    at=now,
                    actor=person_id,
                    voucher=voucher.voucher_id,
                    label=HashedText(label),
                    expires_at=expires_at,
                )
            )
        text = Voucher(
            secret=secret,
            ca_sha256=self._authority.ca_sha256,
            people_sha256=people.sha256,
            expires_at_s=int(expires_at.timestamp()),
            url=self._url,
        ).text()
        return VoucherMade(voucher_id=voucher.voucher_id, text=text, expires_at=expires_at)

    async def withdraw(self, voucher_id: str, person_id: str) -> None:
        """Withdraw a voucher, and refuse the unit that waits with it, if one does.

        Raises Conflict when the voucher is unknown or withdrawn already, or its unit was accepted.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            withdrawn = await transaction.joining.withdraw(voucher_id, now)
            join = await transaction.joining.lock_request_of_voucher(voucher_id)
            if join is not None and join.state == "accepted":
                raise Conflict(
                    "voucher-accepted",
                    f"{join.decided_by} has accepted the unit that came with this voucher",
                    f"revoke the unit {join.unit_id} instead",
                )
            if not withdrawn:
                raise Conflict("voucher-gone", "there is no such voucher that could still be used", "list them again")
            await transaction.log.append(VoucherWithdrawn(at=now, actor=person_id, voucher=voucher_id))
            if join is not None and join.state == "pending":
                await turn_away(transaction, join, _WITHDRAWN, person_id, now)
            transaction.changed.joins = True
