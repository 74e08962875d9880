"""What the validator finds in an answer, turned into rules that the next answer has to keep. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.working_time import working_time_of
from fleet.rota.solver.model import Taken
from fleet.rota.solver.problem import Problem, assigned_of, with_assigned
from protocols.rota.findings import Finding
from protocols.rota.member import Member
from protocols.rota.model import Shift

Cut = tuple[str, frozenset[int]]
"""Somebody, and slots of which they can not have all."""

_REACH = timedelta(hours=35)
_FEW = 8


class Validator:
    """Judges answers to one problem by the Working Time rules, where standby is at the workplace. What is wrong
    whoever takes the turns is not their fault."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._needed = problem.book.rota.standby == "workplace"
        self._anyway = {
            member.person: self._breaches(member, problem.stays) if self._needed else [] for member in problem.members
        }

    def breaches(self, taken: Taken) -> list[Finding]:
        """The breaches that `taken` brings about."""
        if not self._needed:
            return []
        shifts = self._shifts(taken)
        return [one for member in self._problem.members for one in self._new(member, shifts)]

    def cuts(self, taken: Taken) -> list[Cut]:
        """For every breach that another answer may avoid, slots that can not all stay with their person."""
        found: list[Cut] = []
        for breach in self.breaches(taken):
            slots = self._slots(taken, breach) if breach.rule != "break" else []
            if slots:
                found.append((breach.persons[0], frozenset(self._least(taken, breach, slots))))
        return list(dict.fromkeys(found))

    def _shifts(self, taken: Taken) -> list[Shift]:
        return shifts_of(with_assigned(self._problem.book, assigned_of(self._problem, taken)))

    def _breaches(self, member: Member, shifts: Sequence[Shift]) -> list[Finding]:
        findings, _ = working_time_of(self._problem.book, member, shifts)
        return [one for one in findings if one.answer == "breach"]

    def _new(self, member: Member, shifts: Sequence[Shift]) -> Iterator[Finding]:
        anyway = self._anyway[member.person]
        for one in self._breaches(member, shifts):
            if not any(_same(one, other) for other in anyway):
                yield one

    def _slots(self, taken: Taken, breach: Finding) -> list[int]:
        """The slots of its person that have to do with a breach."""
        reach = [Span(breach.starts_at - _REACH, breach.ends_at + _REACH)]
        reach += [Span(one.starts_at, one.ends_at) for one in breach.shifts]
        person = breach.persons[0]
        return [i for i, one in enumerate(taken) if one == person and self._problem.slots[i].meets(reach)]

    def _least(self, taken: Taken, breach: Finding, slots: list[int]) -> list[int]:
        """Fewer of them that bring it about too, where they are few enough to try."""
        if len(slots) > _FEW:
            return slots
        member, needed = self._problem.by_person[breach.persons[0]], list(slots)
        for i in slots:
            others = [other for other in needed if other != i]
            only = [person if person != member.person or j in others else None for j, person in enumerate(taken)]
            if others and any(one.rule == breach.rule for one in self._new(member, self._shifts(only))):
                needed = others
        return needed


def _same(one: Finding, other: Finding) -> bool:
    return one.rule == other.rule and one.starts_at < other.ends_at and other.starts_at < one.ends_at
