"""What is decided about a rollout, and from what. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fleet.store.rollout_facts import Move, RingNow
from protocols.rollouts import Held, RolloutState


class RolloutNow(NamedTuple):
    """A rollout and its rings, in order."""

    state: RolloutState
    rings: tuple[RingNow, ...]


class Decision(NamedTuple):
    """What is to be done now. `moves`: units that come to another state; `tell`: units to be told, in order; `held`:
    why the others that wait do; `rings` and `state` as they are from now on, `reason` why it stopped by itself."""

    state: RolloutState
    reason: str
    rings: tuple[RingNow, ...]
    moves: Mapping[str, Move]
    tell: Sequence[str]
    held: Mapping[str, Held]
