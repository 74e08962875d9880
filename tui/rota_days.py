"""The days of a rota's book as a board shows them: who has what, gaps, what is special, what was found. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from msgspec import structs

from fleet.rota.rules.schedule import gaps
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import Turn
from fleet.rota.rules.wall import day_span, instant, local_date, midnight, monday_of, on_date
from protocols.rota.book import RotaBook
from protocols.rota.findings import ANSWER_ORDER, Answer, Finding, RuleName
from protocols.rota.model import Gap, Position, Shift
from tui.rota_holidays import holiday_name

POSITIONS: tuple[Position, ...] = ("primary", "secondary", "shadow")
WHOLE_DAY_H = 24
_DAY = timedelta(days=1)
_NOON = time(12)
_AVERAGES: frozenset[RuleName] = frozenset({"weekly-average", "night-average", "reference-period"})

GapState = Literal["", "gap", "was"]
"""`gap`: from now on some of the day has nobody; `was`: some of it had nobody, and is over."""


class Held(NamedTuple):
    """A position on a day. `person` is who takes it over on that day, else who has it; None: nobody all day long.
    `others` is how many more people have it on that day. `is_needed` is False where nobody has to."""

    person: str | None
    hands_over: bool
    others: int
    gap: GapState
    is_needed: bool
    shifts: tuple[Shift, ...]


class RotaDay(NamedTuple):
    """A local date of the rota's zone. `extra_h` is +1 where it has 25 hours because of a clock change, −1 where 23."""

    day: date
    holiday: str
    extra_h: int
    held: dict[Position, Held]
    findings: tuple[Finding, ...]

    def worst(self, person: str | None = None) -> Finding | None:
        """The worst finding of the day, of `person` where one is given."""
        return next((one for one in self.findings if person is None or person in one.persons), None)


def weeks_of(month: date) -> tuple[date, date]:
    """The first Monday and the last Sunday of the weeks that a month has a part in; `month` is a day of it."""
    first = month.replace(day=1)
    last = (first + 31 * _DAY).replace(day=1) - _DAY
    return monday_of(first), monday_of(last) + 6 * _DAY


def month_step(month: date, by: int) -> date:
    """The first day of the month that is `by` months later."""
    years, index = divmod(month.year * 12 + month.month - 1 + by, 12)
    return date(years, index + 1, 1)


def period_of(first: date, last: date, zone: str) -> Span:
    """From the midnight of one date to the end of another."""
    return Span(midnight(first, zone), midnight(last + _DAY, zone))


def from_its_beginning(book: RotaBook, now: datetime) -> RotaBook:
    """The book from where its rota begins, if that is later, but from `now` at the latest: before, nobody had to be on
    call."""
    began = min((instant(layer.starts, book.rota.zone) for layer in book.rota.layers), default=book.starts_at)
    starts_at = max(book.starts_at, min(began, now))
    return structs.replace(book, starts_at=starts_at) if starts_at < book.ends_at else book


def days_of(
    book: RotaBook, shifts: Sequence[Shift], findings: Iterable[Finding], first: date, last: date, now: datetime
) -> list[RotaDay]:
    """Every date from `first` to `last`, both counted in, in order. `shifts` and `findings` are the book's."""
    zone = book.rota.zone
    window = period_of(first, last, zone)
    touching = [shift for shift in shifts if window.overlap(Span(shift.starts_at, shift.ends_at))]
    judged = window.overlap(Span(book.starts_at, book.ends_at))
    missing = gaps(book.rota, touching, judged) if judged is not None else []
    positions = _shown(book, touching)
    # What began before is cut where work is known from: nobody is known to take over there.
    known = book.known_from + timedelta(microseconds=1)
    worst_first = sorted(findings, key=lambda one: ANSWER_ORDER.index(one.answer))
    holidays = set(book.bank_holidays)
    found: list[RotaDay] = []
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        span = day_span(day, zone)
        held = {position: _held(position, span, touching, missing, known, now) for position in positions}
        hours = round(span.length / timedelta(hours=1))
        name = holiday_name(day) if day in holidays else ""
        of_day = tuple(one for one in worst_first if _is_of(one, span))
        found.append(RotaDay(day, name, hours - WHOLE_DAY_H, held, of_day))
    return found


def _shown(book: RotaBook, shifts: Sequence[Shift]) -> list[Position]:
    """The positions that the rota needs or that somebody has."""
    needed = {*book.rota.positions, *(layer.position for layer in book.rota.layers), *(one.position for one in shifts)}
    return [position for position in POSITIONS if position in needed]


def _touches(span: Span, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether something is on a day; what has no length, as a handover, is where it begins."""
    return starts_at < span.ends_at and (ends_at > span.starts_at or starts_at >= span.starts_at)


def _is_of(finding: Finding, span: Span) -> bool:
    """Whether a finding is told on a day; an average over many weeks is told where they end."""
    if finding.rule in _AVERAGES:
        return span.starts_at < finding.ends_at <= span.ends_at
    return _touches(span, finding.starts_at, finding.ends_at)


def _held(
    position: Position, span: Span, shifts: Sequence[Shift], missing: Sequence[Gap], known: datetime, now: datetime
) -> Held:
    """`known`: a shift that begins earlier may be the rest of one that began before."""
    here = [one for one in shifts if one.position == position and _touches(span, one.starts_at, one.ends_at)]
    empty = [
        part
        for gap in missing
        if gap.position == position and (part := span.overlap(Span(gap.starts_at, gap.ends_at))) is not None
    ]
    state: GapState = "" if not empty else "gap" if any(part.ends_at > now for part in empty) else "was"
    if not here:
        return Held(None, hands_over=False, others=0, gap=state, is_needed=bool(empty), shifts=())
    before = [one for one in shifts if one.position == position and one.ends_at == here[0].starts_at]
    taken = [*before, *here] if here[0].starts_at >= span.starts_at else here
    comes = next((one for one in here if one.starts_at >= max(span.starts_at, known) and _is_new(one, taken)), None)
    shown = comes or here[0]
    people = {one.person for one in here}
    return Held(shown.person, comes is not None, len(people) - 1, state, is_needed=True, shifts=tuple(here))


def _is_new(shift: Shift, shifts: Sequence[Shift]) -> bool:
    """Whether nobody, or another person, had the position until the shift begins."""
    return not any(one.ends_at == shift.starts_at and one.person == shift.person for one in shifts)


def dates_of_turn(turn: Turn, zone: str) -> tuple[date, date]:
    """The local dates of a turn, the first and the last: those whose noon lies in it, at least the one on which it
    begins."""
    first = local_date(turn.span.starts_at, zone)
    last = local_date(turn.span.ends_at, zone)
    if on_date(last, _NOON, zone) >= turn.span.ends_at:
        last -= _DAY
    if on_date(first, _NOON, zone) < turn.span.starts_at and last > first:
        first += _DAY
    return first, max(first, last)


def counts_of(findings: Iterable[Finding]) -> dict[Answer, int]:
    """How many findings there are of each answer, the worst first; without those that are ok."""
    found = [one.answer for one in findings]
    return {answer: found.count(answer) for answer in ANSWER_ORDER if answer != "ok" and answer in found}
