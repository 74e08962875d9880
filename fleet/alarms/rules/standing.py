"""Whether alarming itself is alive. Pure."""

from datetime import datetime, timedelta
from typing import Literal

Standing = Literal["alive", "late", "dead"]

LATE_AFTER = timedelta(seconds=45)
"""Three rounds †."""
DEAD_AFTER = timedelta(seconds=90)
"""Six rounds †."""


def standing(beat_at: datetime | None, oldest_due_at: datetime | None, now: datetime) -> Standing:
    """By when the last round ended, and since when a page waits that was due: rounds without anybody who sends are no
    alarming."""
    if beat_at is None:
        return "dead"
    silent = max(now - beat_at, now - (oldest_due_at or now))
    if silent >= DEAD_AFTER:
        return "dead"
    return "late" if silent >= LATE_AFTER else "alive"
