"""Who of those on call is there: nobody is on leave, on a deployment away, or outside their term. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

from fleet.rota.rules.schedule import cover_hours
from fleet.rota.rules.spans import Span, merged, minus
from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from protocols.rota.model import Shift

AbsentRule = Literal["leave", "away", "term"]


class Company(NamedTuple):
    """Those who are on call in `span`, in either position, and there."""

    span: Span
    persons: frozenset[str]


def _beginning(company: Company) -> datetime:
    return company.span.starts_at


@dataclass(frozen=True)
class Roll:
    """Who is there over all of a book's time that is known. `shifts` and `absent` are by person; shadows have no
    shifts here. `companies` are one after the other without a gap between them; `cover` are the hours of cover."""

    book: RotaBook
    window: Span
    members: Mapping[str, Member]
    shifts: Mapping[str, list[Shift]]
    absent: Mapping[str, Mapping[AbsentRule, list[Span]]]
    companies: list[Company]
    cover: list[Span]

    def companies_within(self, spans: Sequence[Span]) -> list[Company]:
        """The companies cut to `spans`, which are in order and do not overlap."""
        found: list[Company] = []
        i = j = 0
        while i < len(self.companies) and j < len(spans):
            company = self.companies[i]
            shared = company.span.overlap(spans[j])
            if shared is not None:
                found.append(Company(shared, company.persons))
            if company.span.ends_at <= spans[j].ends_at:
                i += 1
            else:
                j += 1
        return found

    def companies_in(self, span: Span) -> list[Company]:
        """The companies cut to one span."""
        first = max(0, bisect_right(self.companies, span.starts_at, key=_beginning) - 1)
        last = bisect_left(self.companies, span.ends_at, key=_beginning)
        cut = ((company, company.span.overlap(span)) for company in self.companies[first:last])
        return [Company(shared, company.persons) for company, shared in cut if shared is not None]

    def shifts_in(self, persons: Iterable[str], span: Span) -> list[Shift]:
        """The shifts of these people, shadows apart, that have a part in `span`; sorted."""
        return sorted(
            shift
            for person in persons
            for shift in self.shifts.get(person, ())
            if shift.starts_at < span.ends_at and span.starts_at < shift.ends_at
        )


def roll_of(book: RotaBook, shifts: Iterable[Shift]) -> Roll:
    """The roll of a book with these shifts."""
    window = Span(book.known_from, book.ends_at)
    members = {member.person: member for member in book.members}
    by_person: dict[str, list[Shift]] = {}
    for shift in shifts:
        if shift.position != "shadow":
            by_person.setdefault(shift.person, []).append(shift)
    absent = {person: absences_of(members.get(person), window, book.as_of) for person in by_person}
    present = {
        person: minus(spans_of(mine), (span for spans in absent[person].values() for span in spans))
        for person, mine in by_person.items()
    }
    cover = cover_hours(book.rota, window)
    return Roll(book, window, members, by_person, absent, _companies(window, present), cover)


def absences_of(member: Member | None, window: Span, as_of: datetime) -> dict[AbsentRule, list[Span]]:
    """When somebody is not there, by the rule that says so. Who is not in the book is outside their term, always; whose
    term has begun by `as_of` is not outside it before: the people list only says since when we know them."""
    if member is None:
        return {"leave": [], "away": [], "term": [window]}
    since = member.valid_from if member.valid_from > as_of else min(window.starts_at, member.valid_from)
    spans = [(one.kind, Span(one.starts_at, one.ends_at)) for one in member.absences]
    return {
        "leave": merged(span for kind, span in spans if kind != "away"),
        "away": merged(span for kind, span in spans if kind == "away"),
        "term": minus([window], [Span(since, member.valid_until)]),
    }


def spans_of(shifts: Iterable[Shift]) -> list[Span]:
    """The times of shifts, those that touch or overlap joined."""
    return merged(Span(shift.starts_at, shift.ends_at) for shift in shifts)


def _companies(window: Span, present: Mapping[str, list[Span]]) -> list[Company]:
    changes: dict[datetime, list[tuple[str, bool]]] = {window.starts_at: [], window.ends_at: []}
    for person, spans in present.items():
        for span in spans:
            changes.setdefault(span.starts_at, []).append((person, True))
            changes.setdefault(span.ends_at, []).append((person, False))
    found: list[Company] = []
    there: set[str] = set()
    for starts_at, ends_at in pairwise(sorted(changes)):
        for person, comes in changes[starts_at]:
            if comes:
                there.add(person)
            else:
                there.discard(person)
        found.append(Company(Span(starts_at, ends_at), frozenset(there)))
    return found
