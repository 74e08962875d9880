"""What somebody works, before any rule judges it: docs/rota-rules.md, "Work". Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from fleet.rota.rules.spans import Span, common, merged, minus, near
from fleet.rota.rules.wall import daily, dates_touched, local_date, midnight
from protocols.rota.book import RotaBook
from protocols.rota.member import CallOut, Member, WorkDone, WorkingDay
from protocols.rota.model import Shift

LONGEST_OPEN = timedelta(hours=24)
"""How long a call-out is taken to last, at most, while nobody has come back."""

_DAY = timedelta(days=1)
_NONE = timedelta(0)


class Item(NamedTuple):
    """One piece of work and the breaks in it, never longer than itself. `scheduled`: no call-out."""

    span: Span
    breaks: timedelta
    scheduled: bool


class Duty(NamedTuple):
    """Ordinary duty of one date, before anything is taken from it."""

    day: date
    span: Span
    breaks: timedelta


@dataclass(frozen=True)
class Work:
    """The work of one person. `known` is where anything is known; `items` are in order of their beginning; `excluded`
    are the dates that leave excludes from averages."""

    zone: str
    known: Span
    items: list[Item]
    excluded: list[date]

    @cached_property
    def blocks(self) -> list[Span]:
        """The scheduled work, joined."""
        return merged(item.span for item in self.items if item.scheduled)

    @cached_property
    def spells(self) -> list[Span]:
        """All work, joined."""
        return merged(item.span for item in self.items)

    @cached_property
    def call_outs(self) -> list[Span]:
        """The call-outs, joined."""
        return merged(item.span for item in self.items if not item.scheduled)

    @cached_property
    def days(self) -> dict[date, timedelta]:
        """The hours of every local date on which there is work, in order: length less breaks, which count on the date
        on which their item begins."""
        found: dict[date, timedelta] = {}
        for spell in self.spells:
            for day in dates_touched(spell, self.zone):
                starts_at = max(spell.starts_at, midnight(day, self.zone))
                length = min(spell.ends_at, midnight(day + _DAY, self.zone)) - starts_at
                found[day] = found.get(day, _NONE) + length
        for item in self.items:
            if item.breaks:
                found[local_date(item.span.starts_at, self.zone)] -= item.breaks
        return found

    @cached_property
    def dates(self) -> list[date]:
        """The local dates on which there is work, in order."""
        return list(self.days)

    def hours(self, first: date, end: date) -> timedelta:
        """The hours on the local dates from `first` until, and without, `end`; never less than 0."""
        lowest, highest = bisect_left(self.dates, first), bisect_left(self.dates, end)
        return max(sum((self.days[day] for day in self.dates[lowest:highest]), _NONE), _NONE)

    def breaks(self, spell: Span) -> timedelta:
        """The breaks in a spell."""
        lowest = bisect_left(self.items, spell.starts_at, key=_begins)
        highest = bisect_left(self.items, spell.ends_at, key=_begins)
        return sum((item.breaks for item in self.items[lowest:highest]), _NONE)


def _begins(item: Item) -> datetime:
    return item.span.starts_at


def work_of(book: RotaBook, member: Member, shifts: Sequence[Shift]) -> Work:
    """What `member` works from `book.known_from` until `book.ends_at`. Of `shifts`, which may be those of everybody,
    only theirs count, and only where standby is at the workplace."""
    zone, known = book.rota.zone, Span(book.known_from, book.ends_at)
    leave = [Span(one.starts_at, one.ends_at) for one in member.absences if one.kind != "away"]
    away = [Span(one.starts_at, one.ends_at) for one in member.absences if one.kind == "away"]
    rests = [Span(one.starts_at, one.ends_at) for one in book.rests if one.person == member.person]
    duties = ordinary_duty(member.terms.hours, frozenset(book.bank_holidays), known, zone)
    taken = merged([*leave, *away, *rests])
    items = [item for duty in duties for item in _parts(duty.span, duty.breaks, taken, known)]
    items += _extra_work(book.work_done, member.person, known)
    items += _days_away(book, away, known)
    if book.rota.standby == "workplace":
        items += _standby(shifts, member.person, leave, known)
    items += _called_out(book.call_outs, member.person, book.as_of, known)
    items.sort()
    work = Work(zone, known, items, [])
    return Work(zone, known, items, _excluded(member, duties, work))


def ordinary_duty(hours: Sequence[WorkingDay], holidays: frozenset[date], window: Span, zone: str) -> list[Duty]:
    """The ordinary duty that touches `window`, whole, by date."""
    found: list[Duty] = []
    if not hours:
        return found
    day, last = local_date(window.starts_at, zone) - _DAY, local_date(window.ends_at, zone)
    while day <= last:
        for one in hours:
            if one.weekday == day.weekday() and day not in holidays:
                span = daily(day, one.from_time, one.until_time, zone)
                if span.overlap(window):
                    found.append(Duty(day, span, timedelta(minutes=one.break_min)))
        day += _DAY
    return found


def _parts(whole: Span, breaks: timedelta, taken: Sequence[Span], known: Span) -> list[Item]:
    """What is left of an item of scheduled work; its parts take the breaks in order."""
    found: list[Item] = []
    for span in minus(common([whole], [known]), near(whole, taken)):
        found.append(Item(span, min(breaks, span.length), scheduled=True))
        breaks -= found[-1].breaks
    return found


def _extra_work(done: Iterable[WorkDone], person: str, known: Span) -> list[Item]:
    """Overtime, courses, duties that were moved."""
    return [
        item
        for one in done
        if one.person == person
        for item in _parts(Span(one.starts_at, one.ends_at), timedelta(minutes=one.break_min), (), known)
    ]


def _days_away(book: RotaBook, away: Sequence[Span], known: Span) -> list[Item]:
    """The hours of every local date that a deployment away touches."""
    zone, policy = book.rota.zone, book.rota.policy
    breaks = timedelta(minutes=policy.away_break_min)
    return [
        item
        for absence in away
        for day in dates_touched(absence, zone)
        for span in common([daily(day, policy.away_from, policy.away_until, zone)], [absence])
        for item in _parts(span, breaks, (), known)
    ]


def _standby(shifts: Iterable[Shift], person: str, leave: Sequence[Span], known: Span) -> list[Item]:
    """Standby at the workplace: working time as a whole."""
    spans = (Span(one.starts_at, one.ends_at) for one in shifts if one.person == person and one.position != "shadow")
    return [Item(span, _NONE, scheduled=True) for span in minus(common(spans, [known]), leave)]


def call_out_span(one: CallOut, as_of: datetime) -> Span:
    """The working time of a call-out; empty, or ending before it begins, when it is open and has not begun."""
    ends_at = one.returned_at
    return Span(one.left_home_at, ends_at or min(as_of, one.left_home_at + LONGEST_OPEN))


def _called_out(call_outs: Iterable[CallOut], person: str, as_of: datetime, known: Span) -> list[Item]:
    """Work on call."""
    return [
        Item(span, min(timedelta(minutes=one.break_min), span.length), scheduled=False)
        for one in call_outs
        if one.person == person and (span := call_out_span(one, as_of).overlap(known))
    ]


def _excluded(member: Member, duties: Iterable[Duty], work: Work) -> list[date]:
    """The dates with a duty that leave takes as a whole, and no work."""
    kinds = ("annual", "sick", "family")
    leave = merged(Span(one.starts_at, one.ends_at) for one in member.absences if one.kind in kinds)
    days = {
        duty.day
        for duty in duties
        if duty.day not in work.days
        and any(one.starts_at <= duty.span.starts_at and duty.span.ends_at <= one.ends_at for one in leave)
    }
    return sorted(days)
