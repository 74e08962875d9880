"""Raising and clearing alarms inside another part's transaction. One open alarm per subject and kind: raising it again
counts on it, clearing what is not open does nothing."""

from datetime import datetime

import msgspec

from fleet.store.store import Transaction
from protocols.alarms import AlarmSeverity, SubjectKind


class NewAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told. `summary` is one line of at most 200 signs, without an address, a place or a subject.

    `lasts`: there is a condition, and `clear_alarm` will be called when it is over; otherwise the alarm closes when it
    is acknowledged. `rule` is the name of the rule, or of the part that raises it (`welfare`, `deadline`).
    `pages`: somebody is paged. `route_to` names the people at level 0 and 1, then supervisors; empty: by the rota of
    `deployment`, of the unit's deployment where the subject is a unit, or of the policy. `deployment` None with a unit
    as subject: that of the unit is entered. `held`: raised, but nobody is paged while `held_until` has not come.
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
    held_until: datetime | None = None


class Raised(msgspec.Struct, frozen=True):
    """The alarm that is open now; `is_new` False: it was, and was counted on."""

    alarm_id: str
    is_new: bool


async def raise_alarm(transaction: Transaction, new: NewAlarm, now: datetime) -> Raised:
    """Raise an alarm, or count on the open one of its subject and kind, which is not cleared any more then; writes the
    entry. Raises StoreUnavailable."""
    raise NotImplementedError


async def clear_alarm(
    transaction: Transaction, subject_kind: SubjectKind, subject: str, kind: str, now: datetime
) -> str | None:
    """The condition is over: the alarm's id, None where none was open or it was cleared before. It closes where
    somebody has acknowledged it; nobody is paged any more either way."""
    raise NotImplementedError
