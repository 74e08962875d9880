"""Which unit is in which ring of a rollout, and when its turn is. Pure."""

from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import NamedTuple

from protocols.rollouts import RolloutPlan


class Place(NamedTuple):
    """A unit's ring, from 0 on, and its turn in that."""

    ring: int
    turn: int


def share(percent: float) -> Fraction:
    """A percentage as it is written, as a part of one: 0.1 is a thousandth, and not a little more."""
    return Fraction(str(percent)) / 100


def in_turn(units: Iterable[str], rollout_id: str) -> list[str]:
    """Units in the order of SHA-256 of the rollout's id and theirs, which nobody picks."""
    return sorted(set(units), key=lambda unit: sha256(f"{rollout_id}:{unit}".encode()).digest())


def assign(units: Iterable[str], plan: RolloutPlan, rollout_id: str) -> dict[str, int]:
    """The ring of each unit, from 0 on; names of the plan that are not among `units` count for nothing."""
    return {unit: place.ring for unit, place in places(units, plan, rollout_id).items()}


def places(units: Iterable[str], plan: RolloutPlan, rollout_id: str) -> dict[str, Place]:
    """The ring and the turn of each unit; in a ring those that it names come first."""
    order = in_turn(units, rollout_id)
    there = set(order)
    named = {unit for ring in plan.rings for unit in ring.units}
    free = iter([unit for unit in order if unit not in named])
    left = len(there - named)
    found: dict[str, Place] = {}
    for index, ring in enumerate(plan.rings):
        members = [unit for unit in in_turn(ring.units, rollout_id) if unit in there]
        is_last = index == len(plan.rings) - 1
        wanted = left if is_last else max(0, ceil(share(ring.share_percent) * len(order)) - len(members))
        taken = min(left, wanted)
        members += [next(free) for _ in range(taken)]
        left -= taken
        found |= {unit: Place(index, turn) for turn, unit in enumerate(members)}
    return found
