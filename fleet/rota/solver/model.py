"""A problem as a CP-SAT model: who takes which turn.

Two models are solved one after the other. The first settles what can be kept: it may leave a turn to nobody, or a
demand unmet, at a price, and finds the rota that breaks least; with nothing broken every rule holds. The second keeps
exactly that, and makes it fair. So each stays easy: the first has no fairness in it, the second no way out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python.cp_model import CpModel, IntVar, LinearExpr

from fleet.rota.solver.demands import Demand
from fleet.rota.solver.facts import Facts
from fleet.rota.solver.shares import Share
from fleet.rota.solver.weights import GAP, ROW, UNMET, UNQUALIFIED

Taken = Sequence[str | None]
"""Who takes each slot, in order."""


@dataclass(frozen=True)
class Broken:
    """What a rota does not keep: slots nobody takes, slots taken by somebody who lacks what everybody needs, by how
    much each demand falls short, by its place; and how many turns there are too many in a row."""

    gaps: frozenset[int] = frozenset()
    lacking: frozenset[int] = frozenset()
    short: dict[int, int] = field(default_factory=dict)
    rows: int = 0

    @property
    def count(self) -> int:
        """How many rules of cover are broken; turns in a row are no such rule."""
        return len(self.gaps) + len(self.lacking) + len(self.short)


def broken_by(facts: Facts, taken: Taken) -> Broken:
    """What `taken` does not keep of what the models let go."""
    short = {d: missing for d, one in enumerate(facts.demands) if (missing := _missing(one, taken)) > 0}
    rows = sum(
        all(taken[i] is not None and taken[i] == taken[row.slots[0]] for i in row.slots)
        and row.already in (None, taken[row.slots[0]])
        for row in facts.rows
    )
    return Broken(
        gaps=frozenset(i for i, person in enumerate(taken) if person is None),
        lacking=frozenset(i for i, person in enumerate(taken) if person in facts.lacking[i]),
        short=short,
        rows=rows,
    )


def _missing(one: Demand, taken: Taken) -> int:
    return one.at_least - len({taken[i] for i in one.slots} & one.who)


class RotaModel:
    """The variables and rules that both models share. `taken` says what a solution means."""

    def __init__(self, facts: Facts, cuts: Iterable[tuple[str, frozenset[int]]]) -> None:
        self.facts = facts
        self.model = CpModel()
        self.costs: list[LinearExpr | IntVar | int] = []
        self.x: dict[tuple[int, str], IntVar] = {
            (i, person): self.model.new_bool_var("")
            for i, free in enumerate(facts.takers)
            for person in [*free, *facts.lacking[i]]
        }
        self._apart()
        for person, slots in cuts:
            self.model.add_bool_or([~self.x[i, person] for i in slots])

    def of(self, slots: Iterable[int], who: Iterable[str]) -> list[IntVar]:
        """The variables of those who could take any of some slots."""
        people = list(who)
        return [self.x[i, person] for i in slots for person in people if (i, person) in self.x]

    def hint(self, taken: Taken) -> None:
        """Where to begin to look."""
        for (i, person), variable in self.x.items():
            self.model.add_hint(variable, taken[i] == person)

    def _apart(self) -> None:
        """Nobody twice at once, and what rest asks of each."""
        for one, other in self.facts.together:
            for person in self._people(one):
                if (other, person) in self.x:
                    self.model.add_at_most_one(self.x[one, person], self.x[other, person])
        for person, limits in self.facts.limits.items():
            for pair in limits.pairs:
                self.model.add_at_most_one(self.of(pair, [person]))
            for ways in limits.rests:
                self._one_way(person, ways)
            for hours in limits.hours:
                terms = [self.x[i, person] * minutes for i, minutes in hours.minutes.items() if (i, person) in self.x]
                self.model.add(LinearExpr.sum(terms) <= hours.most)

    def _people(self, place: int) -> list[str]:
        return [*self.facts.takers[place], *self.facts.lacking[place]]

    def _one_way(self, person: str, ways: Sequence[Sequence[int]]) -> None:
        chosen: list[IntVar] = []
        for slots in ways:
            chosen.append(self.model.new_bool_var(""))
            for variable in self.of(slots, [person]):
                self.model.add_implication(chosen[-1], ~variable)
        self.model.add_bool_or(chosen)

    def row_variables(self) -> list[IntVar]:
        """For every person and row, whether they have it; true where it is, and may be true elsewhere."""
        found: list[IntVar] = []
        for row in self.facts.rows:
            for person in [row.already] if row.already else self._people(row.slots[0]):
                if all((i, person) in self.x for i in row.slots):
                    found.append(self.model.new_bool_var(""))
                    self.model.add_bool_or([*(~self.x[i, person] for i in row.slots), found[-1]])
        return found


def settling_model(facts: Facts, cuts: Iterable[tuple[str, frozenset[int]]], *, in_a_row: bool) -> RotaModel:
    """The model that breaks as little as can be: its objective weighs what is broken, hours by hours. Where `in_a_row`,
    there may be too many turns in a row, at a price."""
    built = RotaModel(facts, cuts)
    model = built.model
    for i, lacks in enumerate(facts.lacking):
        gap = model.new_bool_var("")
        model.add_exactly_one([gap, *built.of([i], [*facts.takers[i], *lacks])])
        built.costs.append(gap * (GAP * facts.hours(i)))
        built.costs += [built.x[i, person] * (UNQUALIFIED * facts.hours(i)) for person in lacks]
    for one in facts.demands:
        short = model.new_int_var(0, one.at_least, "")
        model.add(LinearExpr.sum(built.of(one.slots, one.who)) + short >= one.at_least)
        built.costs.append(short * (UNMET * one.weight_h))
    rows = built.row_variables()
    if in_a_row:
        built.costs += [row * ROW for row in rows]
    else:
        model.add(LinearExpr.sum(rows) == 0)
    model.minimize(LinearExpr.sum(built.costs))
    return built


def sharing_model(facts: Facts, cuts: Iterable[tuple[str, frozenset[int]]], broken: Broken) -> RotaModel:
    """The model that is fair, breaking no more than `broken`: its objective is what unequal shares, wishes that are
    not met and changes to what was published cost."""
    built = RotaModel(facts, cuts)
    model = built.model
    for i, lacks in enumerate(facts.lacking):
        people = built.of([i], [*facts.takers[i], *(lacks if i in broken.lacking else [])])
        if i in broken.gaps:
            model.add_at_most_one(people)
        else:
            model.add_exactly_one(people)
        if i not in broken.lacking:
            for variable in built.of([i], lacks):
                model.add(variable == 0)
    for d, one in enumerate(facts.demands):
        needed = one.at_least - broken.short.get(d, 0)
        if needed == 1:
            model.add_bool_or(built.of(one.slots, one.who))
        elif needed > 1:
            model.add(LinearExpr.sum(built.of(one.slots, one.who)) >= needed)
    rows = built.row_variables()
    if rows:
        model.add(LinearExpr.sum(rows) <= broken.rows)
    for share in facts.shares:
        _fair(built, share)
    _liked(built)
    model.minimize(LinearExpr.sum(built.costs))
    return built


def _fair(built: RotaModel, share: Share) -> None:
    """Each person's load, as a row of steps each of which needs the one before: its cost is a plain sum, which CP-SAT
    bounds far better than a square."""
    model = built.model
    for person, costs in share.costs.items():
        terms = [built.x[i, person] * units for i, units in enumerate(share.units) if units and (i, person) in built.x]
        most = sum(units for i, units in enumerate(share.units) if (i, person) in built.x)
        steps = [model.new_bool_var("") for _ in costs.steps]
        for one, after in pairwise(steps):
            model.add_implication(after, one)
        under = model.new_int_var(0, costs.lowest, "")
        beyond = model.new_int_var(0, max(0, most - costs.lowest - len(steps)), "")
        model.add(LinearExpr.sum(terms) == LinearExpr.sum([*steps, beyond]) - under + costs.lowest)
        built.costs += [step * cost for step, cost in zip(steps, costs.steps, strict=True)]
        built.costs += [costs.first, under * costs.below, beyond * costs.beyond]


def _liked(built: RotaModel) -> None:
    """Wishes, and what was published. A wish to be on call costs where it is not met."""
    for place, cost in built.facts.wishes.items():
        if place in built.x:
            built.costs.append(built.x[place] * cost if cost > 0 else (1 - built.x[place]) * -cost)
    for place, cost in built.facts.keeps.items():
        built.costs.append((1 - built.x[place]) * cost if place in built.x else cost)
