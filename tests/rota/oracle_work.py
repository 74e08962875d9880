"""Which steps somebody works, and how many minutes of breaks lie in them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from tests.rota.oracle_grid import DAY, Grid, runs
from tests.rota.oracle_on_call import Held, steps_of

EXCLUDED = ("annual", "sick", "family")
CALL_OUT_AT_MOST = timedelta(hours=24)
NIGHT = (time(23), time(6))


class Item(NamedTuple):
    """One piece of work: its steps, its break, and whether it was scheduled."""

    steps: frozenset[int]
    break_min: int
    scheduled: bool


class Work:
    """The work of one person in a book, step by step."""

    def __init__(self, book: RotaBook, member: Member, rows: Held, grid: Grid) -> None:
        self.book, self.member, self.grid = book, member, grid
        self.leave = self.absent({"annual", "sick", "family", "other"})
        self.away = self.absent({"away"})
        self.items = [
            item
            for item in (*self.duties(), *self.done(), *self.days_away(), *self.standby(rows), *self.called_out())
            if item.steps
        ]
        self.worked: set[int] = set().union(*(item.steps for item in self.items))
        self.scheduled: set[int] = set().union(*(item.steps for item in self.items if item.scheduled))
        self.spells = runs(self.worked)
        self.blocks = runs(self.scheduled)
        self.rests = runs(set(range(grid.count)) - self.worked)
        self.break_parts = list(self.parts_with_breaks())
        self.days = {grid.days[step] for step in self.worked}

    def absent(self, kinds: set[str]) -> set[int]:
        grid = self.grid
        absences = [one for one in self.member.absences if one.kind in kinds]
        return {step for one in absences for step in grid.steps(one.starts_at, one.ends_at)}

    def duty_spans(self, day: date) -> list[tuple[datetime, datetime, int]]:
        """The ordinary duties that begin on a local date, with their breaks."""
        if day in self.book.bank_holidays:
            return []
        hours = [one for one in self.member.terms.hours if one.weekday == day.weekday()]
        return [(*self.grid.daily(day, one.from_time, one.until_time), one.break_min) for one in hours]

    def duties(self) -> Iterable[Item]:
        rests = [one for one in self.book.rests if one.person == self.member.person]
        resting = {step for one in rests for step in self.grid.steps(one.starts_at, one.ends_at)}
        for day in self.grid.dates():
            for begins, ends, break_min in self.duty_spans(day):
                steps = set(self.grid.steps(begins, ends)) - self.leave - self.away - resting
                yield Item(frozenset(steps), break_min, scheduled=True)

    def done(self) -> Iterable[Item]:
        for one in self.book.work_done:
            if one.person == self.member.person:
                steps = self.grid.steps(one.starts_at, one.ends_at)
                yield Item(frozenset(steps), one.break_min, scheduled=True)

    def days_away(self) -> Iterable[Item]:
        policy = self.book.rota.policy
        for absence in self.member.absences:
            if absence.kind == "away":
                for day in dates_touched(self.grid, absence.starts_at, absence.ends_at):
                    hours = set(self.grid.steps(*self.grid.daily(day, policy.away_from, policy.away_until)))
                    hours &= set(self.grid.steps(absence.starts_at, absence.ends_at))
                    yield Item(frozenset(hours), policy.away_break_min, scheduled=True)

    def standby(self, rows: Held) -> Iterable[Item]:
        if self.book.rota.standby == "workplace":
            yield Item(frozenset(steps_of(rows, self.member.person) - self.leave), 0, scheduled=True)

    def called_out(self) -> Iterable[Item]:
        as_of = self.book.as_of
        for one in self.book.call_outs:
            if one.person == self.member.person:
                back = one.returned_at or min(as_of, one.left_home_at + CALL_OUT_AT_MOST)
                yield Item(frozenset(self.grid.steps(one.left_home_at, back)), one.break_min, scheduled=False)

    def minutes(self, first: int, last: int) -> int:
        """Minutes worked in the steps [`first`, `last`), less the breaks: below 0 where work goes on after them."""
        return len(self.worked.intersection(range(first, last))) * self.grid.step_min - self.breaks(first, last)

    def breaks(self, first: int, last: int) -> int:
        """Minutes of breaks of the parts that begin in the steps [`first`, `last`)."""
        return sum(break_min for begin, break_min in self.break_parts if first <= begin < last)

    def parts_with_breaks(self) -> Iterable[tuple[int, int]]:
        """Where each part of an item begins, and how many minutes of its break the part takes."""
        for item in self.items:
            left = item.break_min
            for begin, end in runs(item.steps):
                taken = min(left, (end - begin) * self.grid.step_min)
                left -= taken
                yield begin, taken

    def night_minutes(self, day: date) -> int:
        """Minutes worked in the night that begins on a local date."""
        night = self.grid.steps(*self.grid.daily(day, *NIGHT))
        return len(self.worked.intersection(night)) * self.grid.step_min


def dates_touched(grid: Grid, begins: datetime, ends: datetime) -> list[date]:
    """The local dates of which at least a moment lies in [`begins`, `ends`)."""
    if ends <= begins:
        return []
    last = grid.local_date(ends - timedelta(microseconds=1))
    first = grid.local_date(begins.astimezone(UTC))
    return [first + n * DAY for n in range((last - first).days + 1)]
