"""A book's time as a row of equal steps, each judged by itself. Everything in the book has to lie on the grid."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from protocols.rota.book import RotaBook
from protocols.rota.model import Restriction

DAY = timedelta(days=1)


@cache
def instant(zone: str, wall: datetime) -> datetime:
    """When clocks in `zone` show `wall` for the first time. One they skip: as if they had not been changed."""
    before, after = (
        (wall.replace(tzinfo=UTC) + apart).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        for apart in (-DAY, DAY)
    )
    shown = [
        moment
        for moment in (wall.replace(tzinfo=UTC) - before, wall.replace(tzinfo=UTC) - after)
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
    ]
    return min(shown, default=wall.replace(tzinfo=UTC) - before)


class Grid:
    """Steps of `step_min` from `known_from` to `ends_at`. Step *i* is [`at(i)`, `at(i + 1)`)."""

    def __init__(self, book: RotaBook, step_min: int) -> None:
        self.zone = book.rota.zone
        self.step = timedelta(minutes=step_min)
        self.step_min = step_min
        self.begin, self.end = book.known_from, book.ends_at
        self.count = self.exact(book.ends_at)
        self.first = self.exact(book.starts_at)
        self.local = [
            self.at(index).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) for index in range(self.count)
        ]
        self.days = [wall.date() for wall in self.local]

    def exact(self, moment: datetime) -> int:
        """The step that begins at `moment`, which may lie outside the row."""
        index, rest = divmod(moment - self.begin, self.step)
        assert not rest, f"{moment} is not on the grid"
        return index

    def at(self, index: int) -> datetime:
        return self.begin + index * self.step

    def steps(self, begins: datetime, ends: datetime) -> range:
        """The steps of the row in [`begins`, `ends`)."""
        return range(max(0, self.exact(begins)), min(self.count, self.exact(ends)))

    def wall(self, day: date, of_day: time) -> datetime:
        return instant(self.zone, datetime.combine(day, of_day))

    def midnight(self, day: date) -> datetime:
        return self.wall(day, time())

    def daily(self, day: date, from_time: time, until_time: time) -> tuple[datetime, datetime]:
        """From one time of day until another, on the next day when that is not later."""
        last = day if until_time > from_time else day + DAY
        return self.wall(day, from_time), self.wall(last, until_time)

    def dates(self) -> list[date]:
        """Every local date of the row, and the one before: something may reach into the row from there."""
        first, last = self.days[0], self.days[-1]
        return [first + n * DAY for n in range(-1, (last - first).days + 1)]

    def within(self, restrictions: Sequence[Restriction]) -> set[int]:
        """The steps that the restrictions leave; all of them when there are none."""
        if not restrictions:
            return set(range(self.count))
        found: set[int] = set()
        for day in self.dates():
            for hours in restrictions:
                if day.weekday() in hours.weekdays:
                    found.update(self.steps(*self.daily(day, hours.from_time, hours.until_time)))
        return found

    def mondays(self) -> list[datetime]:
        """Every local Monday 00:00 from `known_from` to `ends_at`, both counted in."""
        days = [day for day in [*self.dates(), self.days[-1] + DAY] if day.weekday() == 0]
        return [moment for moment in map(self.midnight, days) if self.begin <= moment <= self.end]

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()


def runs(steps: Iterable[int]) -> list[tuple[int, int]]:
    """Steps in a row as (first, one after the last), in order."""
    found: list[tuple[int, int]] = []
    for step in sorted(steps):
        if found and found[-1][1] == step:
            found[-1] = (found[-1][0], step + 1)
        else:
            found.append((step, step + 1))
    return found
