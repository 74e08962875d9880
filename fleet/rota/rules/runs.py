"""Runs of days with work on each: docs/rota-rules.md, "Working time". Pure."""

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from typing import NamedTuple

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import midnight
from fleet.rota.rules.work import Work

OWED = timedelta(hours=24)
"""The compensatory rest that has to be planned for a run that is too long."""

_DAY = timedelta(days=1)


class Run(NamedTuple):
    """Local dates in a row with work on each: from the beginning of the first spell to the end of the last."""

    span: Span
    days: int


def runs(work: Work) -> list[Run]:
    """Every run of dates with work, however short, in order."""
    found: list[Run] = []
    first: date | None = None
    for i, day in enumerate(work.dates):
        first = first or day
        if i + 1 == len(work.dates) or work.dates[i + 1] != day + _DAY:
            span = Span(_first_start(work, first), _last_end(work, day))
            found.append(Run(span, (day - first).days + 1))
            first = None
    return found


def _first_start(work: Work, day: date) -> datetime:
    """When the first spell begins that touches the date."""
    i = bisect_right(work.spells, midnight(day, work.zone), key=lambda spell: spell.ends_at)
    return work.spells[i].starts_at


def _last_end(work: Work, day: date) -> datetime:
    """When the last spell ends that touches the date."""
    i = bisect_left(work.spells, midnight(day + _DAY, work.zone), key=lambda spell: spell.starts_at)
    return work.spells[i - 1].ends_at
