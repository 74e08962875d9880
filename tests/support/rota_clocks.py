"""When clocks change up to 2030, by each zone's rule in words and not by the database that is under test."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

from tests.support.rota_books import LONDON

SYDNEY = "Australia/Sydney"
LORD_HOWE = "Australia/Lord_Howe"
YEARS = range(2026, 2031)


class ClockChange(NamedTuple):
    """From `at` on the clocks of `zone` show UTC and `after` minutes, and `before` minutes until then."""

    zone: str
    at: datetime
    before: int
    after: int

    @property
    def day(self) -> date:
        """The local date of the change."""
        return (self.at + timedelta(minutes=self.before)).date()

    @property
    def name(self) -> str:
        """For a test's name."""
        return f"{self.zone} {self.day}"

    def early(self, wall: str, days: int = 0) -> datetime:
        """The instant of a time of day by the offset before the change, `days` after the day of the change."""
        return self._instant(wall, days, self.before)

    def late(self, wall: str, days: int = 0) -> datetime:
        """The same by the offset after it."""
        return self._instant(wall, days, self.after)

    def _instant(self, wall: str, days: int, offset: int) -> datetime:
        shown = datetime.fromisoformat(f"{self.day + timedelta(days=days)}T{wall}")
        return shown.replace(tzinfo=timezone(timedelta(minutes=offset))).astimezone(UTC)


def _sunday(year: int, month: int, *, last: bool) -> date:
    day = date(year, month, 31 if month in (3, 10) else 30) if last else date(year, month, 7)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _change(zone: str, day: date, wall: str, before: int, after: int) -> ClockChange:
    shown = datetime.fromisoformat(f"{day}T{wall}").replace(tzinfo=timezone(timedelta(minutes=before)))
    return ClockChange(zone, shown.astimezone(UTC), before, after)


def _of_year(year: int) -> list[ClockChange]:
    """London on the last Sundays of March and October, 01:00 UTC; Sydney and Lord Howe Island on the first Sundays of
    April and October, back at 03:00 and 02:00, forward at 02:00; on Lord Howe Island by half an hour."""
    march, autumn = _sunday(year, 3, last=True), _sunday(year, 10, last=True)
    april, october = _sunday(year, 4, last=False), _sunday(year, 10, last=False)
    return [
        _change(LONDON, march, "01:00", 0, 60),
        _change(LONDON, autumn, "02:00", 60, 0),
        _change(SYDNEY, april, "03:00", 660, 600),
        _change(SYDNEY, october, "02:00", 600, 660),
        _change(LORD_HOWE, april, "02:00", 660, 630),
        _change(LORD_HOWE, october, "02:00", 630, 660),
    ]


CLOCK_CHANGES = [change for year in YEARS for change in _of_year(year)]
FORWARD = [change for change in CLOCK_CHANGES if change.after > change.before]
BACK = [change for change in CLOCK_CHANGES if change.after < change.before]
