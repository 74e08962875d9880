"""Points in time as people type them: `2h`, `7d`, `21 Nov`, `2026-11-21 14:00`. Pure."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"([1-9][0-9]{0,4}) ?(min|h|d)", re.ASCII)
_STEPS = {"min": "minutes", "h": "hours", "d": "days"}
_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d", "%d %b %Y %H:%M", "%d %b %Y")

HINT = "2h, 7d, or 2026-11-21 14:00"


class PeriodUnclear(ValueError):
    """What was typed is no point in time."""


def read_moment(text: str, now: datetime, *, utc: bool) -> datetime | None:
    """The moment that `text` names, None for an empty text; raises PeriodUnclear.

    A length of time counts back from `now`; a date is in UTC or in the zone of this machine, at midnight when it names
    no time.
    """
    text = " ".join(text.split())
    if not text:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_STEPS[ago[2]]: int(ago[1])})
    for form in _FORMS:
        try:
            typed = datetime.strptime(text, form)  # noqa: DTZ007  the zone is the person's, and follows
        except ValueError:
            continue
        return typed.replace(tzinfo=UTC) if utc else typed.astimezone(UTC)
    raise PeriodUnclear(f"“{text}” is no time: {HINT}")


COMING_HINT = "now, +30min, 4h, +7d, 22:00, or 2026-11-21 14:00"
_FROM_THEN = re.compile(r"([+-]?) ?([1-9][0-9]{0,4}) ?(min|h|d)", re.ASCII)
_HOUR_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def read_coming(text: str, now: datetime, *, utc: bool, after: datetime | None = None) -> datetime | None:
    """The moment that `text` names, in whole seconds of UTC, None for an empty text; raises PeriodUnclear.

    `+4h`, `4h` and `-2h` count from `after`, or from `now` where that is None; `22:00` is the next after it. A
    date is read as `read_moment` reads it.
    """
    text = " ".join(text.split())
    base = (after or now).astimezone(UTC).replace(microsecond=0)
    if text == "now":
        return now.astimezone(UTC).replace(microsecond=0)
    if (step := _FROM_THEN.fullmatch(text)) is not None:
        length = timedelta(**{_STEPS[step[3]]: int(step[2])})
        return base - length if step[1] == "-" else base + length
    if (hour := _HOUR_OF_DAY.fullmatch(text)) is not None:
        return _next_at(int(hour[1]), int(hour[2]), base, utc=utc)
    try:
        return read_moment(text, now, utc=utc)
    except PeriodUnclear:
        raise PeriodUnclear(f"“{text}” is no time: {COMING_HINT}") from None


def _next_at(hour: int, minute: int, base: datetime, *, utc: bool) -> datetime:
    here = base if utc else base.astimezone()
    then = here.replace(hour=hour, minute=minute, second=0)
    if then <= here:
        then += timedelta(days=1)
    # Without its offset, so that the zone's own offset of that day is found.
    return then if utc else then.replace(tzinfo=None).astimezone(UTC)
