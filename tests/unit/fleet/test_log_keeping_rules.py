"""Which rule keeps which kind of text, and from when on."""

from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from fleet.keeping.erasure import keeping_rules, kept_from

beginnings = st.text(alphabet="ab.", min_size=1, max_size=4)
kinds = st.text(alphabet="ab.", max_size=6)


@given(st.integers(1, 99), st.dictionaries(beginnings, st.integers(1, 99), max_size=6), kinds)
def test_the_longest_beginning_decides_and_no_kind_has_two_rules(
    default: int, years_of: dict[str, int], kind: str
) -> None:
    covering = [
        rule
        for rule in keeping_rules(default, years_of)
        if kind.startswith(rule.kinds) and not any(kind.startswith(other) for other in rule.but_kinds)
    ]
    longest = max((beginning for beginning in years_of if kind.startswith(beginning)), key=len, default="")
    assert [(rule.kinds, rule.years) for rule in covering] == [(longest, years_of.get(longest, default))]


@given(st.dates(date(2020, 1, 1), date(2150, 1, 1)), st.times(), st.integers(1, 99))
def test_nothing_goes_before_its_years_are_over(day: date, clock: time, years: int) -> None:
    now = datetime.combine(day, clock, UTC)
    bound = kept_from(now, years)
    assert (bound.hour, bound.minute, bound.second, bound.microsecond) == (0, 0, 0, 0)
    assert now.year - bound.year == years
    assert (bound.month, bound.day) <= (now.month, now.day) or (now.month, now.day) == (2, 29)
