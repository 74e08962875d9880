"""What units say of their updates, in the transaction in which it arrives."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.entries.entry import CONTROLLER, UNIT, HashedText
from fleet.entries.rollouts import UpdateEnded
from fleet.rollouts.rules.following import fault_of, follow
from fleet.store.events import ControllerEvent
from fleet.store.rollouts import OpenUpdate
from fleet.store.store import Transaction
from protocols.releases.reports import UpdateReport
from protocols.rollouts import UnitUpdateState
from protocols.uplink import CommandResult


class ToldUpdate(NamedTuple):
    """A report that came with a new event, number `seq` of the unit's spool; `summary` is the event's."""

    unit_id: str
    spool_id: int
    seq: int
    report: UpdateReport
    summary: str


class BadUpdate(NamedTuple):
    """A report that is of no update of its unit; `detail` says why."""

    unit_id: str
    detail: str


async def keep_updates(transaction: Transaction, told: Sequence[ToldUpdate], now: datetime) -> list[BadUpdate]:
    """Take the reports in order of their numbers; returns those that are of no update of their unit.

    Reports that come again, late or after the end change nothing.
    """
    if not told:
        return []
    bad: list[BadUpdate] = []
    latest: dict[str, ToldUpdate] = {}
    updates = await transaction.rollouts.lock_updates({one.report.update for one in told})
    for one in sorted(told, key=lambda one: (one.unit_id, one.spool_id, one.seq)):
        there = updates.get(one.report.update)
        fault = fault_of(None if there is None else there.followed, one.unit_id)
        if fault is not None or there is None:
            bad.append(BadUpdate(one.unit_id, fault or ""))
            continue
        state = follow(there.followed, one.report, one.spool_id, one.seq)
        if state is None:
            continue
        followed = there.followed._replace(state=state, spool_id=one.spool_id, seq=one.seq)
        updates[one.report.update] = there._replace(followed=followed)
        latest[one.report.update] = one
    for update, one in sorted(latest.items()):
        await _enter(transaction, updates[update], one, now)
    return bad


async def _enter(transaction: Transaction, update: OpenUpdate, last: ToldUpdate, now: datetime) -> None:
    """Enter how far an update is by the last report of it that counts."""
    state = update.followed.state
    await transaction.rollouts.report(last.report, state, last.spool_id, last.seq, UNIT, now)
    transaction.changed.rollouts = True
    why = last.report.reason or last.summary
    await enter_end(transaction, update.rollout_id, last.unit_id, update.update_id, state, why, UNIT, now)


async def keep_results(transaction: Transaction, results: Sequence[tuple[str, CommandResult]]) -> None:
    """Have rollouts looked at whose orders units have answered."""
    answered = [result.command_id for _, result in results]
    if answered and await transaction.rollouts.has_orders(answered):
        transaction.changed.rollouts = True


async def enter_end(
    transaction: Transaction,
    rollout_id: str,
    unit_id: str,
    update_id: str,
    state: UnitUpdateState,
    why: str,
    by: str,
    now: datetime,
) -> None:
    """Write the entry of an update that ended, with an alarm where it failed; nothing for one that goes on or was left
    out."""
    if state not in ("done", "failed", "rolled-back", "refused"):
        return
    await transaction.log.append(
        UpdateEnded(
            at=now,
            actor=by,
            unit=unit_id,
            rollout=rollout_id,
            update=update_id,
            state=state,
            reason=HashedText(why) if why and state != "done" else None,
        )
    )
    transaction.changed.units.add(unit_id)
    if state != "failed":
        return
    told = "has not ended as it should" if by == CONTROLLER else "has failed"
    event = ControllerEvent(
        unit_id=unit_id,
        kind="update-failed",
        severity="alarm",
        summary=f"the unit's update {told}, nobody knows what it runs: see to it (fleet rollout units {rollout_id})",
        repeat_key=f"update-failed:{update_id}",
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
