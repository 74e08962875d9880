"""Words of a rollout: which units are brought to a manifest, ring by ring, and when it stops by itself."""

from datetime import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import UnitId
from protocols.text import ShortText

MAX_RINGS = 10
MAX_UNITS = 20_000

RolloutState = Literal["running", "paused", "stopped", "done", "cancelled"]
"""`paused` by a person; `stopped` by itself, because too many failed: a person looks, then lets it go on or cancels it.
`done`: every unit has ended. `cancelled`: no further unit is told; those that were told already go on."""

UnitUpdateState = Literal["waiting", "told", "working", "done", "failed", "rolled-back", "refused", "left-out"]
"""`waiting` for its ring, its turn, its lock, the schedule, or until it is told again; `told`: the order is on its way;
`working`: the unit has begun; `left-out`: revoked or quarantined, of another model, or the rollout was cancelled before
it was told."""


def state_words(state: RolloutState, bad: int) -> str:
    """A rollout's state for people: `done, 1 bad` where it has ended with units that are bad, else `state`."""
    return f"done, {bad} bad" if state == "done" and bad else state


UNIT_ENDED: frozenset[UnitUpdateState] = frozenset({"done", "failed", "rolled-back", "refused", "left-out"})
UNIT_BAD: frozenset[UnitUpdateState] = frozenset({"failed", "rolled-back", "refused"})
UNIT_UNDER_WAY: frozenset[UnitUpdateState] = frozenset({"told", "working"})

Held = Literal["", "ring", "turn", "schedule", "paused", "again", "check", "deployment", "away"]
"""Why a waiting unit is not told now: its ring has not begun, enough others are under way, it is not the time, the
rollout is paused or stopped, it has refused for a reason that passes and is told again later, a check is open on it, a
deployment has it, or it has no session."""

_HELD_WORDS: dict[Held, tuple[str, str]] = {
    "": ("is told next", "are told next"),
    "ring": ("waits for its ring to begin", "wait for their ring to begin"),
    "turn": ("waits for its turn", "wait for their turn"),
    "schedule": ("waits for the time of day", "wait for the time of day"),
    "paused": ("waits until the rollout goes on", "wait until the rollout goes on"),
    "again": ("refused for now", "refused for now"),
    "check": ("waits for a check to end", "wait for a check to end"),
    "deployment": ("waits until it is back from its deployment", "wait until they are back from their deployments"),
    "away": ("waits to be connected", "wait to be connected"),
}


def held_words(held: Held, count: int = 1) -> str:
    """Why `count` waiting units are not told now, for people: `waits for its turn`, for more `wait for their turn`."""
    return _HELD_WORDS[held][count != 1]


WallTime = Annotated[time, Meta(tz=False)]


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ring of units.

    `share_percent` of all units of the rollout, rounded up, in the order of a hash of their id and the rollout's, so
    that nobody picks; the last ring takes the rest whatever it says. `units` named here are in it whatever their turn,
    and count towards its share. The next ring begins once at least `success_percent` of this one are done and `wait_s`
    have passed since that was so; units that were left out count for nothing. A ring whose units have all ended with
    fewer done stops the rollout.
    """

    name: Annotated[ShortText, Meta(min_length=1)]
    share_percent: Annotated[float, Meta(ge=0, le=100)]
    units: Annotated[list[UnitId], Meta(max_length=500)] = []
    success_percent: Annotated[float, Meta(ge=0, le=100)] = 95.0
    wait_s: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 0


class RolloutPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a rollout goes on.

    `at_once`: units that are told or working at the same time, at most. `stop_bad_percent`: of the units that have
    ended in a ring that has begun, once `stop_after` of it have: more than this bad, and it stops by itself. Those that
    were bad when a person let it go on count neither here nor for `success_percent` any more. `from_time` (with it)
    and `until_time` (without it; both or none; London, may go over midnight): when units are told.
    `deployed`: whether units that are out for a deployment are told too; without it they wait until they are back.
    `limit_s`: a unit that has been told and has not ended after this long counts as failed.
    """

    rings: Annotated[list[Ring], Meta(min_length=1, max_length=MAX_RINGS)]
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 20
    stop_bad_percent: Annotated[float, Meta(ge=0, le=100)] = 3.0
    stop_after: Annotated[int, Meta(ge=1, le=1000)] = 5
    from_time: WallTime | None = None
    until_time: WallTime | None = None
    deployed: bool = False
    limit_s: Annotated[int, Meta(ge=60, le=7 * 86_400)] = 3600

    def __post_init__(self) -> None:
        if (self.from_time is None) != (self.until_time is None):
            raise ValueError("from_time and until_time come together")
        if self.from_time is not None and self.from_time == self.until_time:
            raise ValueError("from_time and until_time are the same: leave both out to tell units at any time")
        if len({ring.name for ring in self.rings}) < len(self.rings):
            raise ValueError("two rings have the same name")
        named = [unit for ring in self.rings for unit in ring.units]
        if len(set(named)) < len(named):
            raise ValueError("a unit is named twice")
