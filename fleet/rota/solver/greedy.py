"""Filling a rota by taking, turn after turn, whoever has been off call longest: how calendars are filled that know no
fairness but rest. It looks at absences and double bookings only. Pure."""

from datetime import UTC, datetime

from fleet.rota.rules.spans import Span, merged
from fleet.rota.solver.eligible import Eligibility
from fleet.rota.solver.problem import Problem, assigned_of, problem_of
from protocols.rota.book import RotaBook
from protocols.rota.model import Assigned

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def greedy(book: RotaBook) -> list[Assigned]:
    """The turns of the book's period as the longest rested take them; nobody has those for which nobody is free. What
    `solve` keeps is kept. Raises TooManyTurns."""
    problem = problem_of(book)
    return assigned_of(problem, longest_rested(problem))


def longest_rested(problem: Problem) -> list[str | None]:
    """Who takes each slot, in order; of those who have rested equally long the first in the rota's list."""
    eligibility = Eligibility(problem)
    ended = {member.person: _NEVER for member in problem.members}
    busy: dict[str, list[Span]] = {member.person: [] for member in problem.members}
    for shift in problem.stays:
        if shift.person in busy:
            busy[shift.person].append(Span(shift.starts_at, shift.ends_at))
    taken: list[str | None] = []
    for slot in problem.slots:
        for person, spans in busy.items():
            over = [span.ends_at for span in spans if span.ends_at <= slot.span.starts_at]
            ended[person] = max([ended[person], *over])
            busy[person] = merged(span for span in spans if span.ends_at > slot.span.starts_at)
        free = [one for one in ended if eligibility.obstacle(one, slot) is None and not slot.meets(busy[one])]
        taken.append(min(free, key=ended.__getitem__, default=None))
        if taken[-1] is not None:
            busy[taken[-1]] += slot.parts
    return taken
