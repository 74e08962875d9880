"""Time and numbers in the words people say. Pure; every function is total over its stated inputs."""

import unicodedata
from datetime import UTC, datetime, timedelta

from protocols.words import UNKNOWN, duration, number, size

__all__ = [
    "NEVER",
    "UNKNOWN",
    "age",
    "clock",
    "duration",
    "fact",
    "full_moment",
    "in_zone",
    "left",
    "moment",
    "number",
    "plural",
    "safe",
    "short_moment",
    "size",
]

NEVER = "never"

_MINUTE = 60


def age(at: datetime | None, now: datetime) -> str:
    """How long ago `at` was; `never` for None, and `in 3 min` for a time in the future (a clock that is wrong)."""
    if at is None:
        return NEVER
    seconds = (now - at).total_seconds()
    return f"in {duration(-seconds)}" if seconds <= -_MINUTE else duration(seconds)


def fact(value: str | None, at: datetime | None, now: datetime) -> str:
    """A fact with its age: `12.4 V · 40 s`, and `— · never` for what was never learnt."""
    return f"{UNKNOWN if value is None else value} · {age(at, now)}"


def left(until: datetime, now: datetime) -> str:
    """How long is left: `19 d left`, or `over for 2 h 10`."""
    seconds = (until - now).total_seconds()
    return f"{duration(seconds)} left" if seconds > 0 else f"over for {duration(-seconds)}"


def in_zone(at: datetime, *, utc: bool) -> datetime:
    """`at` in UTC, or in the zone of the person's terminal with that day's summer time."""
    return at.astimezone(UTC) if utc else at.astimezone()


def moment(at: datetime, now: datetime, *, utc: bool) -> str:
    """A time for a list: `02:51` today, `Fri 14:02` within six days, else `21 Nov 14:02`, and the year of another."""
    then, today = in_zone(at, utc=utc), in_zone(now, utc=utc)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if then.year != today.year:
        return f"{then.day} {then:%b %Y %H:%M}"
    if timedelta(0) < today.date() - then.date() < timedelta(days=7):
        return f"{then:%a %H:%M}"
    return f"{then.day} {then:%b %H:%M}"


def short_moment(at: datetime, now: datetime, *, utc: bool) -> str:
    """A time in at most 9 columns: `02:51` today, `Fri 14:02` within six days, else `21 Nov` or `Nov 2025`."""
    then, today = in_zone(at, utc=utc), in_zone(now, utc=utc)
    if then.date() == today.date() or timedelta(0) < today.date() - then.date() < timedelta(days=7):
        return moment(at, now, utc=utc)
    return f"{then.day} {then:%b}" if then.year == today.year else f"{then:%b %Y}"


def full_moment(at: datetime, *, utc: bool) -> str:
    """A time without any doubt: `Sat 21 Nov 2026 02:51:07 GMT`."""
    then = in_zone(at, utc=utc)
    return f"{then:%a} {then.day} {then:%b %Y %H:%M:%S} {then.tzname()}"


def clock(now: datetime, *, utc: bool) -> str:
    """The header's clock: `Sat 21 Nov 02:58 GMT`."""
    here = in_zone(now, utc=utc)
    return f"{here:%a} {here.day} {here:%b %H:%M} {here.tzname()}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 unit`, `12 300 units`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def safe(text: str) -> str:
    """`text` with everything a terminal could obey made visible as `�`.

    Labels, models and summaries come from units: an escape sequence, a direction mark or a line end in them must not
    reach the terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join("�" if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else sign for sign in text)


def in_keys(remedy: str) -> str:
    """What the controller says is to be done, with the console's keys on a unit's page in place of its command."""
    return remedy.replace("fleet mandate draft", "press m, then n")
