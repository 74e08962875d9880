"""Everything the model needs of a problem, worked out once. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from fleet.rota.rules.competence import said_requirement
from fleet.rota.rules.spans import Span, common, total
from fleet.rota.solver.demands import Demand, demands
from fleet.rota.solver.eligible import Eligibility
from fleet.rota.solver.problem import Problem, Slot, before
from fleet.rota.solver.rest_limits import RestLimits, rest_limits
from fleet.rota.solver.shares import Share, shares
from fleet.rota.solver.weights import KEEP, KEEP_LATE, WISH

_DAY = timedelta(days=1)
NO_BREAK = "would work longer than 6 h without a break"


@dataclass(frozen=True)
class Row:
    """More than the house allows of one layer's turns one after the other: `slots` and as many before them as
    `already` has the same person."""

    slots: tuple[int, ...]
    already: str | None


@dataclass(frozen=True)
class Facts:
    """A problem, worked out. Slots are named by their place. `takers` may take a slot; `lacking` could but for what
    everybody on call needs, or a break, in words. `together` are slots of which one person can have one. `wishes` is
    what it costs that somebody takes a slot or, below 0, that they do not; `keeps` that they do not who were told."""

    problem: Problem
    eligibility: Eligibility
    takers: list[list[str]]
    lacking: list[dict[str, str]]
    demands: list[Demand]
    limits: dict[str, RestLimits]
    together: list[tuple[int, ...]]
    rows: list[Row]
    shares: list[Share]
    wishes: dict[tuple[int, str], int]
    keeps: dict[tuple[int, str], int]

    def hours(self, place: int) -> int:
        """How long a slot is, whole hours, at least 1."""
        return max(1, total(self.problem.slots[place].parts) // timedelta(hours=1))


def facts_of(problem: Problem) -> Facts:
    """Works a problem out."""
    eligibility = Eligibility(problem)
    takers: list[list[str]] = []
    lacking: list[dict[str, str]] = []
    for slot in problem.slots:
        free = [one.person for one in problem.members if eligibility.obstacle(one.person, slot) is None]
        lacks = {
            person: f"lacks {said_requirement(one)}"
            for person in free
            if (one := eligibility.lacking(person, slot)) is not None
        }
        takers.append([person for person in free if person not in lacks])
        lacking.append(lacks)
    limits = {
        member.person: rest_limits(problem, member, [i for i, free in enumerate(takers) if member.person in free])
        for member in problem.members
    }
    for person, limit in limits.items():
        for i in limit.breathless:
            lacking[i][person] = NO_BREAK
    takers = [
        [one for one in free if one not in lacking[i] and i not in limits[one].alone] for i, free in enumerate(takers)
    ]
    return Facts(
        problem=problem,
        eligibility=eligibility,
        takers=takers,
        lacking=lacking,
        demands=demands(problem),
        limits=limits,
        together=list(_together(problem)),
        rows=list(_rows(problem)),
        shares=shares(problem),
        wishes=dict(_wishes(problem)),
        keeps=dict(_keeps(problem)),
    )


def _together(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Slots that are at the same time; those of one position never are, but for being parts of it."""
    running: list[int] = []
    for i, slot in enumerate(problem.slots):
        running = [j for j in running if problem.slots[j].span.ends_at > slot.span.starts_at]
        for j in running:
            if slot.meets(problem.slots[j].parts):
                yield j, i
        running.append(i)


def _rows(problem: Problem) -> Iterator[Row]:
    most = problem.book.rota.policy.turns_in_a_row
    by_layer: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, slot in enumerate(problem.slots):
        by_layer[slot.layer].append((slot.turn, i))
    kept = {(one.slot.layer, one.slot.turn): one.person for one in problem.present if one.slot is not None}
    for layer in problem.book.rota.layers:
        had: dict[int, str | None] = {turn: person for (name, turn), person in kept.items() if name == layer.layer}
        ours = dict(by_layer[layer.layer])
        first = min([*had, *ours], default=0)
        had |= {first - 1 - i: person for i, person in enumerate(before(problem.book, layer, most))}
        for start in range(first - most, max(ours, default=first) + 1):
            window = range(start, start + most + 1)
            if all(turn in ours or had.get(turn) for turn in window):
                fixed = {had[turn] for turn in window if turn not in ours}
                slots = tuple(ours[turn] for turn in window if turn in ours)
                if slots and len(fixed) <= 1:
                    yield Row(slots, next(iter(fixed), None))


def _wishes(problem: Problem) -> Iterator[tuple[tuple[int, str], int]]:
    for i, slot in enumerate(problem.slots):
        for member in problem.members:
            cost = sum(
                _days(slot, Span(one.starts_at, one.ends_at)) * (WISH if one.wants == "off" else -WISH)
                for one in member.wishes
            )
            if cost:
                yield (i, member.person), cost


def _days(slot: Slot, wish: Span) -> int:
    return -(-total(common(slot.parts, [wish])) // _DAY)


def _keeps(problem: Problem) -> Iterator[tuple[tuple[int, str], int]]:
    late = problem.book.as_of + problem.book.rota.policy.notice_days * _DAY
    for i, slot in enumerate(problem.slots):
        if slot.published is not None:
            yield (i, slot.published), KEEP_LATE if slot.span.starts_at < late else KEEP
