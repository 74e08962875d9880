"""What the Working Time rules find in a rota's book: docs/rota-rules.md, "Working time". Pure. An answer is never a
claim of legal certainty."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from fleet.rota.rules import answers
from fleet.rota.rules.averages import (
    WEEKS,
    Average,
    Window,
    last_date,
    night_averages,
    night_windows,
    opted_out,
    weekly_averages,
    window_span,
    windows,
)
from fleet.rota.rules.compensation import Missed, missed_rest, whole_minutes
from fleet.rota.rules.spans import Span, merged
from fleet.rota.rules.work import Work, work_of
from fleet.rota.rules.working_findings import Person, night_finding, reference_findings, rest_finding, weekly_finding
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Answer, Finding, PersonAnswers, RuleAnswer, RuleName
from protocols.rota.member import Member
from protocols.rota.model import Shift


def working_time(book: RotaBook, shifts: Sequence[Shift]) -> tuple[list[Finding], list[PersonAnswers]]:
    """All findings of the Working Time rules, by time, and every member's answers, in the book's order. `shifts` are
    all of the rota from `known_from` to `ends_at`. Raises ZoneInfoNotFoundError for a zone that does not exist."""
    theirs: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        theirs[shift.person].append(shift)
    found: list[Finding] = []
    people: list[PersonAnswers] = []
    for member in book.members:
        findings, person = working_time_of(book, member, theirs[member.person])
        found += findings
        people.append(person)
    return sorted(found, key=lambda one: (one.starts_at, one.ends_at, one.key)), people


def working_time_of(book: RotaBook, member: Member, shifts: Sequence[Shift]) -> tuple[list[Finding], PersonAnswers]:
    """The findings about one person, by time, and their answers. Of `shifts` only theirs count."""
    own = [shift for shift in shifts if shift.person == member.person]
    person = Person(book, member, work_of(book, member, own), own)
    rests = [one for one in book.rests if one.person == member.person]
    missed = missed_rest(person.work, book.rota.policy, member.terms.regulation_21, rests)
    in_period = [one for one in missed if book.starts_at < one.span.ends_at <= book.ends_at]
    findings = [rest_finding(person, one) for one in in_period if one.answer != "ok"]
    averages, rules = _averages(person)
    findings = sorted([*findings, *averages], key=lambda one: (one.starts_at, one.ends_at, one.key))
    given = [one for one in in_period if one.answer == "ok"]
    owed = sum((one.owed for one in missed), timedelta(0))
    return findings, _answers(person, findings, [*rules, *_rests_ok(person, given)], owed)


def _rests_ok(person: Person, given: Sequence[Missed]) -> list[RuleAnswer]:
    """What the rules about rest say when they have no finding."""
    work, period = person.work, person.period
    return [
        answers.daily_rest_ok(work, period, given),
        answers.weekly_rest_ok(work, period, given, fortnight=person.fortnight),
        answers.break_ok(work, period),
        answers.run_ok(work, period, person.book.rota.policy),
    ]


def _answers(person: Person, findings: Iterable[Finding], good: Iterable[RuleAnswer], owed: timedelta) -> PersonAnswers:
    """Every rule's worst answer, or `good` where it has no finding."""
    by_rule: dict[RuleName, list[Finding]] = defaultdict(list)
    for one in findings:
        by_rule[one.rule].append(one)
    rules = {answer.rule: answer for answer in good}
    rules |= {rule: answers.worst(by_rule[rule]) for rule in WORKING_TIME_RULES if by_rule[rule]}
    terms, period = person.member.terms, person.period
    claims = person.claims(period)
    last = last_date(period, person.work.zone)
    return PersonAnswers(
        person=person.name,
        rules=[rules[rule] for rule in WORKING_TIME_RULES],
        owed_min=whole_minutes(owed),
        regulation_21=terms.regulation_21.since.isoformat() if terms.regulation_21 is not None and claims else None,
        reference_weeks=terms.reference_weeks if claims else WEEKS,
        opted_out=opted_out(terms.opt_outs, Window(last, last + timedelta(days=1))),
    )


def _averages(person: Person) -> tuple[list[Finding], list[RuleAnswer]]:
    """The findings of both averages and of the reference period, and what the averages say without one."""
    work, terms = person.work, person.member.terms
    judged, refused = windows(work, person.period, terms)
    weekly = weekly_averages(work, judged)
    over = [one for one in weekly if one.over]
    told = [one for one in over if not opted_out(terms.opt_outs, one.window)]
    nightly = night_averages(work, night_windows(work, person.period))
    findings = [weekly_finding(person, span, worst) for span, worst in _joined(work, told)]
    answer: Answer
    for answer in ("breach", "needs compensatory rest"):
        claims = answer != "breach"
        same = [one for one in nightly if one.over and person.claims(window_span(one.window, work.zone)) == claims]
        findings += [night_finding(person, answer, span, worst) for span, worst in _joined(work, same)]
    findings += reference_findings(person, refused)
    lifted = len(told) < len(over)
    return findings, [answers.weekly_average_ok(weekly, lifted=lifted), answers.night_average_ok(nightly)]


def _joined(work: Work, averages: Sequence[Average]) -> list[tuple[Span, Average]]:
    """The averages whose windows touch or overlap as one, with the highest of them."""
    spans = {window_span(one.window, work.zone): one for one in averages}
    return [
        (span, max((one for part, one in spans.items() if part.overlap(span)), key=lambda one: one.hours))
        for span in merged(spans)
    ]
