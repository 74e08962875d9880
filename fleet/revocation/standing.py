"""A unit's standing: active, quarantined (reports, opens nothing, renews nothing), revoked (never comes back)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import (
    CommandFinished,
    JoinTurnedAway,
    UnitQuarantined,
    UnitReleased,
    UnitRevoked,
    VoucherWithdrawn,
)
from fleet.errors import Conflict, NotFound
from fleet.store.events import ControllerEvent
from fleet.store.revocation import LockedUnit
from fleet.store.store import Store, Transaction
from protocols.api.units import QuarantineCause, Standing

CLOCK_MARGIN = timedelta(days=1)
"""A certificate stays on the list so long after its end, for brokers whose clock is slow."""

_REVOKED = "the unit was revoked"


async def quarantine_unit(
    transaction: Transaction,
    unit_id: str,
    cause: QuarantineCause,
    certificates: Sequence[str],
    reason: str,
    actor: str,
    now: datetime,
) -> bool:
    """Quarantine an active unit in the open transaction, with its log entry and an alarm event.

    `certificates` are the serials that show why, `reason` one line for a person, `actor` a person id or CONTROLLER.
    False, with nothing done, when the unit is quarantined or revoked already; raises NotFound. The unit's row is
    locked until the transaction ends.
    """
    unit = await _locked(transaction, unit_id)
    if unit.state != "active":
        return False
    await transaction.revocation.set_standing(unit_id, "quarantined", cause, actor, now)
    await transaction.log.append(
        UnitQuarantined(
            at=now,
            actor=actor,
            unit=unit_id,
            cause=cause,
            certificates=list(certificates),
            reason=HashedText(reason),
        )
    )
    summary = f"quarantined ({cause}, by {actor}): {reason}"[:200]
    event = ControllerEvent(unit_id=unit_id, kind="unit-quarantined", severity="alarm", summary=summary)
    await transaction.events.add(event, now)
    transaction.changed.units.add(unit_id)
    transaction.changed.events = True
    return True


class UnitStanding:
    """What people say of a unit's standing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def revoke(self, unit_id: str, reason: str, actor: str) -> Standing:
        """End the unit's life in the fleet: its certificates, commands, voucher and waiting rejoin.

        Closing its session is the revoker's work, which is told at commit. Raises NotFound, or Conflict when it is
        revoked already.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            # In the order in which a person's decision on a join takes its locks: request, then unit.
            await self._close_doors(transaction, unit_id, actor, now)
            unit = await _locked(transaction, unit_id)
            if unit.state == "revoked":
                raise _final(unit_id, unit)
            await transaction.revocation.set_standing(unit_id, "revoked", "by-person", actor, now)
            serials = await transaction.revocation.revoke_certificates(unit_id, now, now - CLOCK_MARGIN)
            await transaction.log.append(
                UnitRevoked(at=now, actor=actor, unit=unit_id, reason=HashedText(reason), certificates=serials)
            )
            for command_id in await transaction.revocation.end_commands(unit_id, "refused", _REVOKED, now):
                await transaction.log.append(
                    CommandFinished(at=now, actor=actor, unit=unit_id, command=command_id, state="refused")
                )
            transaction.changed.revocations = True
            return await _changed(transaction, unit_id)

    async def quarantine(self, unit_id: str, reason: str, actor: str) -> Standing:
        """Let the unit report and open nothing; raises NotFound, or Conflict unless it is active."""
        async with self._store.transaction() as transaction:
            if not await quarantine_unit(transaction, unit_id, "by-person", [], reason, actor, self._clock()):
                unit = await _locked(transaction, unit_id)
                if unit.state == "revoked":
                    raise _final(unit_id, unit)
                raise Conflict(
                    "unit-quarantined",
                    f"{unit_id} is quarantined already, by {unit.changed_by or 'the controller'}",
                    "look at why; then a supervisor releases it, or it is revoked",
                )
            return await _changed(transaction, unit_id)

    async def release(self, unit_id: str, reason: str, actor: str) -> Standing:
        """End the unit's quarantine; raises NotFound, or Conflict unless it is quarantined."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            unit = await _locked(transaction, unit_id)
            if unit.state == "revoked":
                raise _final(unit_id, unit)
            if unit.state == "active":
                raise Conflict("unit-active", f"{unit_id} is not quarantined", "there is nothing to release")
            await transaction.revocation.set_standing(unit_id, "active", "", actor, now)
            await transaction.log.append(UnitReleased(at=now, actor=actor, unit=unit_id, reason=HashedText(reason)))
            return await _changed(transaction, unit_id)

    async def _close_doors(self, transaction: Transaction, unit_id: str, actor: str, now: datetime) -> None:
        for voucher_id in await transaction.revocation.withdraw_vouchers(unit_id, now):
            await transaction.log.append(VoucherWithdrawn(at=now, actor=actor, unit=unit_id, voucher=voucher_id))
        for join in await transaction.revocation.turn_away_rejoins(unit_id, actor, _REVOKED, now):
            await transaction.log.append(
                JoinTurnedAway(
                    at=now,
                    actor=actor,
                    unit=unit_id,
                    join=join.join_id,
                    fingerprint=join.fingerprint,
                    reason=HashedText(_REVOKED),
                )
            )
            transaction.changed.joins = True


async def _locked(transaction: Transaction, unit_id: str) -> LockedUnit:
    unit = await transaction.revocation.lock_unit(unit_id)
    if unit is None:
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
    return unit


async def _changed(transaction: Transaction, unit_id: str) -> Standing:
    transaction.changed.units.add(unit_id)
    standing = await transaction.revocation.standing(unit_id)
    assert standing is not None, "the unit is locked"
    return standing


def _final(unit_id: str, unit: LockedUnit) -> Conflict:
    return Conflict(
        "unit-revoked",
        f"{unit_id} was revoked by {unit.changed_by or 'the controller'}, which is final",
        "if the device is to be used again, erase it and let it join with a new voucher and a new key",
    )
