"""What an unequal share costs: tables by which the solver weighs loads. Pure.

A measure costs the square of how far a person's load stands from their share, debts counted in, as
`fleet.rota.rules.fairness` has it. Measures whose turns count in proportion (nights and weekend days of weekly turns)
are weighed by one common number of turns, so that the solver does not have to find out that they are the same.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, gcd
from typing import NamedTuple

from fleet.rota.rules.fairness import Tally, contribution, dates_of, loads, marks, weight
from fleet.rota.solver.problem import Problem
from fleet.rota.solver.weights import SCALE, WEIGHTS

_EXACT = 12
"""How far from their share, in units, a load is weighed exactly; beyond, each further one costs what the last did."""


class Costs(NamedTuple):
    """What one person's load costs, by its number of units: `first` for `lowest`, and by `steps` more for each further
    one. The steps never fall. One unit below `lowest`, and each before it, costs `below`; one beyond all `beyond`."""

    lowest: int
    first: int
    steps: tuple[int, ...]
    below: int
    beyond: int


class Share(NamedTuple):
    """A group of measures: the units of each slot, by its place, and what each person's load costs."""

    units: tuple[int, ...]
    costs: dict[str, Costs]


class _Measure(NamedTuple):
    name: str
    unit: int
    units: tuple[int, ...]


def shares(problem: Problem) -> list[Share]:
    """The groups of measures that the problem's turns count for."""
    groups: dict[tuple[int, ...], list[_Measure]] = {}
    for one in _measures(problem):
        groups.setdefault(one.units, []).append(one)
    standing = _standings(problem, [one for group in groups.values() for one in group])
    return [
        Share(
            units,
            {
                member.person: _costs([(one, standing[one.name][member.person]) for one in group], sum(units))
                for member in problem.members
            },
        )
        for units, group in groups.items()
    ]


def counted(problem: Problem) -> list[Tally]:
    """What each slot counts for within the period."""
    ordered = marks(problem.book)
    found: list[Tally] = []
    for slot in problem.slots:
        tally = Tally()
        for part in slot.parts:
            inside = part.overlap(problem.period)
            if inside is not None:
                tally = tally.plus(contribution(inside, slot.position, ordered))
        found.append(tally)
    return found


def _measures(problem: Problem) -> list[_Measure]:
    each = [tally.load for tally in counted(problem)]
    found: list[_Measure] = []
    for name in WEIGHTS:
        amounts: list[int] = [getattr(load, name) for load in each]
        amounts = _without_clock_changes(amounts) if name.endswith("_h") else amounts
        unit = gcd(*amounts)
        if unit:
            found.append(_Measure(name, unit, tuple(amount // unit for amount in amounts)))
    return found


def _without_clock_changes(amounts: Sequence[int]) -> list[int]:
    """Hours, where one more or less than most turns have is none: it would hide that turns are alike."""
    common = Counter(amount for amount in amounts if amount).most_common(1)
    usual = common[0][0] if common else 0
    return [usual if amount and abs(amount - usual) <= 1 else amount for amount in amounts]


def _standings(problem: Problem, measures: Sequence[_Measure]) -> dict[str, dict[str, float]]:
    """By measure and person how far they stand beyond their share when they get no turn of the problem."""
    dates = dates_of(problem.book)
    weights = {member.person: weight(member, dates) for member in problem.book.members}
    whole = sum(weights.values())
    people = loads(problem.book, problem.stays)
    found: dict[str, dict[str, float]] = {}
    for one in measures:
        had = {each.person: getattr(each.load, one.name) + getattr(each.debt, one.name) for each in people}
        total = sum(had.values()) + one.unit * sum(one.units)
        found[one.name] = {person: had[person] - (total * weights[person] / whole if whole else 0.0) for person in had}
    return found


def _costs(measures: Sequence[tuple[_Measure, float]], most: int) -> Costs:
    """What a load of 0 … `most` units costs in all `measures`, each with where the person stands without any."""
    fair = [-standing / one.unit for one, standing in measures]
    lowest = max(0, min(floor(min(fair)) - _EXACT, most - 1))
    highest = min(most, max(ceil(max(fair)) + _EXACT, lowest + 1))
    values = [
        sum(_squared(one, standing, units) for one, standing in measures) for units in range(lowest - 1, highest + 1)
    ]
    steps = [after - value for value, after in pairwise(values)]
    return Costs(lowest, values[1], tuple(steps[1:]), max(0, -steps[0]), steps[-1])


def _squared(one: _Measure, standing: float, units: int) -> int:
    weight_of = WEIGHTS[one.name]
    return round(SCALE * weight_of.points * ((standing + one.unit * units) / weight_of.per) ** 2)
