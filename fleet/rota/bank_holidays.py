"""The bank holidays of England."""

from datetime import date

import holidays

_SATURDAY = 5


def bank_holidays(first: date, last: date) -> list[date]:
    """The bank holidays in England from `first` to `last`, both counted in; in order. Where one falls on a weekend and
    another day is given instead, that day is listed and not the original."""
    years = range(first.year, last.year + 1)
    known = holidays.country_holidays("GB", subdiv="ENG", years=years, observed=True)
    # No bank holiday stays on a weekend: the library lists the original there, and its substitute as a day of its own.
    return sorted(day for day in known if first <= day <= last and day.weekday() < _SATURDAY)
