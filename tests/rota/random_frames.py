"""Where random books lie in time: most of them around a change of clocks, all on a grid."""

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.rota.oracle_grid import DAY, instant

HOUR = timedelta(hours=1)
LONDON = "Europe/London"
HOURLY_ZONES = (LONDON, LONDON, LONDON, LONDON, LONDON, LONDON, LONDON, "Europe/Berlin", "America/New_York")
ZONES = (*HOURLY_ZONES, LONDON, LONDON, LONDON, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland", "UTC")
UNTIL = datetime(2031, 1, 1, tzinfo=UTC)
FROM = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def clock_changes(zone: str) -> list[datetime]:
    """Every change of clocks in a zone from 2026 to 2030, found by asking every quarter of an hour of such days."""
    found, where = [], ZoneInfo(zone)
    day = FROM
    while day < UNTIL:
        if day.astimezone(where).utcoffset() != (day + DAY).astimezone(where).utcoffset():
            moments = [day + n * timedelta(minutes=15) for n in range(97)]
            found += [
                two
                for one, two in pairwise(moments)
                if one.astimezone(where).utcoffset() != two.astimezone(where).utcoffset()
            ]
        day += DAY
    return found


class Frame(NamedTuple):
    """Where a book lies in time, and how fine."""

    zone: str
    step_min: int
    starts_at: datetime
    ends_at: datetime
    known_from: datetime


def on_grid(chance: random.Random, begins: datetime, ends: datetime, step_min: int) -> datetime:
    """An instant of the grid in [`begins`, `ends`], which lie on it."""
    return begins + chance.randint(0, max(0, (ends - begins) // timedelta(minutes=step_min))) * timedelta(
        minutes=step_min
    )


def time_of_day(chance: random.Random, step_min: int, *likely: time) -> time:
    if likely and chance.random() < 0.6:
        return chance.choice(likely)
    minutes = chance.randrange(0, 24 * 60, step_min)
    return time(minutes // 60, minutes % 60)


def random_frame(chance: random.Random) -> Frame:
    kind = chance.choices(("short", "middle", "long", "year"), (62, 24, 7, 7))[0]
    days = {"short": (1, 16), "middle": (14, 35), "long": (60, 140), "year": (1, 21)}[kind]
    known = {"short": (0, 14), "middle": (0, 21), "long": (0, 30), "year": (115, 240)}[kind]
    step_min = {"short": 15, "middle": 30, "long": 60, "year": 60}[kind]
    zone = chance.choice(HOURLY_ZONES if step_min == 60 else ZONES)
    if zone == "Asia/Kathmandu" or (kind == "short" and chance.random() < 0.1):
        step_min = 15 if zone == "Asia/Kathmandu" else 5
    length, before = chance.randint(*days), chance.randint(*known)
    if kind == "short" and chance.random() < 0.3:
        before = 0
    changes = clock_changes(zone) or clock_changes(LONDON)
    middle = chance.choice(changes).date()
    if chance.random() < 0.1:
        middle = date(2026, 1, 1) + timedelta(days=chance.randrange(1800))
    first = middle - timedelta(days=chance.randint(0, length + min(before, 20)))
    if chance.random() < 0.5:
        first -= timedelta(days=first.weekday())
    starts_at = instant(zone, datetime.combine(first, time()))
    ends_at = instant(zone, datetime.combine(first + timedelta(days=length), time()))
    known_from = instant(zone, datetime.combine(first - timedelta(days=before), time()))
    if chance.random() < 0.3:
        ends_at += chance.randint(0, 23) * HOUR
        starts_at += chance.randint(0, 12) * HOUR
    if before and chance.random() < 0.3:
        known_from += chance.randint(0, 12) * HOUR
    return Frame(zone, step_min, starts_at, ends_at, known_from)
