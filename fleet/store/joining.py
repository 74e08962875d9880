"""Vouchers and join requests."""

from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.joins import JoinView, VoucherView
from protocols.joining import KeyProtection

_SQL = load("joining")


class StoredVoucher(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher without its secret."""

    voucher_id: str
    label: str
    people_version: int
    created_by: str
    expires_at: datetime
    bound_fingerprint: str | None = None
    withdrawn_at: datetime | None = None
    used_at: datetime | None = None


class StoredJoin(msgspec.Struct, frozen=True, kw_only=True):
    """A join request with its voucher's label, maker and people list.

    One without a voucher `rejoins`: it is of that unit, whose label it has, and which comes back with its old key.
    """

    join_id: str
    voucher_id: str | None = None
    rejoins: str | None = None
    fingerprint: str
    public_key_der: bytes
    key_protection: KeyProtection
    model: str
    agent_version: str
    came_from: str
    first_seen_at: datetime
    last_seen_at: datetime
    state: Literal["pending", "accepted", "refused"] = "pending"
    unit_id: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    label: str = ""
    invited_by: str = ""
    people_version: int = 0

    def view(self) -> JoinView:
        """As the API shows it."""
        return JoinView(
            join_id=self.join_id,
            rejoins=self.rejoins,
            label=self.label,
            fingerprint=self.fingerprint,
            key_protection=self.key_protection,
            model=self.model,
            agent_version=self.agent_version,
            came_from=self.came_from,
            invited_by=self.invited_by,
            first_seen_at=self.first_seen_at,
            last_seen_at=self.last_seen_at,
        )


class JoiningStore:
    """Vouchers and join requests within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_voucher(self, voucher: StoredVoucher, secret: bytes, now: datetime) -> None:
        """Keep a voucher by the SHA-256 of its secret."""
        await self._connection.execute(
            _SQL["add_voucher"],
            voucher.voucher_id,
            sha256(secret).digest(),
            voucher.label,
            voucher.people_version,
            voucher.created_by,
            now,
            voucher.expires_at,
        )

    async def voucher_by_secret(self, secret: bytes) -> StoredVoucher | None:
        """The voucher, locked until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["voucher_by_secret"], sha256(secret).digest())
        return None if record is None else StoredVoucher(**record)

    async def bind(self, voucher_id: str, fingerprint: str) -> None:
        """Bind a voucher to the first key that presents it."""
        await self._connection.execute(_SQL["bind"], voucher_id, fingerprint)

    async def mark_used(self, unit_ids: list[str], now: datetime) -> list[tuple[str, str]]:
        """The vouchers of these units can not be presented again: the units have connected with what they got.

        Returns the (unit id, voucher id) of those that were not marked before.
        """
        records = await self._connection.fetch(_SQL["mark_used"], unit_ids, now)
        return sorted((record["unit_id"], record["voucher_id"]) for record in records)

    async def withdraw(self, voucher_id: str, now: datetime) -> bool:
        """Withdraw an unused voucher and lock it until the transaction ends; False when there is none."""
        return await self._connection.fetchval(_SQL["withdraw"], voucher_id, now) is not None

    async def vouchers(self, now: datetime) -> list[VoucherView]:
        """The newest 500 vouchers."""
        return [VoucherView(**record) for record in await self._connection.fetch(_SQL["vouchers"], now)]

    async def lock_door(self) -> None:
        """Let only one transaction at a time add a request or a key, so that the cap holds and a key is one unit's.

        To be taken before a request or a unit is locked.
        """
        await self._connection.execute(_SQL["lock_door"])

    async def count_pending(self) -> int:
        """Requests that wait for a person."""
        count: int = await self._connection.fetchval(_SQL["count_pending"])
        return count

    async def pending(self) -> list[StoredJoin]:
        """Requests that wait for a person, oldest first."""
        return [StoredJoin(**record) for record in await self._connection.fetch(_SQL["pending"])]

    async def request(self, join_id: str) -> StoredJoin | None:
        """One request, locked until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["request"], join_id)
        return None if record is None else StoredJoin(**record)

    async def request_of_voucher(self, voucher_id: str) -> StoredJoin | None:
        """The request made with a voucher."""
        record = await self._connection.fetchrow(_SQL["request_of_voucher"], voucher_id)
        return None if record is None else StoredJoin(**record)

    async def lock_request_of_voucher(self, voucher_id: str) -> StoredJoin | None:
        """The request made with a voucher, locked until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["request_of_voucher_locked"], voucher_id)
        return None if record is None else StoredJoin(**record)

    async def add_request(self, request: StoredJoin) -> bool:
        """Keep a new request; False when its key or unit waits already or its voucher has a request."""
        added = await self._connection.fetchval(
            _SQL["add_request"],
            request.join_id,
            request.voucher_id,
            request.rejoins,
            request.fingerprint,
            request.public_key_der,
            request.key_protection,
            request.model,
            request.agent_version,
            request.came_from,
            request.first_seen_at,
        )
        return added is not None

    async def newest_rejoin(self, unit_id: str) -> StoredJoin | None:
        """The last request of a unit that comes back with its old key, locked until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["newest_rejoin"], unit_id)
        return None if record is None else StoredJoin(**record)

    async def seen_again(self, join_id: str, now: datetime) -> None:
        """The unit asked again; the person who decides goes on seeing where it first came from."""
        await self._connection.execute(_SQL["seen_again"], join_id, now)

    async def accept(self, join_id: str, unit_id: str, decided_by: str, now: datetime) -> bool:
        """Record that a person accepted; False when it was decided already or its voucher is withdrawn."""
        decided = await self._connection.fetchval(_SQL["decide"], join_id, "accepted", unit_id, decided_by, now, "")
        return decided is not None

    async def refuse(self, join_id: str, decided_by: str, now: datetime, reason: str) -> bool:
        """Record that a person refused; False when it was decided already."""
        decided = await self._connection.fetchval(_SQL["decide"], join_id, "refused", None, decided_by, now, reason)
        return decided is not None

    async def fingerprint_known(self, fingerprint: str) -> Literal["unit", "waiting"] | None:
        """Whether a unit holds or held this key, or it waits for a person with another voucher."""
        known: Literal["unit", "waiting"] | None = await self._connection.fetchval(
            _SQL["fingerprint_known"], fingerprint
        )
        return known
