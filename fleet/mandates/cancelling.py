"""Ending a mandate before its time: its entry, the order to the unit, and word to whatever controller has it open."""

from datetime import datetime, timedelta

from fleet.alarms.taking import event_over
from fleet.clock import Clock
from fleet.commands.desk import write_command
from fleet.entries.access import MandateCancelled, MandateDiscarded
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import EventAcknowledged
from fleet.store.events import ControllerEvent
from fleet.store.store import Transaction
from fleet.store.stored_mandate import StoredMandate
from protocols.commands import CancelMandate
from protocols.uplink import Severity

_AFTER_ITS_END = timedelta(days=1)
"""How long after the mandate's end the order still waits for a unit that is away: then it opens nothing by itself."""


async def cancel_mandate(
    transaction: Transaction, mandate: StoredMandate, reason: str, actor: str, clock: Clock
) -> None:
    """Cancel a recorded mandate, which is locked. Openings under it are closed by whoever hears of the change in
    `transaction.changed.mandates`; the unit closes by itself on the order, whenever it comes."""
    now = clock()
    await transaction.mandates.cancel(mandate.mandate_id, actor, now)
    await transaction.log.append(
        MandateCancelled(
            at=now,
            actor=actor,
            unit=mandate.unit_id,
            authority=mandate.authority,
            mandate=mandate.mandate_id,
            reason=HashedText(reason),
        )
    )
    unit = await transaction.revocation.lock_unit(mandate.unit_id)
    if unit is not None and unit.state != "revoked":
        life = mandate.not_after - now + _AFTER_ITS_END
        order = CancelMandate(mandate=mandate.mandate_id)
        await write_command(transaction, mandate.unit_id, order, actor=actor, clock=clock, life=life)
    summary = f"{actor} has cancelled mandate {mandate.mandate_id}: the unit is to be brought back"
    await tell_of_mandate(transaction, mandate, summary, now, severity="alarm")


async def discard_draft(transaction: Transaction, mandate: StoredMandate, actor: str, now: datetime) -> None:
    """Give up a draft, which is locked."""
    await transaction.mandates.discard(mandate.mandate_id, now)
    await transaction.log.append(
        MandateDiscarded(
            at=now, actor=actor, unit=mandate.unit_id, authority=mandate.authority, mandate=mandate.mandate_id
        )
    )
    await tell_of_mandate(transaction, mandate, f"{actor} has discarded mandate {mandate.mandate_id}", now)


async def end_alarm(transaction: Transaction, mandate: StoredMandate, actor: str, now: datetime) -> None:
    """The kit of a cancelled mandate is back: its alarm is taken with that, if nobody has taken it before."""
    taken = await transaction.events.acknowledge_repeated(_repeat_key(mandate), actor, now)
    if taken is not None:
        event_id, kind = taken
        await transaction.log.append(
            EventAcknowledged(at=now, actor=actor, unit=mandate.unit_id, event=event_id, event_kind=kind)
        )
        await event_over(transaction, event_id, now, actor)


def _repeat_key(mandate: StoredMandate) -> str:
    return f"mandate:{mandate.mandate_id}"


async def tell_of_mandate(
    transaction: Transaction,
    mandate: StoredMandate,
    summary: str,
    now: datetime,
    *,
    severity: Severity = "info",
) -> None:
    """Let consoles and every controller know that something about a mandate has changed."""
    event = ControllerEvent(
        unit_id=mandate.unit_id,
        kind="mandate",
        severity=severity,
        summary=summary,
        repeat_key=_repeat_key(mandate) if severity == "alarm" else None,
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
    transaction.changed.mandates.add(mandate.mandate_id)
    transaction.changed.units.add(mandate.unit_id)
