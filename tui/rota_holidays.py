"""What a bank holiday of England is called: books carry dates only. Pure."""

from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876)."""
    golden, century, of_century = year % 19, *divmod(year, 100)
    leaps, rest = divmod(century, 4)
    correction = (century + 8) // 25
    moon = (19 * golden + century - leaps - (century - correction + 1) // 3 + 15) % 30
    quads, years = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quads - moon - years) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def holiday_name(day: date) -> str:
    """The name of a day that is a bank holiday in England; `bank holiday` of one that was given for once."""
    return _moving(day) or _fixed(day) or "bank holiday"


def _moving(day: date) -> str:
    sunday = easter(day.year)
    if day in {sunday - 2 * _DAY, sunday + _DAY}:
        return "Good Friday" if day < sunday else "Easter Monday"
    if day.weekday() == 0:
        last = (day + 7 * _DAY).month != day.month
        names = {(5, True): "spring holiday", (8, True): "summer holiday"}
        return "early May holiday" if day.month == 5 and day.day <= 7 else names.get((day.month, last), "")
    return ""


def _fixed(day: date) -> str:
    """Of the days with a date, and of those given instead of one on a weekend."""
    if day.month == 1 and day.day <= 3:
        return "New Year’s Day" if day.day == 1 else "New Year’s Day, given instead"
    if day.month != 12 or not 25 <= day.day <= 28:
        return ""
    if day.day <= 26:
        return "Christmas Day" if day.day == 25 else "Boxing Day"
    christmas = date(day.year, 12, 25).weekday()
    # Saturday and Sunday: both are given instead; Sunday and Monday: only Christmas Day; Friday: only Boxing Day.
    if day.day == 27:
        return "Christmas Day, given instead"
    return "Boxing Day, given instead" if christmas != _SATURDAY + 1 else "Christmas Day, given instead"
