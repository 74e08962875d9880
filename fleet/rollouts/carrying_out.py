"""Doing what was decided of a rollout, in one transaction: states, orders, entries and alarms."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from fleet.clock import Clock
from fleet.commands.desk import write_command
from fleet.entries.entry import CONTROLLER
from fleet.entries.rollouts import RolloutDone, RolloutStopped, UpdateTold
from fleet.rollouts.keeping import enter_end
from fleet.rollouts.rules.deciding import ORDER_LIFE
from fleet.rollouts.rules.facts import Decision
from fleet.store.events import ControllerEvent
from fleet.store.rollout_facts import RingNow, UnitNow
from fleet.store.rollouts import StoredRollout
from fleet.store.store import Transaction
from protocols.commands import UpdateUnit
from protocols.releases.permit import SignedPermit
from protocols.rollouts import UNIT_BAD, RolloutPlan

STOPPED = "rollout-stopped"
"""The kind of the alarm that a rollout has stopped by itself."""
AT_A_TIME = 100
"""Units that one transaction tells."""

_plans = msgspec.json.Decoder(RolloutPlan)
_permits = msgspec.json.Decoder(list[SignedPermit])


def plan_of(rollout: StoredRollout) -> RolloutPlan:
    """The plan that a rollout began with."""
    return _plans.decode(rollout.plan)


async def carry_out(
    transaction: Transaction,
    rollout: StoredRollout,
    rings: Sequence[RingNow],
    units: Sequence[UnitNow],
    decided: Decision,
    clock: Clock,
) -> int:
    """Do what was decided of a rollout that is locked; returns how much was. `rings` and `units` are what the decision
    was made from; a unit that has moved on meanwhile is left as it is."""
    now, to_tell = clock(), decided.tell[:AT_A_TIME]
    await transaction.rollouts.lock_units(rollout.rollout_id, {*decided.moves, *to_tell})
    moved = await _move(transaction, rollout, units, decided, now)
    told = await _tell(transaction, rollout, to_tell, now, clock)
    changed = {index: ring for index, ring in enumerate(decided.rings) if ring != rings[index]}
    await transaction.rollouts.set_rings(rollout.rollout_id, changed)
    is_over = decided.state != rollout.state
    if is_over:
        await _end(transaction, rollout, units, decided, now)
    done = moved + told + len(changed) + is_over
    transaction.changed.rollouts |= bool(done)
    return done


async def _move(
    transaction: Transaction, rollout: StoredRollout, units: Sequence[UnitNow], decided: Decision, now: datetime
) -> int:
    if not decided.moves:
        return 0
    before = {unit.unit: unit.state for unit in units}
    moved = await transaction.rollouts.move(rollout.rollout_id, decided.moves, before, now)
    for unit_id, update_id in sorted(moved.items()):
        state, why = decided.moves[unit_id]
        await enter_end(transaction, rollout.rollout_id, unit_id, update_id, state, why, CONTROLLER, now)
    return len(moved)


async def _tell(
    transaction: Transaction, rollout: StoredRollout, unit_ids: Sequence[str], now: datetime, clock: Clock
) -> int:
    if not unit_ids:
        return 0
    plan, permits = plan_of(rollout), _permits.decode(rollout.permits)
    life = min(ORDER_LIFE, timedelta(seconds=plan.limit_s))
    orders: dict[str, str] = {}
    for unit_id, update_id, tellings in await transaction.rollouts.waiting(rollout.rollout_id, unit_ids):
        order = UpdateUnit(update=update_id, manifest=rollout.manifest, permits=permits)
        command = await write_command(transaction, unit_id, order, actor=CONTROLLER, clock=clock, life=life)
        orders[unit_id] = command
        await transaction.log.append(
            UpdateTold(
                at=now,
                actor=CONTROLLER,
                unit=unit_id,
                rollout=rollout.rollout_id,
                update=update_id,
                command=command,
                telling=tellings + 1,
            )
        )
    await transaction.rollouts.tell(rollout.rollout_id, orders, now)
    return len(orders)


async def _end(
    transaction: Transaction, rollout: StoredRollout, units: Sequence[UnitNow], decided: Decision, now: datetime
) -> None:
    """It has stopped by itself, or is done."""
    await transaction.rollouts.set_state(rollout.rollout_id, decided.state, decided.reason, CONTROLLER, now)
    states = Counter(decided.moves[unit.unit].state if unit.unit in decided.moves else unit.state for unit in units)
    bad = sum(states[state] for state in UNIT_BAD)
    if decided.state == "done":
        await transaction.log.append(
            RolloutDone(
                at=now,
                actor=CONTROLLER,
                rollout=rollout.rollout_id,
                done=states["done"],
                bad=bad,
                left_out=states["left-out"],
            )
        )
        return
    await transaction.log.append(
        RolloutStopped(at=now, actor=CONTROLLER, rollout=rollout.rollout_id, ended=states["done"] + bad, bad=bad)
    )
    event = ControllerEvent(
        kind=STOPPED,
        severity="alarm",
        summary=f"rollout {rollout.rollout_id} has stopped by itself: {decided.reason}"[:200],
        repeat_key=f"{STOPPED}:{rollout.rollout_id}",
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
