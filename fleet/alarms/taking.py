"""Taking an alarm, in one transaction with its events: from the console, by command, by a link, or with an event."""

from datetime import datetime

from fleet.alarms.raising import clear_this
from fleet.entries.alarms import AlarmAcknowledgedEntry
from fleet.entries.entry import CONTROLLER
from fleet.store.alarms import StoredAlarm
from fleet.store.store import Transaction
from protocols.alarms import AcknowledgedHow, SubjectKind

_EVENTS_NAMED = 200


async def take(
    transaction: Transaction, alarm: StoredAlarm, by: str, how: AcknowledgedHow, now: datetime, *, over: bool = False
) -> None:
    """Acknowledge an alarm that is locked and that nobody has acknowledged, and its events. `over`: what it was about
    is put right, so that it is cleared too."""
    await transaction.alarms.acknowledge(alarm.alarm_id, by, now, how, over=over)
    await transaction.alarm_pages.drop_of(alarm.alarm_id, f"{by} has acknowledged it before it was sent")
    events = await transaction.alarms.acknowledge_events(alarm.alarm_id, by, now)
    await transaction.log.append(
        AlarmAcknowledgedEntry(
            at=now,
            actor=by,
            unit=alarm.unit_id,
            deployment=alarm.deployment_id,
            alarm=alarm.alarm_id,
            alarm_kind=alarm.kind,
            how=how,
            closed=over or alarm.cleared_at is not None or not alarm.lasts,
            events=[event_id for event_id, _ in events[:_EVENTS_NAMED]],
            events_taken=len(events),
        )
    )
    transaction.changed.alarms = True
    if events:
        transaction.changed.events = True
        transaction.changed.units |= {unit for _, unit in events if unit is not None}


async def put_right(
    transaction: Transaction, subject_kind: SubjectKind, subject: str, kind: str, now: datetime, by: str = CONTROLLER
) -> None:
    """What an alarm is about was put right: it is cleared and closed, taken in the name of `by` where nobody has taken
    it. Where none is open, nothing is done."""
    alarm = await transaction.alarms.locked_open(subject_kind, subject, kind)
    if alarm is None:
        return
    if alarm.acknowledged_at is None:
        await take(transaction, alarm, by, "controller", now, over=True)
    elif alarm.cleared_at is None:
        await clear_this(transaction, alarm, now)


async def event_taken(transaction: Transaction, event_id: int, by: str, now: datetime) -> None:
    """A person has taken an event: the alarm that it belongs to is taken with it."""
    alarm = await _open_of(transaction, event_id)
    if alarm is not None and alarm.acknowledged_at is None:
        await take(transaction, alarm, by, "event", now)


async def event_over(transaction: Transaction, event_id: int, now: datetime, by: str = CONTROLLER) -> None:
    """What an event told of was put right, and the event taken for that: with the last of its events the alarm is
    cleared and closed."""
    alarm = await _open_of(transaction, event_id)
    if alarm is None or await transaction.alarms.events_open(alarm.alarm_id):
        return
    if alarm.acknowledged_at is None:
        await take(transaction, alarm, by, "controller", now, over=True)
    elif alarm.cleared_at is None:
        await clear_this(transaction, alarm, now)


async def _open_of(transaction: Transaction, event_id: int) -> StoredAlarm | None:
    alarm_id = await transaction.alarms.alarm_of_event(event_id)
    alarm = None if alarm_id is None else await transaction.alarms.locked(alarm_id)
    return None if alarm is None or alarm.closed_at is not None else alarm
