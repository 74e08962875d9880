"""What is stored of rollouts as the rules that decide about them know it. Pure."""

from datetime import datetime
from typing import Literal, NamedTuple

from protocols.api.units import UnitState
from protocols.rollouts import UnitUpdateState

OrderState = Literal["queued", "sent", "accepted", "done", "refused", "failed", "expired"]
"""How a unit's last order stands: the states of commands."""


class UnitNow(NamedTuple):
    """A unit of a rollout. `turn` is its place in its ring, `tellings` how often it was told, `told_at` when last;
    `order` and `order_reason` are of the last order; `checked`: a check is open on it; `deployed`: it is out for a
    deployment; `connected`: it has a session; `put_off`: how often it refused for a reason that passes, and `again_at`
    until when it is not told for the last of them."""

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
    put_off: int = 0
    again_at: datetime | None = None


class RingNow(NamedTuple):
    """A ring: when it began, when enough of it were done, when all of it had ended; `forgiven` of its bad ones count
    for nothing, because a person let the rollout go on after them."""

    begun_at: datetime | None = None
    reached_at: datetime | None = None
    ended_at: datetime | None = None
    forgiven: int = 0


class Move(NamedTuple):
    """What a unit comes to without having said so itself, and why."""

    state: UnitUpdateState
    reason: str = ""


class Followed(NamedTuple):
    """How far an update has come: its unit, state, how often the unit was told, the last report that was taken, by
    spool and number, and how often the unit refused for a reason that passes."""

    unit: str
    state: UnitUpdateState
    tellings: int
    spool_id: int | None
    seq: int | None
    put_off: int = 0
