"""A person's year on a rota as lines: months, what each Working Time rule answers, what they can do. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from fleet.rota.rules.spans import Span as TimeSpan
from fleet.rota.rules.wall import dates_touched, local_date
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment, Finding, PersonAnswers, PersonLoad, RuleAnswer, RuleName
from protocols.rota.load import MEASURES
from protocols.rota.member import Member
from protocols.rota.model import Shift
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.rota_compare import MEASURE_WORDS, amount
from tui.rota_days import counts_of
from tui.rota_words import ANSWER_TONES, counts_words, finding_lines, mark_of_answer
from tui.words import duration

YEAR_LEGEND: tuple[tuple[str, str], ...] = (
    ("P S s", "primary, secondary, shadow"),
    ("L A", "on leave, on a deployment away"),
    ("c", "called out"),
    ("+ −", "wishes to be on call, or not to be"),
    ("R", "compensatory rest that was given"),
    ("!", "a breach or a fault that concerns them"),
    ("·", "a weekend day with nothing on it"),
)
_EXPIRES_SOON = timedelta(days=60)
_AVERAGED = timedelta(weeks=4)
"""What is found over so long a time is an average, and of no day."""

_WIDE_CELL = 4
_LABEL = 5
_BESIDE = 78
"""Where a rule's sentence stands when there is room beside its figure."""

_AT_LEAST: frozenset[RuleName] = frozenset({"daily-rest", "weekly-rest", "break"})
_POSITION_SIGNS = {"primary": "P", "secondary": "S", "shadow": "s"}


class YearDay(NamedTuple):
    """What a date says of a person: the position they have, and one sign of what else there is."""

    position: str
    sign: str
    tone: Tone


class Mark(NamedTuple):
    """A sign over a time."""

    span: TimeSpan
    sign: str
    tone: Tone


def year_days(book: RotaBook, shifts: Sequence[Shift], findings: Iterable[Finding], person: str) -> dict[date, YearDay]:
    """The dates of the book's period on which there is something about the person. Of several signs the last of
    wish, rest, absence, call-out, finding is shown."""
    zone, period = book.rota.zone, TimeSpan(book.starts_at, book.ends_at)
    signs: dict[date, tuple[str, Tone]] = {}
    for mark in [*_known_marks(book, person), *_found_marks(findings, person)]:
        part = period.overlap(mark.span)
        if part is not None:
            signs |= dict.fromkeys(dates_touched(part, zone), (mark.sign, mark.tone))
    positions = _positions(shifts, person, period, zone)
    return {day: YearDay(positions.get(day, ""), *signs.get(day, ("", "plain"))) for day in {*signs, *positions}}


def _known_marks(book: RotaBook, person: str) -> Iterator[Mark]:
    member = next((one for one in book.members if one.person == person), None)
    for wish in member.wishes if member is not None else ():
        yield Mark(TimeSpan(wish.starts_at, wish.ends_at), "+" if wish.wants == "on" else "−", "muted")
    for rest in book.rests:
        if rest.person == person:
            yield Mark(TimeSpan(rest.starts_at, rest.ends_at), "R", "good")
    for absence in member.absences if member is not None else ():
        sign = "A" if absence.kind == "away" else "L"
        yield Mark(TimeSpan(absence.starts_at, absence.ends_at), sign, "accent")
    for one in book.call_outs:
        if one.person == person:
            yield Mark(TimeSpan(one.left_home_at, one.returned_at or book.as_of), "c", "fair")


def _found_marks(findings: Iterable[Finding], person: str) -> Iterator[Mark]:
    for one in findings:
        is_short = one.ends_at - one.starts_at < _AVERAGED
        if one.answer in {"breach", "fault"} and is_short and person in one.persons:
            yield Mark(TimeSpan(one.starts_at, one.ends_at), "!", "bad")


def _positions(shifts: Sequence[Shift], person: str, period: TimeSpan, zone: str) -> dict[date, str]:
    """The position of each date: the highest that the person has on some of it."""
    found: dict[date, str] = {}
    for position in ("shadow", "secondary", "primary"):
        for shift in shifts:
            part = period.overlap(TimeSpan(shift.starts_at, shift.ends_at))
            if shift.person == person and shift.position == position and part is not None:
                found |= dict.fromkeys(dates_touched(part, zone), _POSITION_SIGNS[position])
    return found


def grid_lines(days: dict[date, YearDay], year: int, today: date, width: int) -> list[Line]:
    """A row for each month; today is marked by `◂` behind its sign where there is nothing else."""
    cell = _WIDE_CELL if width >= _LABEL + 31 * _WIDE_CELL else 2
    heads = "".join(fit(f"{number}", cell) if number % 5 == 0 or number == 1 else " " * cell for number in range(1, 32))
    lines: list[Line] = [(Span(" " * _LABEL + heads, "muted"),)]
    for month in range(1, 13):
        row: list[Span] = [
            Span(f" {date(year, month, 1):%b} ", "strong" if (year, month) == (today.year, today.month) else "muted")
        ]
        day = date(year, month, 1)
        while day.month == month:
            row += _cell(days.get(day), day, today, cell)
            day += timedelta(days=1)
        lines.append(tuple(row))
    return lines


def _cell(found: YearDay | None, day: date, today: date, width: int) -> list[Span]:
    empty = "·" if day.weekday() >= 5 else " "
    position = found.position if found is not None else ""
    sign = found.sign if found is not None else ""
    tone: Tone = "title" if day == today else "strong" if position else "rule"
    beside = sign or ("◂" if day == today else " ")
    return [
        Span(position or (empty if not sign else " "), tone),
        Span(fit(beside, width - 1), found.tone if found is not None and sign else "muted"),
    ]


