"""Books about one person's working time, for tests: wall times of London as `2026-06-10T18:00`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.work import Work, work_of
from fleet.rota.rules.working_time import working_time_of
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding, PersonAnswers, RuleAnswer, RuleName
from protocols.rota.member import (
    Absence,
    CallOut,
    CompensatoryRest,
    OptOut,
    Regulation21,
    WorkDone,
    WorkingDay,
    WorkingTerms,
)
from protocols.rota.model import RotaPolicy
from tests.support.rota_books import book, call_out, layer, local, member, rota

WHO = "TO-12"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def done(*spans: tuple[str, str], break_min: int = 30) -> list[WorkDone]:
    """Work with a break in each of its spans."""
    return [
        WorkDone(work=f"w-{i}", person=WHO, starts_at=local(one), ends_at=local(other), break_min=break_min)
        for i, (one, other) in enumerate(spans)
    ]


def called(*spans: tuple[str, str | None]) -> list[CallOut]:
    """Call-outs; None: open."""
    return [
        call_out(WHO, local(one), None if other is None else local(other), name=f"c-{i}")
        for i, (one, other) in enumerate(spans)
    ]


def rested(*spans: tuple[str, str]) -> list[CompensatoryRest]:
    """Recorded compensatory rests."""
    return [
        CompensatoryRest(rest=f"r-{i}", person=WHO, starts_at=local(one), ends_at=local(other))
        for i, (one, other) in enumerate(spans)
    ]


def legal_book(
    starts: str = "2026-06-01T00:00",
    ends: str = "2026-06-29T00:00",
    *,
    known: str | None = None,
    as_of: str | None = None,
    hours: Sequence[WorkingDay] = (),
    work: Sequence[WorkDone] = (),
    calls: Sequence[CallOut] = (),
    rests: Sequence[CompensatoryRest] = (),
    absences: Sequence[Absence] = (),
    claim: Regulation21 | None = None,
    opt_outs: Sequence[OptOut] = (),
    reference_weeks: int = 17,
    policy: RotaPolicy | None = None,
    standby: str = "home",
    holidays: Sequence[date] = (),
) -> RotaBook:
    """A book with one person, who is on call as primary all the time, from Monday to Monday."""
    terms = WorkingTerms(
        hours=list(hours),
        regulation_21=claim,
        opt_outs=list(opt_outs),
        reference_weeks=reference_weeks,  # type: ignore[arg-type]  # 17 or 26, as its callers write them
    )
    alone = rota([layer(order=[WHO])], members=[WHO])
    made = book(
        msgspec.structs.replace(alone, policy=policy or RotaPolicy(), standby=standby),
        starts_at=local(starts),
        ends_at=local(ends),
        known_from=local(known or starts),
        as_of=local(as_of or ends),
        members=[member(WHO, terms=terms, absences=absences)],
        call_outs=calls,
    )
    return msgspec.structs.replace(made, work_done=list(work), rests=list(rests), bank_holidays=list(holidays))


def judged(of: RotaBook) -> tuple[list[Finding], PersonAnswers]:
    """What is found about that person."""
    return working_time_of(of, of.members[0], shifts_of(of))


def worked(of: RotaBook) -> Work:
    """What that person works."""
    return work_of(of, of.members[0], shifts_of(of))


def found(of: RotaBook, rule: RuleName) -> list[Finding]:
    """The findings of one rule."""
    return [one for one in judged(of)[0] if one.rule == rule]


def answer(of: RotaBook, rule: RuleName) -> RuleAnswer:
    """What one rule answers."""
    return next(one for one in judged(of)[1].rules if one.rule == rule)


def claim_since(day: str, until: str | None = None) -> Regulation21:
    """Regulation 21 claimed from a day on."""
    return Regulation21(
        reason="Presence at all hours",
        since=date.fromisoformat(day),
        until=date.fromisoformat(until) if until else None,
    )


def span(starts: str, ends: str) -> Span:
    """Between two wall times."""
    return Span(local(starts), local(ends))


def shown(at: datetime) -> str:
    """An instant in UTC, short."""
    return at.strftime("%m-%dT%H:%M")
