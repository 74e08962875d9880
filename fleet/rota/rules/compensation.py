"""Compensatory rest (reg. 24): what is owed for missed rest, and what recorded rests pay: docs/rota-rules.md, "Working
time". Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.rota.rules.averages import claimed, last_date
from fleet.rota.rules.breaks import BREAK, ShortBreak, short_breaks
from fleet.rota.rules.rest import DAILY_REST, ShortRest, ShortWeek, daily_rest, short_weeks
from fleet.rota.rules.runs import OWED, Run, runs
from fleet.rota.rules.spans import Span, minus, near, total
from fleet.rota.rules.work import Work
from protocols.rota.findings import Answer, RuleName
from protocols.rota.member import CompensatoryRest, Regulation21
from protocols.rota.model import RotaPolicy

PAID_WITHIN = timedelta(days=14)
"""Until how long after rest was missed its compensation may begin."""


Shortfall = ShortRest | ShortWeek | ShortBreak | Run

_ORDER: tuple[RuleName, ...] = ("daily-rest", "weekly-rest", "break", "run-of-days")


class Missed(NamedTuple):
    """Rest that somebody missed: how much of it, the answer, and what is still owed for it."""

    rule: RuleName
    span: Span
    short: Shortfall
    debt: timedelta
    answer: Answer = "breach"
    owed: timedelta = timedelta(0)


def missed_rest(
    work: Work, policy: RotaPolicy, claim: Regulation21 | None, rests: Sequence[CompensatoryRest]
) -> list[Missed]:
    """All rest that was missed since anything is known, by when that ended; with what `rests`, those of that person,
    leave owed. `ok` is what needed compensatory rest and got it."""
    found = _missed(work, policy)
    owed = unpaid([(one.span, one.debt) for one in found], rests, work.spells)
    return [
        one._replace(owed=left, answer=_answer(one, left, claimed(claim, last_date(one.span, work.zone))))
        for one, left in zip(found, owed, strict=True)
    ]


def _missed(work: Work, policy: RotaPolicy) -> list[Missed]:
    weeks = short_weeks(work, fortnight=policy.weekly_rest == "fortnight")
    found = [
        *(Missed("daily-rest", one.span, one, DAILY_REST - one.rest) for one in daily_rest(work)),
        *(Missed("weekly-rest", one.span, one, one.owed) for one in weeks),
        *(Missed("break", one.span, one, BREAK - one.breaks) for one in short_breaks(work)),
        *(Missed("run-of-days", one.span, one, OWED) for one in runs(work) if one.days > policy.run_days),
    ]
    return sorted(found, key=lambda one: (one.span.ends_at, one.span.starts_at, _ORDER.index(one.rule)))


def _answer(missed: Missed, owed: timedelta, is_claimed: bool) -> Answer:
    if missed.rule != "run-of-days" and not is_claimed:
        return "breach"
    return "needs compensatory rest" if owed else "ok"


def unpaid(
    missed: Sequence[tuple[Span, timedelta]], rests: Iterable[CompensatoryRest], spells: Sequence[Span]
) -> list[timedelta]:
    """What is still owed for each of `missed` (where rest was missed, and how much), in their order, when the rests of
    that person pay one after the other. Work in a rest, and what an earlier rest covers, pays nothing. `spells` are
    joined and in order."""
    given = _given(rests, spells)
    left = [length for _, length in given]
    owed: list[timedelta] = []
    for span, debt in missed:
        rest_owed = debt
        for i, (rest, _) in enumerate(given):
            if rest_owed and rest.ends_at > span.starts_at and rest.starts_at <= span.ends_at + PAID_WITHIN:
                paid = min(rest_owed, left[i])
                left[i] -= paid
                rest_owed -= paid
        owed.append(rest_owed)
    return owed


def _given(rests: Iterable[CompensatoryRest], spells: Sequence[Span]) -> list[tuple[Span, timedelta]]:
    """The rests in order, with how much of each counts."""
    found: list[tuple[Span, timedelta]] = []
    counted = datetime.min.replace(tzinfo=UTC)
    for rest in sorted(Span(one.starts_at, one.ends_at) for one in rests):
        new = Span(max(rest.starts_at, counted), rest.ends_at)
        found.append((rest, total(minus([new], near(rest, spells)))))
        counted = max(counted, rest.ends_at)
    return found


def whole_minutes(length: timedelta) -> int:
    """A length in minutes, rounded up."""
    return -(-length // timedelta(minutes=1))
