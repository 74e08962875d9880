"""Who could take a time on call that is not as it should be, for the sake of a finding's remedy. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from fleet.rota.rules.competence import competent_until, may_sign_together
from fleet.rota.rules.presence import Company, Roll, absences_of, spans_of
from fleet.rota.rules.spans import Span, minus, total
from fleet.rota.rules.words import listed
from protocols.people import SIGNING_ROLES
from protocols.rota.member import Member
from protocols.rota.model import Requirement

NAMED = 3
"""How many people a remedy names at most."""


class Takers:
    """The members of a rota, those with the fewest hours on call first, and when they are free: in their term, not
    absent, and on call nowhere. Whether the law lets them is not asked: what-if and the validator say that."""

    def __init__(self, roll: Roll) -> None:
        self._roll = roll
        rota = roll.book.rota
        self._each = [one for one in rota.requirements if one.who == "each"]
        self._pair = [one for one in rota.requirements if one.who == "pair"]
        may_take = frozenset(rota.members) or frozenset(roll.members)
        on_call = {person: spans_of(shifts) for person, shifts in roll.shifts.items()}
        found = sorted((total(on_call.get(person, ())), person) for person in roll.members if person in may_take)
        self._free = {person: self._free_spans(roll.members[person], on_call.get(person, [])) for _, person in found}

    def _free_spans(self, member: Member, on_call: Iterable[Span]) -> list[Span]:
        absences = [
            span for spans in absences_of(member, self._roll.window, self._roll.book.as_of).values() for span in spans
        ]
        busy = [Span(one.starts_at, one.ends_at) for one in member.elsewhere]
        return minus([self._roll.window], [*absences, *busy, *on_call])

    def best(self, span: Span, ways: Sequence[Sequence[Company]], lacking: Requirement | None = None) -> list[str]:
        """Up to NAMED people who are free in all of `span` and would make it good beside everybody of one of `ways`,
        each of which is a way in which others could stay. Where a competence is `lacking`, they have it themselves."""
        able = (
            person
            for person, free in self._free.items()
            if _within(span, free)
            and (lacking is None or self._meets(self._roll.members[person], lacking, span))
            and any(self._good(person, way) for way in ways)
        )
        return list(islice(able, NAMED))

    def _good(self, person: str, way: Sequence[Company]) -> bool:
        return all(self._suits(person, beside) for beside in way)

    def _suits(self, person: str, beside: Company) -> bool:
        members = [self._roll.members[one] for one in beside.persons if one in self._roll.members and one != person]
        member = self._roll.members[person]
        if not all(self._meets(member, one, beside.span) for one in self._each):
            return False
        if not members:
            # Nobody else is there: more than one person is missing, and each can only do their part.
            return not self._roll.book.rota.signers or member.role in SIGNING_ROLES
        together = [member, *members]
        if self._roll.book.rota.signers and not may_sign_together(together):
            return False
        return all(any(self._meets(one, needed, beside.span) for one in together) for needed in self._pair)

    def _meets(self, member: Member, requirement: Requirement, span: Span) -> bool:
        return competent_until(member, requirement, self._roll.book.rota.zone) >= span.ends_at


def _within(span: Span, spans: Sequence[Span]) -> bool:
    i = bisect_right(spans, span.starts_at, key=_beginning) - 1
    return i >= 0 and span.ends_at <= spans[i].ends_at


def _beginning(span: Span) -> datetime:
    return span.starts_at


def remedy(takers: Sequence[str], otherwise: str) -> str:
    """What to do: give it to one of `takers` or, where there is none, `otherwise`."""
    if not takers:
        return otherwise
    return f"{listed(takers, 'or')} {'is' if len(takers) == 1 else 'are'} free and could take it; else {otherwise}"