def answer_lines(answers: PersonAnswers, width: int) -> list[Line]:
    """Each Working Time rule: its answer, its regulation, the figure, the words; then what is owed and agreed."""
    lines: list[Line] = [(Span(" WORKING TIME", "accent"), Span("   the worst of the year; not legal advice", "muted"))]
    for one in answers.rules:
        head: Line = (
            Span(f" {mark_of_answer(one.answer)} ", ANSWER_TONES[one.answer]),
            Span(fit(one.rule, 16), "plain"),
            Span(fit(f"reg. {one.regulation.removeprefix('reg. ')}", 12), "muted"),
            Span(fit(one.answer, 25), ANSWER_TONES[one.answer]),
            Span(fit(figure_words(one), 22), "strong"),
        )
        if width >= _LABEL + 31 * _WIDE_CELL:
            first, *others = wrap(one.sentence, width - _BESIDE - 1, "muted") or [()]
            lines += [(*head, *first), *[(Span(" " * _BESIDE), *more) for more in others]]
        else:
            lines += [head, *[(Span("     "), *line) for line in wrap(one.sentence, max(20, width - 6), "muted")]]
    owed = f"{duration(answers.owed_min * 60)} of compensatory rest owed" if answers.owed_min else "no rest owed"
    claim = (
        f"regulation 21 claimed since {answers.regulation_21}" if answers.regulation_21 else "regulation 21 not claimed"
    )
    agreed = [
        (Span(owed, "fair" if answers.owed_min else "good"),),
        (Span(claim, "muted"),),
        (Span(f"averages over {answers.reference_weeks} weeks", "muted"),),
        (Span("opted out of 48 h" if answers.opted_out else "not opted out", "muted"),),
    ]
    text = joined(agreed, " · ")
    return [*lines, *_fitting(text, agreed, width)]


def _fitting(text: Line, parts: list[tuple[Span]], width: int) -> list[Line]:
    """In one line where there is room, else in two."""
    if sum(len(span.text) for span in text) + 1 <= width:
        return [(Span(" "), *text)]
    return [(Span(" "), *joined(parts[:2], " · ")), (Span(" "), *joined(parts[2:], " · "))]


def figure_words(one: RuleAnswer) -> str:
    """`46.2 h, at most 48`, `11.5 h, at least 11`; nothing where nothing was measured."""
    if one.measured is None:
        return ""
    bound = "at least" if one.rule in _AT_LEAST else "at most"
    limit = f", {bound} {one.limit:g}" if one.limit is not None else ""
    return f"{one.measured:.4g} {one.unit}{limit}"


def member_lines(member: Member, today: date) -> list[Line]:
    """What they can do, until when, and their share of the work."""
    lines: list[Line] = [(Span(" COMPETENCES", "accent"), Span(f"   share {member.terms.share_percent} %", "muted"))]
    for one in member.terms.competences:
        level = f" level {one.level}" if one.level else ""
        lines.append(
            (
                Span(f"   {fit(one.subject + level, 30)}"),
                expiry_words(one.valid_until, today),
                Span(f"  {one.evidence}", "muted"),
            )
        )
    return lines if member.terms.competences else [*lines, (Span("   none is known", "muted"),)]


def expiry_words(until: date | None, today: date) -> Span:
    """Until when a competence counts; what has ended or soon will is said so."""
    if until is None:
        return Span("does not expire", "muted")
    day = f"{until.day} {until:%b %Y}"
    if until < today:
        return Span(f"ended {day}", "bad")
    return Span(f"until {day}", "fair" if until - today <= _EXPIRES_SOON else "plain")


def load_line(load: PersonLoad) -> Line:
    """How much they have in the year, measure by measure."""
    told = [
        (Span(f"{MEASURE_WORDS[measure]} ", "muted"), Span(amount(measure, getattr(load.load, measure)), "strong"))
        for measure in MEASURES
        if getattr(load.load, measure)
    ]
    return joined(told, "  ") if told else (Span("nothing on call this year", "muted"),)


def year_lines(
    book: RotaBook, shifts: Sequence[Shift], found: Assessment | None, person: str, year: int, width: int
) -> list[Line]:
    """The whole page but for its title; `found` is None until it is known."""
    today = local_date(book.as_of, book.rota.zone)
    findings = found.findings if found is not None else []
    lines = grid_lines(year_days(book, shifts, findings, person), year, today, width)
    lines.append(())
    if found is None:
        lines.append((Span(" judging the year …", "muted"),))
    else:
        lines += _judged_lines(found, person, width)
    member = next((one for one in book.members if one.person == person), None)
    return lines if member is None else [*lines, (), *member_lines(member, today)]


def _judged_lines(found: Assessment, person: str, width: int) -> list[Line]:
    load = next((one for one in found.quality.loads if one.person == person), None)
    answers = next((one for one in found.people if one.person == person), None)
    mine = [one for one in found.findings if person in one.persons and one.answer != "ok"]
    lines: list[Line] = [(Span(" "), *load_line(load)), ()] if load is not None else []
    if answers is not None:
        lines += answer_lines(answers, width)
    else:
        lines.append((Span(" their working time is seen by themselves, supervisors and inspectors", "muted"),))
    lines += [(), (Span(" FINDINGS  ", "accent"), *counts_words(counts_of(mine)))]
    for one in mine:
        lines += finding_lines(one, width, remedy=True)
    return lines
