"""What is known of a rollout at a moment, and what is decided from it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from protocols.api.units import UnitState
from protocols.rollouts import Held, RolloutState, UnitUpdateState

OrderState = Literal["queued", "sent", "accepted", "done", "refused", "failed", "expired"]
"""How a unit's last order stands: the states of commands."""


class UnitNow(NamedTuple):
    """A unit of a rollout. `turn` is its place in its ring, `tellings` how often it was told, `told_at` when last;
    `order` and `order_reason` are of the last order; `checked`: a check is open on it; `deployed`: it is out for a
    deployment; `connected`: it has a session."""

    unit: str
    ring: int
    turn: int
    state: UnitUpdateState
    standing: UnitState = "active"
    tellings: int = 0
    told_at: datetime | None = None
    order: OrderState | None = None
    order_reason: str = ""
    checked: bool = False
    deployed: bool = False
    connected: bool = True


class RingNow(NamedTuple):
    """A ring: when it began, when enough of it were done, when all of it had ended; `forgiven` of its bad ones count
    for nothing, because a person let the rollout go on after them."""

    begun_at: datetime | None = None
    reached_at: datetime | None = None
    ended_at: datetime | None = None
    forgiven: int = 0


class RolloutNow(NamedTuple):
    """A rollout and its rings, in order."""

    state: RolloutState
    rings: tuple[RingNow, ...]


class Move(NamedTuple):
    """What a unit comes to without having said so itself, and why."""

    state: UnitUpdateState
    reason: str = ""


class Decision(NamedTuple):
    """What is to be done now. `moves`: units that come to another state; `tell`: units to be told, in order; `held`:
    why the others that wait do; `rings` and `state` as they are from now on, `reason` why it stopped by itself."""

    state: RolloutState
    reason: str
    rings: tuple[RingNow, ...]
    moves: Mapping[str, Move]
    tell: Sequence[str]
    held: Mapping[str, Held]
