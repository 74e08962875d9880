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


CANARY = "canary"
"""The holder of a certificate that only shows whether a broker has read the list."""


class OtherRevocation(msgspec.Struct, frozen=True, kw_only=True):
    """A revoked certificate that is no unit's: `serial` in lower-case hexadecimal, `holder` whose it was."""

    serial: str
    holder: str
    not_after: datetime


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

    async def lock_list(self) -> None:
        """Let only one transaction at a time make a revocation list, so that a later number never says less."""
        await self._connection.execute(_SQL["lock_list"])

    async def revoked(self, ended_before: datetime) -> dict[str, datetime]:
        """The serials that belong on the list, with the time of revocation: all certificates of revoked units and
        others that were revoked, but those that ended before `ended_before`."""
        records = await self._connection.fetch(_SQL["revoked"], ended_before)
        return {record["serial"]: record["revoked_at"] for record in records}

    async def to_cut_off(self, limit: int) -> list[str]:
        """At most `limit` revoked units whose session may still live, longest revoked first."""
        return [record["unit_id"] for record in await self._connection.fetch(_SQL["to_cut_off"], limit)]

    async def take_to_cut_off(self, unit_id: str) -> bool:
        """Lock the unit; False when another controller has it, or it is cut off already."""
        return await self._connection.fetchval(_SQL["take_to_cut_off"], unit_id) is not None

    async def set_cut_off(self, unit_id: str, now: datetime) -> None:
        """Enter that the unit's session was closed and a new one refused; its will is not listened to."""
        await self._connection.execute(_SQL["set_cut_off"], unit_id, now)

    async def cut_off_again(self, unit_ids: list[str], cut_off_before: datetime) -> bool:
        """Let those of `unit_ids` that are revoked and were cut off before be cut off anew; True when there are any."""
        return bool(await self._connection.fetch(_SQL["cut_off_again"], unit_ids, cut_off_before))

    async def next_number(self) -> int:
        """The number of the next revocation list."""
        number: int = await self._connection.fetchval(_SQL["next_number"])
        return number

    async def add_other(self, other: OtherRevocation, now: datetime) -> None:
        """Put a certificate that is no unit's on the list."""
        await self._connection.execute(_SQL["add_other"], other.serial, other.holder, now, other.not_after)

    async def erase_canaries(self, ended_before: datetime) -> None:
        """Forget canaries that ended before `ended_before`."""
        await self._connection.execute(_SQL["erase_canaries"], CANARY, ended_before)
