"""What a board tells of a person and of a draft, worked out from a rota's book. Pure."""

from collections.abc import Sequence
from datetime import date

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import dates_touched
from protocols.rota.book import RotaBook
from protocols.rota.model import Position
from tui.rota_days import RotaDay


def member_meant(members: Sequence[str], typed: str) -> str:
    """The one member whose id, its beginning or number was typed, empty for nobody."""
    wanted = typed.strip().upper()
    found = [one for one in members if wanted and (one.startswith(wanted) or one[3:] == wanted)]
    if wanted in found:
        return wanted
    return found[0] if len(found) == 1 else ""


def absent_dates(book: RotaBook, person: str) -> frozenset[date]:
    """The dates of the book's period on which somebody is on leave or away."""
    member = next((one for one in book.members if one.person == person), None)
    period = Span(book.starts_at, book.ends_at)
    found: set[date] = set()
    for absence in member.absences if member is not None else ():
        part = period.overlap(Span(absence.starts_at, absence.ends_at))
        found |= set(dates_touched(part, book.rota.zone)) if part is not None else set()
    return frozenset(found)


def changed_days(before: Sequence[RotaDay], after: Sequence[RotaDay]) -> frozenset[tuple[date, Position]]:
    """The positions that somebody else has than before, by date; both are of the same dates."""
    known = {day.day: day.held for day in before}
    return frozenset(
        (day.day, position)
        for day in after
        for position, held in day.held.items()
        if position not in known[day.day] or known[day.day][position].person != held.person
    )
