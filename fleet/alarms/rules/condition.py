"""How a rule's condition comes and goes: debounce, hysteresis, one step for each thing seen. Pure.

    clear ─bad→ rising ─held→ raised ─good→ falling ─held→ clear
    rising ─not bad→ clear;  falling ─not good→ raised

Between the limits nothing begins: what is clear stays clear, and what is raised stays raised.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from protocols.alarms import FigureRule, PresenceRule

Condition = Literal["bad", "between", "good"]
Phase = Literal["clear", "rising", "raised", "falling"]
Effect = Literal["raise", "clear"]


class Fact(NamedTuple):
    """What was seen of a rule's condition, at a time by the clock of who saw it."""

    condition: Condition
    at: datetime


class RuleState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a rule stands with a unit. `since` is when its condition was first seen to change, by who saw it, and
    `since_here` by the controller's clock."""

    phase: Phase = "clear"
    since: datetime | None = None
    since_here: datetime | None = None


CLEAR = RuleState()
_RAISED = RuleState(phase="raised")


def step(
    rule: FigureRule | PresenceRule, state: RuleState, fact: Fact | None, now: datetime, *, held_back: bool = False
) -> tuple[RuleState, Effect | None]:
    """What follows from a fact (None: nothing is known, so nothing changes), and whether the alarm is raised or
    cleared by it. `held_back`: a maintenance window keeps it from being raised; what still holds afterwards raises.

    What has to hold, holds by both clocks, so that neither of them can shorten it by being set.
    """
    if fact is None:
        return state, None
    if state.phase in ("clear", "rising"):
        if fact.condition != "bad":
            return CLEAR, None
        state = _begun(state, "rising", fact, now)
        if held_back or not _held(state, fact, now, rule.raise_after_s):
            return state, None
        return _RAISED, "raise"
    if fact.condition != "good":
        return _RAISED, None
    state = _begun(state, "falling", fact, now)
    return (CLEAR, "clear") if _held(state, fact, now, rule.clear_after_s) else (state, None)


def _begun(state: RuleState, phase: Phase, fact: Fact, now: datetime) -> RuleState:
    """The state in `phase`; where a clock was set back, counting begins anew."""
    stays = state.phase == phase and state.since is not None and state.since_here is not None
    if stays and state.since <= fact.at and state.since_here <= now:  # type: ignore[operator] # both are there
        return state
    return RuleState(phase=phase, since=fact.at, since_here=now)


def _held(state: RuleState, fact: Fact, now: datetime, for_s: int) -> bool:
    assert state.since is not None, "a phase that has begun has its times"
    assert state.since_here is not None, "a phase that has begun has its times"
    wanted = timedelta(seconds=for_s)
    return fact.at - state.since >= wanted and now - state.since_here >= wanted
