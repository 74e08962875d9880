"""Raising and clearing alarms inside another part's transaction. One open alarm per subject and kind: raising it again
counts on it, clearing what is not open does nothing."""

import secrets
from datetime import datetime

import msgspec

from fleet.entries.alarms import AlarmCleared, AlarmRaised
from fleet.entries.entry import CONTROLLER
from fleet.store.alarms import StoredAlarm
from fleet.store.store import Transaction
from protocols.alarms import AlarmSeverity, SubjectKind


class NewAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told. `summary` is one line of at most 200 signs, without an address, a place or a subject.

    `lasts`: there is a condition, and `clear_alarm` will be called when it is over; otherwise the alarm closes when it
    is acknowledged. `rule` is the name of the rule, or of the part that raises it (`welfare`, `deadline`).
    `pages`: somebody is paged. `route_to` names the people at level 0, then supervisors; empty: by the rota of
    `deployment`, of the unit's deployment where the subject is a unit, or of the policy. `deployment` None with a unit
    as subject: that of the unit is entered. `in_page` False: the summary does not leave the house, because somebody
    outside wrote it; a page then says the kind only.
    """

    subject_kind: SubjectKind
    subject: str
    kind: str
    severity: AlarmSeverity
    summary: str
    rule: str
    lasts: bool = True
    pages: bool = True
    deployment: str | None = None
    route_to: tuple[str, ...] = ()
    in_page: bool = True


class Raised(msgspec.Struct, frozen=True):
    """The alarm that is open now; `is_new` False: it was, and was counted on."""

    alarm_id: str
    is_new: bool


async def raise_alarm(transaction: Transaction, new: NewAlarm, now: datetime) -> Raised:
    """Raise an alarm, or count on the open one of its subject and kind, which is not cleared any more then; writes the
    entry. Raises StoreUnavailable."""
    transaction.changed.alarms = True
    there = await transaction.alarms.locked_open(new.subject_kind, new.subject, new.kind)
    if there is not None:
        await _count(transaction, there, new, now)
        return Raised(there.alarm_id, is_new=False)
    alarm = StoredAlarm(
        alarm_no=0,
        alarm_id=f"AL-{secrets.token_hex(6)}",
        subject_kind=new.subject_kind,
        subject=new.subject,
        kind=new.kind,
        deployment_id=await _deployment(transaction, new),
        severity=new.severity,
        summary=new.summary[:200],
        in_page=new.in_page,
        rule=new.rule,
        lasts=new.lasts,
        pages=new.pages,
        route_to=list(new.route_to),
        raised_at=now,
        last_at=now,
        count=1,
        paged_from=now,
        level=None,
        cleared_at=None,
        acknowledged_by=None,
        acknowledged_at=None,
        acknowledged_how=None,
        closed_at=None,
    )
    await transaction.alarms.add(alarm)
    await _enter(transaction, alarm, now, again=False)
    return Raised(alarm.alarm_id, is_new=True)


async def clear_alarm(
    transaction: Transaction, subject_kind: SubjectKind, subject: str, kind: str, now: datetime
) -> str | None:
    """The condition is over: the alarm's id, None where none was open or it was cleared before. It closes where
    somebody has acknowledged it; nobody is paged any more either way."""
    there = await transaction.alarms.locked_open(subject_kind, subject, kind)
    if there is None or there.cleared_at is not None:
        return None
    await clear_this(transaction, there, now)
    return there.alarm_id


async def clear_this(transaction: Transaction, alarm: StoredAlarm, now: datetime) -> None:
    """As `clear_alarm`, of an alarm that is locked, open and not cleared."""
    await transaction.alarms.clear(alarm.alarm_id, now)
    await transaction.alarm_pages.drop_of(alarm.alarm_id, "the condition was over before it was sent")
    await transaction.log.append(
        AlarmCleared(
            at=now,
            actor=CONTROLLER,
            unit=alarm.unit_id,
            deployment=alarm.deployment_id,
            alarm=alarm.alarm_id,
            alarm_kind=alarm.kind,
            closed=alarm.acknowledged_at is not None,
        )
    )
    transaction.changed.alarms = True


async def _count(transaction: Transaction, there: StoredAlarm, new: NewAlarm, now: datetime) -> None:
    severity: AlarmSeverity = "alarm" if "alarm" in (there.severity, new.severity) else "warning"
    summary = new.summary[:200] if new.in_page == there.in_page else there.summary
    await transaction.alarms.again(
        there.alarm_id,
        max(now, there.last_at),
        severity,
        summary,
        lasts=there.lasts or new.lasts,
        pages=there.pages or new.pages,
    )
    if there.cleared_at is not None:
        await _enter(transaction, there, now, again=True)


async def _enter(transaction: Transaction, alarm: StoredAlarm, now: datetime, *, again: bool) -> None:
    await transaction.log.append(
        AlarmRaised(
            at=now,
            actor=CONTROLLER,
            unit=alarm.unit_id,
            deployment=alarm.deployment_id,
            alarm=alarm.alarm_id,
            about=alarm.subject_kind,
            alarm_kind=alarm.kind,
            severity=alarm.severity,
            rule=alarm.rule,
            pages=alarm.pages,
            again=again,
            person=alarm.subject if alarm.subject_kind == "person" else None,
            rota=alarm.subject if alarm.subject_kind == "rota" else None,
        )
    )


async def _deployment(transaction: Transaction, new: NewAlarm) -> str | None:
    if new.deployment is not None or new.subject_kind not in ("unit", "deployment"):
        return new.deployment
    if new.subject_kind == "deployment":
        return new.subject
    routes = await transaction.alarm_people.routes_of_units([new.subject])
    return routes[new.subject].deployment_id if new.subject in routes else None
