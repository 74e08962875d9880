"""Starting, answering and ending welfare timers inside another part's transaction, each with its entry."""

import secrets
from datetime import datetime

from fleet.alarms.taking import put_right
from fleet.entries.entry import HashedText
from fleet.entries.welfare import WelfareAnswered, WelfareEnded, WelfareStarted
from fleet.settings import WelfareSettings
from fleet.store.call_outs import StoredCallOut
from fleet.store.store import Transaction
from fleet.store.welfare import Answered, StoredWelfare
from fleet.welfare.rules import first_due
from protocols.api.welfare import WelfareEnd

DUE_KIND = "welfare"
"""The alarm that asks the person; `MISSED_KIND` tells supervisors that there was no answer."""
MISSED_KIND = "welfare-missed"


def new_welfare_id() -> str:
    """A fresh id of a timer."""
    return f"WF-{secrets.token_hex(6)}"


async def begin_with_call_out(
    transaction: Transaction, call_out: StoredCallOut, limits: WelfareSettings, by: str, now: datetime
) -> StoredWelfare | None:
    """Let the timer of a call-out run that was recorded before it is over, in place of one that the person had started
    by hand; None where it is over, or another call-out's runs. Who calls has locked the person."""
    if call_out.returned_at is not None or call_out.withdrawn_at is not None:
        return None
    there = await transaction.welfare.running_of(call_out.person_id)
    if there is not None:
        if there.call_out_id is not None:
            return None
        await end(transaction, there, by, now, "superseded")
    started = StoredWelfare(
        welfare_id=new_welfare_id(),
        person_id=call_out.person_id,
        call_out_id=call_out.call_out_id,
        visit_id=None,
        deployment_id=await transaction.welfare.deployment_named(call_out.reference),
        every_min=limits.every_min,
        grace_min=limits.grace_min,
        started_by=by,
        started_at=now,
        due_at=first_due(now, limits.every_min),
    )
    await begin(transaction, started)
    return started


async def begin(transaction: Transaction, new: StoredWelfare) -> None:
    """Let a timer run; its person has none that does."""
    await transaction.welfare.add(new)
    await transaction.log.append(
        WelfareStarted(
            at=new.started_at,
            actor=new.started_by,
            deployment=new.deployment_id,
            welfare=new.welfare_id,
            person=new.person_id,
            call_out=new.call_out_id,
            visit=new.visit_id,
            every_min=new.every_min,
            due_at=new.due_at,
        )
    )
    transaction.changed.rotas = True


async def end_with_call_out(
    transaction: Transaction, call_out_id: str, by: str, now: datetime, how: WelfareEnd
) -> None:
    """End the timer of a call-out, where one runs."""
    there = await transaction.welfare.of_call_out(call_out_id)
    if there is not None:
        await end(transaction, there, by, now, how)


async def end(
    transaction: Transaction, timer: StoredWelfare, by: str, now: datetime, how: WelfareEnd, reason: str = ""
) -> StoredWelfare:
    """End a timer that is locked and runs; nobody is paged for it any more."""
    ended = await transaction.welfare.end(timer, by, now, how)
    await _put_right(transaction, timer, by, now)
    await transaction.log.append(
        WelfareEnded(
            at=now,
            actor=by,
            deployment=timer.deployment_id,
            welfare=timer.welfare_id,
            person=timer.person_id,
            how=how,
            reason=HashedText(reason) if reason else None,
        )
    )
    transaction.changed.rotas = True
    return ended


async def answer(transaction: Transaction, timer: StoredWelfare, how: Answered, now: datetime) -> StoredWelfare:
    """Keep the answer of a timer's person; it is locked and runs."""
    going_on = await transaction.welfare.answer(timer, now, how)
    await _put_right(transaction, timer, timer.person_id, now)
    await transaction.log.append(
        WelfareAnswered(
            at=now,
            actor=timer.person_id,
            deployment=timer.deployment_id,
            welfare=timer.welfare_id,
            person=timer.person_id,
            due_at=timer.due_at,
            how=how,
        )
    )
    transaction.changed.rotas = True
    return going_on


async def _put_right(transaction: Transaction, timer: StoredWelfare, by: str, now: datetime) -> None:
    told = ((DUE_KIND, timer.due_told_at), (MISSED_KIND, timer.missed_told_at))
    for kind in (kind for kind, at in told if at is not None):
        await put_right(transaction, "person", timer.person_id, kind, now, by)
