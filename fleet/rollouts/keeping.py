"""What units say of their updates, in the transaction in which it arrives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from fleet.entries.entry import CONTROLLER, UNIT, HashedText
from fleet.entries.rollouts import UpdateEnded
from fleet.rollouts.rules.following import MOST_PUT_OFF, again_after, contradiction, fault_of, follow
from fleet.store.events import ControllerEvent
from fleet.store.rollouts import OpenUpdate
from fleet.store.store import Transaction
from protocols.releases.manifest import Manifest
from protocols.releases.reports import UpdateReport
from protocols.rollouts import UnitUpdateState
from protocols.uplink import CommandResult

_manifests = msgspec.json.Decoder(Manifest)


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

    Reports that come again, late or after the end change nothing. A unit that is done by its own word, and runs
    other versions than it was to be brought to, has failed.
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
        put_off = there.followed.put_off + (state == "waiting")
        followed = there.followed._replace(state=state, spool_id=one.spool_id, seq=one.seq, put_off=put_off)
        updates[one.report.update] = there._replace(followed=followed)
        latest[one.report.update] = one
    for update, one in sorted(latest.items()):
        await _enter(transaction, updates[update], one, now)
    return bad


async def _enter(transaction: Transaction, update: OpenUpdate, last: ToldUpdate, now: datetime) -> None:
    """Enter how far an update is by the last report of it that counts."""
    followed, report, said = update.followed, last.report, last.report.reason or last.summary
    wrong = await _contradiction(transaction, update.rollout_id, report) if followed.state == "done" else ""
    if wrong:
        followed, said = followed._replace(state="failed"), wrong
        report = msgspec.structs.replace(report, reason=wrong)
    elif followed.state == "refused" and report.passing:
        said = f"it has refused {MOST_PUT_OFF} times, the last time because: {said}"
        report = msgspec.structs.replace(report, reason=said)
    again_at = now + again_after(followed.put_off) if followed.state == "waiting" else None
    await transaction.rollouts.report(report, followed, again_at, now)
    transaction.changed.rollouts = True
    await enter_end(
        transaction,
        update.rollout_id,
        last.unit_id,
        update.update_id,
        followed.state,
        said,
        UNIT,
        now,
        told="done" if wrong else None,
    )


async def _contradiction(transaction: Transaction, rollout_id: str, report: UpdateReport) -> str:
    """What a unit that is done says against the manifest that its rollout began with; empty: nothing."""
    if not report.versions:
        return ""
    rollout = await transaction.rollouts.one(rollout_id)
    assert rollout is not None, "rollouts are never deleted"
    return contradiction(_manifests.decode(rollout.content), report.versions)


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
    *,
    told: Literal["done"] | None = None,
) -> None:
    """Write the entry of an update that ended, with an alarm where it failed; nothing for one that goes on or was left
    out. `told` is what the unit told, where that is not what came of it."""
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
            told=told,
        )
    )
    transaction.changed.units.add(unit_id)
    if state != "failed":
        return
    how = "update has not ended as it should" if by == CONTROLLER else "update has failed"
    what = "word that its update is done is wrong" if told else f"{how}, nobody knows what it runs"
    event = ControllerEvent(
        unit_id=unit_id,
        kind="update-failed",
        severity="alarm",
        summary=f"the unit's {what}: see to it (fleet rollout units {rollout_id})",
        repeat_key=f"update-failed:{update_id}",
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
