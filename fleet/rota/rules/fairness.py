"""Fair shares: how much of the on-call work each person has, and what would be their share of it. Pure.

Everything is linear in who is on call when: `contribution` of two pieces of time that do not overlap is the sum of
theirs, so that a solver can count each turn beforehand. docs/rota-rules.md, "Fair shares", is the contract in words.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import chain
from typing import Literal, NamedTuple

from fleet.rota.rules.spans import Span, common, merged
from fleet.rota.rules.wall import dates_touched, local_date, midnight, on_date
from protocols.rota.book import RotaBook
from protocols.rota.findings import PersonLoad
from protocols.rota.load import MEASURES, Load
from protocols.rota.member import Member
from protocols.rota.model import Position, Shift

MarkMeasure = Literal["weekend_days", "bank_holidays", "festive_days", "nights"]
FESTIVE_DAYS = frozenset({(12, 25), (12, 26), (1, 1)})
"""Month and day: the days themselves, whatever day is given instead of them."""

_NOON = time(12)
_NIGHT_AFTER_MIDNIGHT = timedelta(hours=3)
_DAY = timedelta(days=1)
_SATURDAY = 5


class Mark(NamedTuple):
    """One day or night that counts: for `measure`, one for each person on call at `at`, an instant in UTC."""

    measure: MarkMeasure
    at: datetime


class Tally(NamedTuple):
    """How much of the work some pieces of time are: real seconds in either position, the rest as in `Load`."""

    primary_s: int = 0
    secondary_s: int = 0
    weekend_days: int = 0
    bank_holidays: int = 0
    festive_days: int = 0
    nights: int = 0
    days_away: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*(one + two for one, two in zip(self, other, strict=True)))

    def less(self, other: "Tally") -> "Tally":
        """This one without the other."""
        return Tally(*(one - two for one, two in zip(self, other, strict=True)))

    @property
    def load(self) -> Load:
        """The same with whole hours, rounded down."""
        return Load(
            primary_h=self.primary_s // 3600,
            secondary_h=self.secondary_s // 3600,
            weekend_days=self.weekend_days,
            bank_holidays=self.bank_holidays,
            festive_days=self.festive_days,
            nights=self.nights,
            days_away=self.days_away,
        )


def dates_of(book: RotaBook) -> list[tuple[date, datetime]]:
    """The local dates of the period, which are those whose noon lies in it, each with the instant of its noon."""
    zone = book.rota.zone
    days = dates_touched(Span(book.starts_at, book.ends_at), zone)
    noons = ((day, on_date(day, _NOON, zone)) for day in days)
    return [(day, noon) for day, noon in noons if book.starts_at <= noon < book.ends_at]


def marks(book: RotaBook) -> list[Mark]:
    """Every day and night of the period that counts, in order of their instants."""
    bank_holidays = frozenset(book.bank_holidays)
    found: list[Mark] = []
    for day, noon in dates_of(book):
        if day.weekday() >= _SATURDAY:
            found.append(Mark("weekend_days", noon))
        if day in bank_holidays:
            found.append(Mark("bank_holidays", noon))
        if (day.month, day.day) in FESTIVE_DAYS:
            found.append(Mark("festive_days", noon))
    found += [Mark("nights", at) for at in _nights(book)]
    return sorted(found, key=_instant)


def _nights(book: RotaBook) -> list[datetime]:
    zone = book.rota.zone
    first, last = local_date(book.starts_at, zone), local_date(book.ends_at, zone)
    ends = (midnight(first + _DAY * i, zone) + _NIGHT_AFTER_MIDNIGHT for i in range((last - first).days + 1))
    return [at for at in ends if book.starts_at <= at < book.ends_at]


def _instant(mark: Mark) -> datetime:
    return mark.at


def contribution(span: Span, position: Position, ordered: Sequence[Mark]) -> Tally:
    """What one piece of time on call counts for, `ordered` being `marks` of the book; nothing for a shadow. `span` is
    taken as it is: cut it to the period before."""
    if position == "shadow":
        return Tally()
    seconds = int(span.length.total_seconds())
    counted = _marked([span], ordered)
    return counted._replace(primary_s=seconds) if position == "primary" else counted._replace(secondary_s=seconds)


def _marked(spans: Iterable[Span], ordered: Sequence[Mark]) -> Tally:
    counts: dict[str, int] = {}
    for span in spans:
        first = bisect_left(ordered, span.starts_at, key=_instant)
        for mark in ordered[first : bisect_left(ordered, span.ends_at, key=_instant)]:
            counts[mark.measure] = counts.get(mark.measure, 0) + 1
    return Tally(**counts)


def loads(book: RotaBook, shifts: Sequence[Shift]) -> list[PersonLoad]:
    """The load in the period, the debt and the share of each member of the book, in their order there."""
    dates = dates_of(book)
    tallies = _tallies(book, shifts, dates)
    weights = {member.person: weight(member, dates) for member in book.members}
    found = {member.person: tallies[member.person].load for member in book.members}
    debts = {member.person: member.debt for member in book.members}
    given = shares(found, debts, weights)
    return [
        PersonLoad(person=member.person, load=found[member.person], debt=member.debt, share=given[member.person])
        for member in book.members
    ]


def _tallies(book: RotaBook, shifts: Sequence[Shift], dates: list[tuple[date, datetime]]) -> dict[str, Tally]:
    ordered, period = marks(book), Span(book.starts_at, book.ends_at)
    spans: dict[tuple[str, Position], list[Span]] = {}
    for shift in shifts:
        piece = period.overlap(Span(shift.starts_at, shift.ends_at))
        if piece is not None:
            spans.setdefault((shift.person, shift.position), []).append(piece)
    found: dict[str, Tally] = {}
    for member in book.members:
        primary = spans.get((member.person, "primary"), [])
        secondary = spans.get((member.person, "secondary"), [])
        pieces = chain(
            (contribution(span, "primary", ordered) for span in primary),
            (contribution(span, "secondary", ordered) for span in secondary),
        )
        # Who has both positions at once is there once.
        tally = reduce(Tally.plus, pieces, Tally(days_away=days_away(book, member, dates)))
        found[member.person] = tally.less(_marked(common(primary, secondary), ordered))
    return found


def days_away(book: RotaBook, member: Member, dates: Sequence[tuple[date, datetime]]) -> int:
    """How many of the period's dates (`dates_of`) a member's deployments away touch."""
    zone, of_period = book.rota.zone, {day for day, _ in dates}
    away = [Span(one.starts_at, one.ends_at) for one in member.absences if one.kind == "away"]
    return len({day for span in away for day in dates_touched(span, zone)} & of_period)


def weight(member: Member, dates: Sequence[tuple[date, datetime]]) -> int:
    """What a member's share is by: `share_percent` × how many of the dates (`dates_of`) have a noon that lies in their
    term and in no sick or family leave."""
    noons = [noon for _, noon in dates]
    excused = merged(Span(one.starts_at, one.ends_at) for one in member.absences if one.kind in ("sick", "family"))
    term = Span(member.valid_from, member.valid_until)
    days = _count(term, noons) - sum(_count(span, noons) for span in common([term], excused))
    return member.terms.share_percent * days


def _count(span: Span, noons: list[datetime]) -> int:
    return max(0, bisect_left(noons, span.ends_at) - bisect_left(noons, span.starts_at))


def shares(
    found: Mapping[str, Load], debts: Mapping[str, Load], weights: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """Each person's share by measure: the total of loads and debts by their weight, less their own debt. Where nobody
    has a weight nobody has a part of the total. All shares together are all loads, where somebody has a weight."""
    whole = sum(weights.values())
    parts = {person: weights[person] / whole if whole else 0.0 for person in found}
    totals = {
        measure: sum(getattr(found[person], measure) + getattr(debts[person], measure) for person in found)
        for measure in MEASURES
    }
    return {
        person: {measure: totals[measure] * parts[person] - getattr(debts[person], measure) for measure in MEASURES}
        for person in found
    }


def beyond_share(one: PersonLoad, measure: str) -> float:
    """How far a person's load stands above their share (below: less than 0), the debt counted in."""
    load: int = getattr(one.load, measure)
    return load - one.share[measure]


def spread(people: Sequence[PersonLoad]) -> dict[str, float]:
    """By measure, how far the person with most stands above the one with least, debt and share counted in."""
    found: dict[str, float] = {}
    for measure in MEASURES:
        each = [beyond_share(one, measure) for one in people]
        found[measure] = max(each) - min(each) if each else 0.0
    return found


def carried(people: Sequence[PersonLoad]) -> dict[str, Load]:
    """The debts with which the next period begins, by person: load less share (in which the debt before is counted),
    in whole numbers that differ from it by less than 1 and whose sum is that of the exact ones, rounded."""
    by_measure = {measure: _whole([beyond_share(one, measure) for one in people]) for measure in MEASURES}
    return {
        one.person: Load(**{measure: by_measure[measure][i] for measure in MEASURES}) for i, one in enumerate(people)
    }


def _whole(exact: list[float]) -> list[int]:
    """Rounded down, and up where most was cut off, so that the sum stays."""
    rounded = [int(value // 1) for value in exact]
    missing = round(sum(exact)) - sum(rounded)
    by_remainder = sorted(range(len(exact)), key=lambda i: (rounded[i] - exact[i], i))
    for i in by_remainder[:missing]:
        rounded[i] += 1
    return rounded
