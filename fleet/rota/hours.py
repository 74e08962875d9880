"""Hours and allowances of a rota for payroll. Pure."""

from collections.abc import Container, Iterable, Sequence
from datetime import timedelta

from fleet.rota.rules.averages import night_of
from fleet.rota.rules.fairness import loads
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span, common, total
from fleet.rota.rules.wall import dates_touched, day_span
from fleet.rota.rules.work import call_out_span
from fleet.rota.rules.working_time import working_time
from protocols.api.call_outs import HoursRow
from protocols.rota.book import RotaBook
from protocols.rota.member import CallOut
from protocols.rota.model import Position, Shift

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def hours(book: RotaBook, call_outs: Container[str] | None = None) -> list[HoursRow]:
    """A row for each person of the book with any hours, in the book's order. All of it is real time: a week on call
    across a change of clocks has 167 or 169 hours.

    `call_outs` are the ids of those that were for this rota; None: all of the book were. A call-out counts in the
    period in which it began, its minutes in the one in which they lie; its break is taken to be at its beginning. Bank
    holidays and festive days are those on call at noon. Parts of a minute are left out.
    """
    shifts = shifts_of(book)
    counted = {one.person: one.load for one in loads(book, shifts)}
    owed = {one.person: one.owed_min for one in working_time(book, shifts)[1]}
    theirs: dict[str, list[CallOut]] = {}
    for one in book.call_outs:
        if call_outs is None or one.call_out in call_outs:
            theirs.setdefault(one.person, []).append(one)
    rows = [
        HoursRow(
            person=person,
            **_on_call(book, shifts, person),
            **_called_out(book, theirs.get(person, [])),
            bank_holidays=counted[person].bank_holidays,
            festive_days=counted[person].festive_days,
            rest_owed_min=owed[person],
        )
        for person in (member.person for member in book.members)
    ]
    return [row for row in rows if _any(row)]


def _any(row: HoursRow) -> bool:
    return any((row.primary_min, row.secondary_min, row.call_outs, row.call_out_min, row.rest_owed_min))


def _on_call(book: RotaBook, shifts: Iterable[Shift], person: str) -> dict[str, int]:
    spans: dict[Position, list[Span]] = {"primary": [], "secondary": [], "shadow": []}
    for shift in shifts:
        if shift.person == person:
            spans[shift.position].append(Span(shift.starts_at, shift.ends_at))
    period = [Span(book.starts_at, book.ends_at)]
    primary, secondary = _minutes(common(spans["primary"], period)), _minutes(common(spans["secondary"], period))
    allowance = book.rota.allowance_permille if primary or secondary else 0
    return {"primary_min": primary, "secondary_min": secondary, "allowance_permille": allowance}


def _called_out(book: RotaBook, outs: Sequence[CallOut]) -> dict[str, int]:
    zone, period = book.rota.zone, Span(book.starts_at, book.ends_at)
    worked = common((_worked(one, book) for one in outs), [period])
    touched = {day for span in worked for day in dates_touched(span, zone)}
    nights = [night_of(day, zone) for day in touched | {day - _DAY for day in touched}]
    holidays = [day_span(day, zone) for day in touched & frozenset(book.bank_holidays)]
    return {
        "call_outs": sum(period.starts_at <= one.left_home_at < period.ends_at for one in outs),
        "call_out_min": _minutes(worked),
        "call_out_night_min": _minutes(common(worked, nights)),
        "call_out_bank_holiday_min": _minutes(common(worked, holidays)),
    }


def _worked(one: CallOut, book: RotaBook) -> Span:
    span = call_out_span(one, book.as_of)
    return Span(span.starts_at + timedelta(minutes=one.break_min), span.ends_at)


def _minutes(spans: Iterable[Span]) -> int:
    return total(spans) // _MINUTE
