"""Rollouts as the API shows them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from fleet.errors import NotFound
from fleet.rollouts.carrying_out import plan_of
from fleet.rollouts.rules.deciding import decide
from fleet.rollouts.rules.facts import RolloutNow
from fleet.store.rollouts import StoredRollout
from fleet.store.store import Transaction
from protocols.api.rollouts import RingView, RolloutUnitPage, RolloutUnitRow, RolloutView
from protocols.releases.manifest import Manifest
from protocols.rollouts import Held

_MAX_OF_UNIT = 50
_MAX_REASONS = 5

_manifests = msgspec.json.Decoder(Manifest)


async def rollout_view(transaction: Transaction, rollout_id: str, now: datetime) -> RolloutView:
    """All of a rollout but its units one by one; raises NotFound."""
    rollout = await found(transaction, rollout_id)
    row = await transaction.rollouts.row(rollout_id)
    assert row is not None, "rollouts are never deleted"
    plan = plan_of(rollout)
    rings = await transaction.rollouts.rings(rollout_id)
    units = await transaction.rollouts.units_now(rollout_id, now)
    held = decide(plan, RolloutNow(rollout.state, rings), units, now).held
    put_off = await transaction.rollouts.put_off(rollout_id, now)
    parts = await transaction.rollouts.parts_under_way(rollout_id)
    views = []
    for index, ring in enumerate(rings):
        members = [unit for unit in units if unit.ring == index]
        waiting = [held.get(unit.unit, "") for unit in members if unit.state == "waiting"]
        views.append(
            RingView(
                name=plan.rings[index].name,
                units=len(members),
                states=dict(Counter(unit.state for unit in members)),
                held=dict(Counter(waiting)),
                begun_at=ring.begun_at,
                ended_at=ring.ended_at,
                put_off=put_off.get(index, [])[:_MAX_REASONS] if "again" in waiting else [],
                parts=parts.get(index, []),
            )
        )
    return RolloutView(row=row, plan=plan, content=_manifests.decode(rollout.content), rings=views)


async def unit_page(
    transaction: Transaction, rollout_id: str, ring: str, state: str, offset: int, limit: int, now: datetime
) -> RolloutUnitPage:
    """Units of a rollout, of one ring and in one state (empty: of any, in any); raises NotFound."""
    rollout = await found(transaction, rollout_id)
    total, rows = await transaction.rollouts.unit_rows(rollout_id, ring, state, offset, limit)
    held = await _held(transaction, rollout, now)
    return RolloutUnitPage(total=total, offset=offset, rows=[_with(row, held) for row in rows])


async def updates_of_unit(transaction: Transaction, unit_id: str, now: datetime) -> list[RolloutUnitRow]:
    """A unit's newest updates; raises NotFound."""
    if not await transaction.rollouts.candidates([unit_id]):
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
    rows = await transaction.rollouts.of_unit(unit_id, _MAX_OF_UNIT)
    shown = []
    for row in rows:
        held: Mapping[str, Held] = {}
        if row.state == "waiting":
            held = await _held(transaction, await found(transaction, row.rollout), now)
        shown.append(_with(row, held))
    return shown


async def found(transaction: Transaction, rollout_id: str) -> StoredRollout:
    """The rollout; raises NotFound."""
    rollout = await transaction.rollouts.one(rollout_id)
    if rollout is None:
        raise unknown(rollout_id)
    return rollout


def unknown(rollout_id: str) -> NotFound:
    """What is said of a rollout that there is not."""
    return NotFound("rollout-unknown", f"there is no rollout {rollout_id}", "list them: fleet rollout list")


async def _held(transaction: Transaction, rollout: StoredRollout, now: datetime) -> Mapping[str, Held]:
    """Why the units of a rollout that wait do."""
    rings = await transaction.rollouts.rings(rollout.rollout_id)
    units = await transaction.rollouts.units_now(rollout.rollout_id, now)
    return decide(plan_of(rollout), RolloutNow(rollout.state, rings), units, now).held


def _with(row: RolloutUnitRow, held: Mapping[str, Held]) -> RolloutUnitRow:
    return msgspec.structs.replace(row, held=held.get(row.unit, "")) if row.state == "waiting" else row
