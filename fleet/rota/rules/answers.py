"""What every Working Time rule says of one person in the period. Pure."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fleet.rota.rules.averages import NIGHT_LIMIT_H, WEEKLY_LIMIT_H, Average
from fleet.rota.rules.breaks import BREAK, long_spells
from fleet.rota.rules.compensation import Missed
from fleet.rota.rules.legal_words import hours, length
from fleet.rota.rules.rest import (
    DAILY_REST,
    WEEKLY_REST,
    ShortRest,
    ShortWeek,
    shortest_daily_rest,
    shortest_weekly_rest,
)
from fleet.rota.rules.runs import runs
from fleet.rota.rules.spans import Span
from fleet.rota.rules.work import Work
from protocols.rota.findings import ANSWER_ORDER, Finding, RuleAnswer, RuleName
from protocols.rota.model import RotaPolicy

_HOUR = timedelta(hours=1)
_GIVEN = "; what was missing was given as compensatory rest (reg. 24)"
_MORE_IS_WORSE: tuple[RuleName, ...] = ("weekly-average", "night-average", "run-of-days")


def worst(findings: Iterable[Finding]) -> RuleAnswer:
    """The answer of a rule that has findings: its worst."""

    def badness(one: Finding) -> tuple[int, float]:
        measured = one.measured or 0.0
        return ANSWER_ORDER.index(one.answer), -measured if one.rule in _MORE_IS_WORSE else measured

    found = min(findings, key=badness)
    return RuleAnswer(
        rule=found.rule,
        regulation=found.regulation or "",
        answer=found.answer,
        sentence=found.sentence,
        measured=found.measured,
        limit=found.limit,
        unit=found.unit,
    )


def weekly_average_ok(averages: Sequence[Average], *, lifted: bool) -> RuleAnswer:
    """Of averages of which none is told; `lifted`: an opt-out lifts the limit from one that is over it."""
    highest = max((one.hours for one in averages), default=None)
    said = "No whole week of work is known" if highest is None else f"At most {hours(highest)} a week on average"
    return RuleAnswer(
        rule="weekly-average",
        regulation="4(1)",
        answer="ok",
        sentence=f"{said}; an opt-out lifts the limit of 48 h (reg. 5)" if lifted else said,
        measured=highest,
        limit=WEEKLY_LIMIT_H,
        unit="h",
    )


def night_average_ok(averages: Sequence[Average]) -> RuleAnswer:
    """Of the averages of a night worker of which none is over the limit; there are none of anybody else."""
    highest = max((one.hours for one in averages), default=None)
    said = (
        "Not a night worker" if highest is None else f"A night worker with at most {hours(highest)} in 24 h on average"
    )
    return RuleAnswer(
        rule="night-average",
        regulation="6(1)",
        answer="ok",
        sentence=said,
        measured=highest,
        limit=NIGHT_LIMIT_H,
        unit="h",
    )


def daily_rest_ok(work: Work, period: Span, given: Iterable[Missed]) -> RuleAnswer:
    """Of daily rests of which none is told; `given` are those which were compensated."""
    short = [one.short.rest for one in given if isinstance(one.short, ShortRest)]
    lowest = min([*short, *_some(shortest_daily_rest(work, period))], default=None)
    said = "No rest between two days of work" if lowest is None else f"At least {length(lowest)} of rest between work"
    return RuleAnswer(
        rule="daily-rest",
        regulation="10(1)",
        answer="ok",
        sentence=said + (_GIVEN if short else ""),
        measured=None if lowest is None else lowest / _HOUR,
        limit=DAILY_REST / _HOUR,
        unit="h",
    )


def weekly_rest_ok(work: Work, period: Span, given: Iterable[Missed], *, fortnight: bool) -> RuleAnswer:
    """Of weekly rests of which none is told."""
    short = [one.short.rest for one in given if isinstance(one.short, ShortWeek)]
    lowest = min([*short, *_some(shortest_weekly_rest(work, period, fortnight=fortnight))], default=None)
    weeks = "fortnight" if fortnight else "week"
    said = f"No whole {weeks} is known"
    if lowest is not None:
        said = f"At least {length(lowest)} of rest in a row every {weeks}"
    return RuleAnswer(
        rule="weekly-rest",
        regulation="11(2)" if fortnight else "11(1)",
        answer="ok",
        sentence=said + (_GIVEN if short else ""),
        measured=None if lowest is None else lowest / _HOUR,
        limit=WEEKLY_REST / _HOUR,
        unit="h",
    )


def break_ok(work: Work, period: Span) -> RuleAnswer:
    """Of breaks of which none is told."""
    breaks = [one.breaks for one in long_spells(work) if period.starts_at < one.span.ends_at <= period.ends_at]
    lowest = min(breaks, default=None)
    said = "No work of more than 6 h" if lowest is None else f"At least {length(lowest)} of breaks in work of over 6 h"
    return RuleAnswer(
        rule="break",
        regulation="12(1)",
        answer="ok",
        sentence=said + (_GIVEN if lowest is not None and lowest < BREAK else ""),
        measured=None if lowest is None else lowest / timedelta(minutes=1),
        limit=BREAK / timedelta(minutes=1),
        unit="min",
    )


def run_ok(work: Work, period: Span, policy: RotaPolicy) -> RuleAnswer:
    """Of runs of days of which none is told."""
    days = [one.days for one in runs(work) if period.starts_at < one.span.ends_at <= period.ends_at]
    longest = max(days, default=0)
    said = f"At most {longest} {'day' if longest == 1 else 'days'} of work in a row" if longest else "No work"
    return RuleAnswer(
        rule="run-of-days",
        regulation="24",
        answer="ok",
        sentence=said + (_GIVEN if longest > policy.run_days else ""),
        measured=longest,
        limit=policy.run_days,
        unit="days",
    )


def _some(one: timedelta | None) -> list[timedelta]:
    return [] if one is None else [one]
