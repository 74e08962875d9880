"""The findings of the Working Time rules about one person, in words and with the shifts concerned. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fleet.rota.rules import legal_words
from fleet.rota.rules.averages import NIGHT_LIMIT_H, WEEKLY_LIMIT_H, Average, claimed, last_date, window_span
from fleet.rota.rules.breaks import BREAK, ShortBreak
from fleet.rota.rules.compensation import Missed, whole_minutes
from fleet.rota.rules.rest import DAILY_REST, WEEKLY_REST, ShortRest, ShortWeek
from fleet.rota.rules.spans import Span, common, merged, near
from fleet.rota.rules.wall import midnight
from fleet.rota.rules.words import key_time
from fleet.rota.rules.work import Work
from protocols.rota.book import RotaBook
from protocols.rota.findings import Answer, Finding, RuleName
from protocols.rota.member import Member
from protocols.rota.model import Shift

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Person:
    """Somebody to be judged: what they work, and their own shifts in order."""

    book: RotaBook
    member: Member
    work: Work
    shifts: Sequence[Shift]

    @property
    def name(self) -> str:
        """Who it is."""
        return self.member.person

    @property
    def period(self) -> Span:
        """What is judged."""
        return Span(self.book.starts_at, self.book.ends_at)

    @property
    def fortnight(self) -> bool:
        """Whether weekly rest is counted by fortnights."""
        return self.book.rota.policy.weekly_rest == "fortnight"

    def claims(self, span: Span) -> bool:
        """Whether regulation 21 is claimed for what ends there."""
        return claimed(self.member.terms.regulation_21, last_date(span, self.work.zone))

    def concerned(self, about: Span) -> list[Shift]:
        """Their shifts in which work of that time lies: call-outs, or standby at the workplace."""
        at_work = self.book.rota.standby == "workplace"
        worked = [about] if at_work else common([about], near(about, self.work.call_outs))
        return [
            shift
            for shift in self.shifts
            if shift.starts_at < about.ends_at
            and not (at_work and shift.position == "shadow")
            and any(shift.starts_at < one.ends_at and one.starts_at < shift.ends_at for one in worked)
        ]


def _finding(
    person: Person,
    rule: RuleName,
    regulation: str,
    answer: Answer,
    span: Span,
    words: legal_words.Words,
    *,
    about: Span,
    measured: float | None = None,
    limit: float | None = None,
    unit: str = "",
    owed: timedelta = timedelta(0),
) -> Finding:
    return Finding(
        key=f"{rule}:{person.name}:{key_time(span.starts_at)}",
        rule=rule,
        regulation=regulation,
        answer=answer,
        persons=[person.name],
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        sentence=words[0],
        remedy=words[1],
        shifts=person.concerned(about),
        measured=measured,
        limit=limit,
        unit=unit,
        owed_min=whole_minutes(owed),
    )


def weekly_finding(person: Person, span: Span, worst: Average) -> Finding:
    """Of windows with more than 48 h a week, of which `worst` is the highest."""
    words = legal_words.weekly_average(person.name, worst, WEEKLY_LIMIT_H)
    return _finding(
        person,
        "weekly-average",
        "4(1)",
        "breach",
        span,
        words,
        about=window_span(worst.window, person.work.zone),
        measured=worst.hours,
        limit=WEEKLY_LIMIT_H,
        unit="h",
    )


def night_finding(person: Person, answer: Answer, span: Span, worst: Average) -> Finding:
    """Of windows with more than 8 h in 24, of which `worst` is the highest."""
    words = legal_words.night_average(person.name, worst, NIGHT_LIMIT_H)
    return _finding(
        person,
        "night-average",
        "6(1)",
        answer,
        span,
        words,
        about=window_span(worst.window, person.work.zone),
        measured=worst.hours,
        limit=NIGHT_LIMIT_H,
        unit="h",
    )


def reference_findings(person: Person, refused: Sequence[date]) -> list[Finding]:
    """The weeks at whose end the longer reference period was not taken."""
    zone = person.work.zone
    weeks = merged(Span(midnight(end - _WEEK, zone), midnight(end, zone)) for end in refused)
    return [
        _finding(
            person,
            "reference-period",
            "4(5)",
            "warning",
            span,
            legal_words.reference_period(person.name, last_date(span, zone)),
            about=Span(span.ends_at, span.ends_at),
        )
        for span in weeks
    ]


def rest_finding(person: Person, missed: Missed) -> Finding:
    """What is told of rest that was missed."""
    regulation, measured, limit, unit = _measure(person, missed)
    said, remedy = _rest_words(person, missed)
    if missed.owed:
        joins = "and" if missed.answer == "breach" else "or"
        rest = legal_words.give_rest(missed.owed, missed.span, person.work.zone)
        remedy = f"{remedy}, {joins} {rest}" if remedy else f"{rest[0].upper()}{rest[1:]}"
    return _finding(
        person,
        missed.rule,
        regulation,
        missed.answer,
        missed.span,
        legal_words.Words(said, remedy or legal_words.TOO_LATE),
        about=_about(missed),
        measured=measured,
        limit=limit,
        unit=unit,
        owed=missed.owed,
    )


def _rest_words(person: Person, missed: Missed) -> legal_words.Words:
    short, zone = missed.short, person.work.zone
    if isinstance(short, ShortRest):
        return legal_words.daily_rest(person.name, short, person.work)
    if isinstance(short, ShortWeek):
        return legal_words.weekly_rest(person.name, short, person.work, person.book.as_of, fortnight=person.fortnight)
    if isinstance(short, ShortBreak):
        return legal_words.short_break(person.name, short, zone)
    return legal_words.run_of_days(person.name, short, person.book.rota.policy.run_days, zone)


def _measure(person: Person, missed: Missed) -> tuple[str, float, float, str]:
    """Regulation, what was measured, its limit and their unit."""
    short = missed.short
    if isinstance(short, ShortRest):
        return "10(1)", short.rest / _HOUR, DAILY_REST / _HOUR, "h"
    if isinstance(short, ShortWeek):
        return ("11(2)" if person.fortnight else "11(1)"), short.rest / _HOUR, WEEKLY_REST / _HOUR, "h"
    if isinstance(short, ShortBreak):
        return "12(1)", short.breaks / _MINUTE, BREAK / _MINUTE, "min"
    return "24", short.days, person.book.rota.policy.run_days, "days"


def _about(missed: Missed) -> Span:
    """Where the work lies because of which rest was missed."""
    short = missed.short
    if not isinstance(short, ShortRest):
        return missed.span
    if short.before is not None:
        return Span(max(short.began, short.before.starts_at - 24 * _HOUR), short.before.ends_at)
    if short.within is not None:
        return Span(short.began, short.within.ends_at)
    return Span(short.began, short.began + 24 * _HOUR)
