"""Standings of units, and certificates that are on the revocation list."""

from datetime import datetime
from typing import Literal

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.units import CertificateView, Standing, UnitState

_SQL = load("revocation")


class LockedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's state, which nobody else changes until the transaction ends; `changed_by` is who brought it there."""

    state: UnitState
    changed_by: str | None


class TurnedAway(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that waited to come back with its old key."""

    join_id: str
    fingerprint: str


class RevocationStore:
    """Standing and revocation within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_unit(self, unit_id: str) -> LockedUnit | None:
        """The unit's state, locked until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["lock_unit"], unit_id)
        return None if record is None else LockedUnit(**record)

    async def set_standing(self, unit_id: str, state: UnitState, cause: str, changed_by: str, now: datetime) -> None:
        """Enter the unit's state, why, and who said so."""
        await self._connection.execute(_SQL["set_standing"], unit_id, state, cause, changed_by, now)

    async def standing(self, unit_id: str) -> Standing | None:
        """Why the unit is in its state; None when there is no such unit."""
        record = await self._connection.fetchrow(_SQL["standing"], unit_id)
        return None if record is None else Standing(**record)

    async def certificates(self, unit_id: str) -> list[CertificateView]:
        """The unit's newest 100 certificates, newest first."""
        return [CertificateView(**record) for record in await self._connection.fetch(_SQL["certificates"], unit_id)]

    async def revoke_certificates(self, unit_id: str, now: datetime, ended_before: datetime) -> list[str]:
        """Revoke the unit's certificates but those that ended before `ended_before`; returns the serials."""
        records = await self._connection.fetch(_SQL["revoke_certificates"], unit_id, now, ended_before)
        return sorted(record["serial"] for record in records)

    async def end_commands(
        self, unit_id: str, state: Literal["refused", "expired"], reason: str, now: datetime
    ) -> list[str]:
        """End the unit's open commands; returns their ids."""
        records = await self._connection.fetch(_SQL["end_commands"], unit_id, state, reason, now)
        return sorted(record["command_id"] for record in records)

    async def withdraw_vouchers(self, unit_id: str, now: datetime) -> list[str]:
        """Withdraw the voucher that the unit has joined with and could present again; returns its id in a list."""
        records = await self._connection.fetch(_SQL["withdraw_vouchers"], unit_id, now)
        return sorted(record["voucher_id"] for record in records)

    async def turn_away_rejoins(self, unit_id: str, decided_by: str, reason: str, now: datetime) -> list[TurnedAway]:
        """Refuse the request of a unit that waits to come back with its old key."""
        records = await self._connection.fetch(_SQL["turn_away_rejoins"], unit_id, decided_by, now, reason)
        return [TurnedAway(**record) for record in records]
