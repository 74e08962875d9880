"""Asking for answers that are due, and telling supervisors of those that are missing."""

from datetime import datetime

from fleet.alarms.raising import NewAlarm, clear_alarm, raise_alarm
from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.welfare import WelfareMissed
from fleet.rounds import go_round
from fleet.store.store import Store, Transaction
from fleet.store.welfare import StoredWelfare
from fleet.welfare.keeping import DUE_KIND, MISSED_KIND, answer
from fleet.welfare.rules import stage
from protocols.people import may

_EVERY_S = 10.0
_MAX_AT_ONCE = 500
RULE = "welfare"


class WelfareWatch:
    """Looks every ten seconds; several controllers tell each thing once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("welfare timers", self.look, _EVERY_S)

    async def look(self) -> int:
        """Do what is due for each timer; returns for how many something was."""
        async with self._store.transaction() as transaction:
            due = await transaction.welfare.due(self._clock(), _MAX_AT_ONCE)
        return sum([await self._look_at(timer.welfare_id) for timer in due])

    async def _look_at(self, welfare_id: str) -> bool:
        now = self._clock()
        async with self._store.transaction() as transaction:
            timer = await transaction.welfare.locked(welfare_id)
            assert timer is not None, "timers are never deleted"
            return await _tell(transaction, timer, now)


async def _tell(transaction: Transaction, timer: StoredWelfare, now: datetime) -> bool:
    """What a locked timer's stage asks for, once; False where it was done."""
    stands = stage(timer, now)
    if stands in ("waiting", "ended"):
        return False
    if await _was_answered(transaction, timer):
        await answer(transaction, timer, "page", now)
        return True
    if stands == "missed" and timer.missed_told_at is None:
        await _tell_missed(transaction, timer, now)
        return True
    if timer.due_told_at is None:
        await _tell_due(transaction, timer, now)
        return True
    return False


async def _was_answered(transaction: Transaction, timer: StoredWelfare) -> bool:
    """Whether the person took the page that asked them, or the one that told supervisors."""
    if timer.due_told_at is None:
        return False
    return await transaction.welfare.page_taken(timer.person_id, [DUE_KIND, MISSED_KIND], timer.due_told_at)


async def _tell_due(transaction: Transaction, timer: StoredWelfare, now: datetime) -> None:
    asked = NewAlarm(
        subject_kind="person",
        subject=timer.person_id,
        kind=DUE_KIND,
        severity="warning",
        summary=f"{timer.person_id}: say that all is well within {timer.grace_min} min",
        rule=RULE,
        deployment=timer.deployment_id,
        route_to=(timer.person_id,),
    )
    await raise_alarm(transaction, asked, now)
    await transaction.welfare.tell_due(timer.welfare_id, now)
    transaction.changed.rotas = True


async def _tell_missed(transaction: Transaction, timer: StoredWelfare, now: datetime) -> None:
    """Supervisors are paged at once, by an alarm of its own: one that somebody has taken already would page nobody. The
    one that asked the person is cleared and not closed, so that the link in its page still answers."""
    await clear_alarm(transaction, "person", timer.person_id, DUE_KIND, now)
    missed = NewAlarm(
        subject_kind="person",
        subject=timer.person_id,
        kind=MISSED_KIND,
        severity="alarm",
        summary=f"{timer.person_id} has not answered since {timer.due_at:%H:%M} UTC: reach them now",
        rule=RULE,
        deployment=timer.deployment_id,
        route_to=await supervisors(transaction, now, but=timer.person_id),
    )
    await raise_alarm(transaction, missed, now)
    await transaction.welfare.tell_missed(timer.welfare_id, now)
    entry = WelfareMissed(
        at=now,
        actor=CONTROLLER,
        deployment=timer.deployment_id,
        welfare=timer.welfare_id,
        person=timer.person_id,
        due_at=timer.due_at,
    )
    await transaction.log.append(entry)
    transaction.changed.rotas = True


async def supervisors(transaction: Transaction, now: datetime, *, but: str | None = None) -> tuple[str, ...]:
    """Those who manage deployments and whose access is in force, by id."""
    people = await transaction.people.every()
    there = (one for one in people if may(one.role, "manage-deployments") and one.may_sign_in(now))
    return tuple(sorted(one.person_id for one in there if one.person_id != but))
