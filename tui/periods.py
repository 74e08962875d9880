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
