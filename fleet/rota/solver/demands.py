"""What has to be on call at every hour of cover, as counts over the turns that are on then. Pure.

Two different people of whom one may request and the other approve are there exactly when somebody may request, somebody
may approve, and two may do either (Hall's theorem): three counts, each linear.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from fleet.rota.rules.competence import competent_until, said_requirement
from fleet.rota.rules.spans import Span, common, merged, minus
from fleet.rota.solver.problem import Problem
from protocols.people import APPROVING_ROLES, REQUESTING_ROLES, SIGNING_ROLES
from protocols.rota.findings import RuleName


class Demand(NamedTuple):
    """Of those who take the turns `slots` (by their place), `at_least` have to be among `who`, at `hours`. `words` name
    them: `nobody who may approve`."""

    rule: RuleName
    words: str
    who: frozenset[str]
    at_least: int
    slots: tuple[int, ...]
    hours: tuple[Span, ...]

    @property
    def weight_h(self) -> int:
        """How many hours it is about, at least 1."""
        return max(1, round(sum(span.length.total_seconds() for span in self.hours) / 3600))


class _Needed(NamedTuple):
    rule: RuleName
    words: str
    who: frozenset[str]
    at_least: int


def demands(problem: Problem) -> list[Demand]:
    """Every demand that is not met by changes alone, in order of its hours; the same at several times is one."""
    found: dict[tuple[_Needed, tuple[int, ...]], list[Span]] = {}
    for span, slots, present in _pieces(problem):
        for one in _needed(problem, span.starts_at):
            missing = one.at_least - len(present & one.who)
            if missing > 0:
                found.setdefault((one._replace(at_least=missing), slots), []).append(span)
    return [Demand(*needed, slots, tuple(merged(spans))) for (needed, slots), spans in found.items()]


def _needed(problem: Problem, at: datetime) -> Iterator[_Needed]:
    rota, people = problem.book.rota, problem.book.members
    if rota.signers:
        for words, roles, at_least in (
            ("nobody who may approve is free", APPROVING_ROLES, 1),
            ("nobody who may request is free", REQUESTING_ROLES, 1),
            ("no two people who may sign are free", SIGNING_ROLES, 2),
        ):
            yield _Needed("signers", words, frozenset(one.person for one in people if one.role in roles), at_least)
    for one in rota.requirements:
        if one.who == "pair":
            who = frozenset(member.person for member in people if at < competent_until(member, one, rota.zone))
            yield _Needed("competence", f"nobody with {said_requirement(one)} is free", who, 1)


def _pieces(problem: Problem) -> Iterator[tuple[Span, tuple[int, ...], frozenset[str]]]:
    """The hours of cover, cut wherever somebody comes, goes or loses a competence, with who is there."""
    begins: list[tuple[datetime, int, int]] = []
    for i, slot in enumerate(problem.slots):
        begins += [(part.starts_at, i, 1) for part in slot.parts] + [(part.ends_at, i, -1) for part in slot.parts]
    for j, one in enumerate(problem.present, start=len(problem.slots)):
        absent = (span for spans in problem.absences(one.person).values() for span in spans)
        for span in minus([one.span], absent):
            begins += [(span.starts_at, j, 1), (span.ends_at, j, -1)]
    begins.sort()
    marks = sorted({at for at, _, _ in begins} | {at for span in problem.cover for at in span} | _expiries(problem))
    there: set[int] = set()
    done = 0
    for starts_at, ends_at in pairwise(marks):
        while done < len(begins) and begins[done][0] <= starts_at:
            _, which, change = begins[done]
            (there.add if change > 0 else there.discard)(which)
            done += 1
        for span in common([Span(starts_at, ends_at)], problem.cover):
            slots = tuple(sorted(which for which in there if which < len(problem.slots)))
            yield span, slots, _present(problem, there)


def _present(problem: Problem, there: set[int]) -> frozenset[str]:
    first = len(problem.slots)
    return frozenset(problem.present[which - first].person for which in there if which >= first)


def _expiries(problem: Problem) -> set[datetime]:
    rota = problem.book.rota
    ends = (competent_until(member, one, rota.zone) for one in rota.requirements for member in problem.book.members)
    return {at for at in ends if problem.book.starts_at < at < problem.book.ends_at}
