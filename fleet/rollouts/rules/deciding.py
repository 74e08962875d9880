"""What a rollout does next. Pure: the same facts give the same decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fleet.rollouts.rules.accounts import Account, account
from fleet.rollouts.rules.facts import Decision, RolloutNow
from fleet.rollouts.rules.schedule import is_time
from fleet.store.rollout_facts import Move, RingNow, UnitNow
from protocols.rollouts import UNIT_ENDED, UNIT_UNDER_WAY, Held, RolloutPlan, RolloutState

MAX_TELLINGS = 5
"""A unit that was told so often, with a session each time, and never answered has failed †."""

ORDER_LIFE = timedelta(minutes=10)
"""How long an order waits for its unit's answer, and its refusal for the unit's report of it †."""


def decide(
    plan: RolloutPlan, rollout: RolloutNow, units: Sequence[UnitNow], now: datetime, *, barred: str = ""
) -> Decision:
    """The next step: units that end or wait again, rings that begin, whether it stops or is done, and who is told.

    Nobody is told unless it is running, and while it stops in this very step; at most `at_once` are under way after
    it; units that ended stay as they are. `barred` is why nobody may be told any more: it stops for that,
    unless it is done.
    """
    moves: dict[str, Move] = {}
    after: list[UnitNow] = []
    for unit in units:
        move = _move(plan, rollout.state, unit, now)
        if move is not None:
            moves[unit.unit] = move
        after.append(unit if move is None else unit._replace(state=move.state))
    rings, state, reason = rollout.rings, rollout.state, ""
    if state == "running":
        stepped = _step_rings(plan, rollout.rings, after, now)
        rings, reason = stepped.rings, stepped.stops
        if reason:
            state = "stopped"
        elif all(unit.state in UNIT_ENDED for unit in after):
            state = "done"
    if state == "running" and barred:
        state, reason = "stopped", barred
    held = {unit.unit: _held(plan, state, rings, unit, now) for unit in after if unit.state == "waiting"}
    room = max(0, plan.at_once - sum(unit.state in UNIT_UNDER_WAY for unit in after))
    free = sorted((unit.ring, unit.turn, unit.unit) for unit in after if held.get(unit.unit) == "")
    for _, _, unit_id in free[room:]:
        held[unit_id] = "turn"
    return Decision(state, reason, rings, moves, [unit_id for _, _, unit_id in free[:room]], held)


def _move(plan: RolloutPlan, state: RolloutState, unit: UnitNow, now: datetime) -> Move | None:
    """What becomes of a unit by time, by its order's end, or by its standing; None: nothing does."""
    if unit.state in UNIT_ENDED:
        return None
    if unit.state == "waiting":
        return _move_waiting(state, unit)
    if unit.standing == "revoked":
        return Move("left-out", "it was revoked")
    if unit.told_at is not None and now - unit.told_at > timedelta(seconds=plan.limit_s):
        return Move("failed", f"it has not ended within {plan.limit_s} s")
    return _move_told(state, unit, now) if unit.state == "told" else None


def _move_waiting(state: RolloutState, unit: UnitNow) -> Move | None:
    if state == "cancelled":
        return Move("left-out", "cancelled before it was told")
    if unit.standing != "active":
        return Move("left-out", f"it was {unit.standing}")
    if unit.tellings - unit.put_off >= MAX_TELLINGS:
        return Move("failed", f"it was told {unit.tellings} times and did not begin")
    return None


def _move_told(state: RolloutState, unit: UnitNow, now: datetime) -> Move | None:
    """By the end of its order. Why a unit refuses, its report says; an order that is refused without one, because the
    unit has too many or it came late, is as good as one that was not answered."""
    match unit.order:
        case "done":
            return Move("working")
        case "failed":
            return Move("failed", unit.order_reason)
        case "refused" if unit.told_at is not None and now - unit.told_at <= ORDER_LIFE:
            return None
        case "refused" | "expired":
            return _move_waiting(state, unit) or Move("waiting", unit.order_reason)
    return None


class _Stepped(NamedTuple):
    rings: tuple[RingNow, ...]
    stops: str


def _step_rings(plan: RolloutPlan, rings: Sequence[RingNow], units: Sequence[UnitNow], now: datetime) -> _Stepped:
    """Each ring as it is now, and why the rollout stops; empty: it does not."""
    states: list[list[UnitNow]] = [[] for _ in rings]
    for unit in units:
        states[unit.ring].append(unit)
    stepped = list(rings)
    for index, ring in enumerate(rings):
        begun = ring if ring.begun_at is not None else ring._replace(begun_at=now)
        counted = account((unit.state for unit in states[index]), begun.forgiven)
        wanted = plan.rings[index]
        if begun.reached_at is None and counted.enough_done(wanted):
            begun = begun._replace(reached_at=now)
        if begun.ended_at is None and not counted.open:
            begun = begun._replace(ended_at=now)
        stepped[index] = begun
        why = _why_stop(plan, index, begun, counted)
        if why:
            return _Stepped(tuple(stepped), why)
        if begun.reached_at is None or now - begun.reached_at < timedelta(seconds=wanted.wait_s):
            break
    return _Stepped(tuple(stepped), "")


def _why_stop(plan: RolloutPlan, index: int, ring: RingNow, counted: Account) -> str:
    wanted = plan.rings[index]
    if counted.too_many_bad(plan):
        return (
            f"{counted.bad} of {counted.ended} units that ended in ring {wanted.name} are bad, "
            f"more than {plan.stop_bad_percent:g} %"
        )
    if ring.reached_at is None and not counted.open:
        return (
            f"ring {wanted.name} has ended with {counted.done} of {counted.ended} units done, "
            f"fewer than {wanted.success_percent:g} %"
        )
    return ""


def _held(plan: RolloutPlan, state: RolloutState, rings: Sequence[RingNow], unit: UnitNow, now: datetime) -> Held:
    """Why a unit that waits is not told now, whoever else is; empty: it may be."""
    if state != "running":
        return "paused"
    if rings[unit.ring].begun_at is None:
        return "ring"
    if not is_time(plan, now):
        return "schedule"
    if unit.again_at is not None and now < unit.again_at:
        return "again"
    if unit.checked:
        return "check"
    if unit.deployed and not plan.deployed:
        return "deployment"
    return "" if unit.connected else "away"
