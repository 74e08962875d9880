"""Whether a rota covers what it is for: somebody in each position, there, competent, and able to sign. Pure.

docs/rota-rules.md, "Cover and the house", is the contract in words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.rota.rules.competence import competent_until, may_sign_together, said_requirement
from fleet.rota.rules.presence import AbsentRule, Company, Roll, roll_of, spans_of
from fleet.rota.rules.schedule import gaps
from fleet.rota.rules.spans import Span, common, merged
from fleet.rota.rules.takers import Takers, remedy
from fleet.rota.rules.words import key_time, listed, said_span
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding, RuleName
from protocols.rota.model import Requirement, Shift

_ABSENT: dict[AbsentRule, tuple[str, str]] = {
    "leave": ("on leave", "find a swap, or move the leave"),
    "away": ("on a deployment away", "find a swap, or send somebody else"),
    "term": ("outside their term in the people list", "find a swap, or have the term renewed"),
}


class _Fault(NamedTuple):
    """One fault over one stretch of time: `cause` is what else than the people makes it a fault of its own. Anybody of
    `replaced` could be replaced to make it good; where that is nobody, somebody comes beside those who are there.
    `lacking` is the competence that is missing, which whoever makes it good has."""

    rule: RuleName
    cause: str
    persons: tuple[str, ...]
    span: Span
    sentence: str
    otherwise: str
    replaced: tuple[str, ...] = ()
    lacking: Requirement | None = None


def cover_findings(book: RotaBook, shifts: Sequence[Shift]) -> list[Finding]:
    """Every fault of cover in the period; `shifts` are those of `shifts_of`. Sorted by time. What touches is one
    finding, whose key stays as long as it begins where it does, even where the period begins later."""
    roll = roll_of(book, shifts)
    faults = [*_nobody(roll, shifts), *_absent(roll), *_double(roll), *_signers(roll), *_competence(roll)]
    takers = Takers(roll)
    found = [_finding(roll, takers, fault) for fault in faults if book.starts_at < fault.span.ends_at]
    return sorted(found, key=lambda one: (one.starts_at, one.rule, one.key))


def _finding(roll: Roll, takers: Takers, fault: _Fault) -> Finding:
    span = Span(max(fault.span.starts_at, roll.book.starts_at), fault.span.ends_at)
    beside = roll.companies_in(span)
    ways = [[Company(one.span, one.persons - {person}) for one in beside] for person in fault.replaced]
    return Finding(
        key=":".join([fault.rule, *fault.persons, fault.cause, key_time(fault.span.starts_at)]),
        rule=fault.rule,
        regulation=None,
        answer="fault",
        persons=list(fault.persons),
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        sentence=f"{fault.sentence} {said_span(span, roll.book.rota.zone)}",
        remedy=remedy(takers.best(span, ways or [beside], fault.lacking), fault.otherwise),
        shifts=roll.shifts_in(fault.persons, span),
    )


def _nobody(roll: Roll, shifts: Sequence[Shift]) -> Iterator[_Fault]:
    otherwise = "give it in parts, or ask for a swap"
    for gap in gaps(roll.book.rota, shifts, roll.window):
        span = Span(gap.starts_at, gap.ends_at)
        yield _Fault("cover", gap.position, (), span, f"nobody is {gap.position}", otherwise)


def _absent(roll: Roll) -> Iterator[_Fault]:
    for person, shifts in roll.shifts.items():
        on_call = spans_of(shifts)
        for rule, spans in roll.absent[person].items():
            why, otherwise = _ABSENT[rule]
            for span in common(on_call, spans):
                yield _Fault(rule, "", (person,), span, f"{person} is on call and {why}", otherwise)


def _double(roll: Roll) -> Iterator[_Fault]:
    for person, shifts in roll.shifts.items():
        primary = spans_of(shift for shift in shifts if shift.position == "primary")
        secondary = spans_of(shift for shift in shifts if shift.position == "secondary")
        for span in common(primary, secondary):
            sentence = f"{person} is primary and secondary at once"
            yield _Fault("double", "", (person,), span, sentence, "find somebody for one of the two places")
        for rota, busy in _elsewhere(roll, person):
            for span in common([*primary, *secondary], busy):
                sentence = f"{person} is on call here and on the rota {rota} at once"
                yield _Fault("double", rota, (person,), span, sentence, f"find a swap here or on {rota}", (person,))


def _elsewhere(roll: Roll, person: str) -> list[tuple[str, list[Span]]]:
    """By rota, when somebody is on call on another."""
    found: dict[str, list[Span]] = {}
    if person in roll.members:
        for one in roll.members[person].elsewhere:
            found.setdefault(one.rota, []).append(Span(one.starts_at, one.ends_at))
    return sorted(found.items())


def _signers(roll: Roll) -> Iterator[_Fault]:
    if not roll.book.rota.signers:
        return
    able: dict[frozenset[str], bool] = {}
    short: list[Company] = []
    for company in roll.companies_within(roll.cover):
        if company.persons not in able:
            able[company.persons] = may_sign_together([roll.members[person] for person in company.persons])
        if not able[company.persons]:
            short.append(company)
    for persons, span in _joined(short):
        there = f"{listed(persons)} {'is' if len(persons) == 1 else 'are'} there" if persons else "nobody is there"
        sentence = f"no two people on call may request and approve a mandate between them ({there})"
        if len(persons) > 1:
            otherwise = "swap one of the two with somebody who may"
            yield _Fault("signers", "", persons, span, sentence, otherwise, persons)
        else:
            yield _Fault("signers", "", persons, span, sentence, "find one who may and is free by a swap")


def _competence(roll: Roll) -> Iterator[_Fault]:
    companies = roll.companies_within(roll.cover)
    people = {person for company in companies for person in company.persons}
    for requirement in roll.book.rota.requirements:
        ends = {one: competent_until(roll.members[one], requirement, roll.book.rota.zone) for one in people}
        what = said_requirement(requirement)
        otherwise = f"give a place to somebody with {what}, or record a competence that was renewed"
        for persons, span in _joined(_lacking(companies, requirement, ends)):
            sentence = f"{what} is not on call by {listed(persons, 'or')}"
            yield _Fault(
                "competence",
                f"{requirement.who}-{requirement.subject}-{requirement.level}",
                persons,
                span,
                sentence,
                otherwise,
                persons,
                requirement,
            )


def _lacking(companies: Iterable[Company], requirement: Requirement, ends: Mapping[str, datetime]) -> Iterator[Company]:
    """The times in which a requirement is not met, with those there together (`pair`), or each who does not meet it."""
    for span, persons in companies:
        groups = [persons] if requirement.who == "pair" and persons else [frozenset([one]) for one in persons]
        for group in groups:
            since = max(span.starts_at, *(ends[person] for person in group))
            if since < span.ends_at:
                yield Company(Span(since, span.ends_at), group)


def _joined(companies: Iterable[Company]) -> Iterator[tuple[tuple[str, ...], Span]]:
    """What touches and has the same people in it, as one."""
    found: dict[tuple[str, ...], list[Span]] = {}
    for company in companies:
        found.setdefault(tuple(sorted(company.persons)), []).append(company.span)
    for persons, spans in found.items():
        for span in merged(spans):
            yield persons, span
