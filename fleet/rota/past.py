"""Whether a rota laid down anew tells its past otherwise than before. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fleet.rota.rules.presence import spans_of
from fleet.rota.rules.spans import minus
from protocols.rota.model import Shift

LOOK_BACK = timedelta(days=366)
"""How far back it is looked whether somebody else was on call."""


def past_from(before: Iterable[Shift], after: Iterable[Shift]) -> datetime | None:
    """From when on somebody else is on call by `after` than by `before`, shadows too; None where nobody is."""
    old, new = _by_place(before), _by_place(after)
    found: list[datetime] = []
    for place in old.keys() | new.keys():
        was, will_be = spans_of(old.get(place, ())), spans_of(new.get(place, ()))
        found += [span.starts_at for span in (*minus(was, will_be), *minus(will_be, was))]
    return min(found, default=None)


def _by_place(shifts: Iterable[Shift]) -> dict[tuple[str, str], list[Shift]]:
    found: dict[tuple[str, str], list[Shift]] = {}
    for shift in shifts:
        found.setdefault((shift.position, shift.person), []).append(shift)
    return found
