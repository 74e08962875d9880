"""The bank holidays of England: substitutes only, and the extra ones."""

from datetime import date

import pytest

from fleet.rota.bank_holidays import bank_holidays

EXTRA = {2022: {date(2022, 6, 3), date(2022, 9, 19)}, 2023: {date(2023, 5, 8)}}


def _of(year: int) -> list[date]:
    return bank_holidays(date(year, 1, 1), date(year, 12, 31))


@pytest.mark.parametrize("year", range(2020, 2036))
def test_every_year_has_eight_and_the_extra_ones(year: int) -> None:
    days = _of(year)
    assert len(days) == 8 + len(EXTRA.get(year, ()))
    assert EXTRA.get(year, set()) <= set(days)
    assert days == sorted(set(days))
    assert all(day.weekday() < 5 for day in days), "an original on a weekend was not dropped"


@pytest.mark.parametrize(
    ("year", "given", "dropped"),
    [
        (2020, [(5, 8), (12, 25), (12, 28)], [(5, 4), (12, 26)]),
        (2021, [(12, 27), (12, 28)], [(12, 25), (12, 26)]),
        (2022, [(1, 3), (6, 2), (12, 26), (12, 27)], [(1, 1), (5, 30), (12, 25)]),
        (2023, [(1, 2), (12, 25), (12, 26)], [(1, 1)]),
        (2026, [(12, 25), (12, 28)], [(12, 26)]),
        (2027, [(12, 27), (12, 28)], [(12, 25), (12, 26)]),
        (2028, [(1, 3)], [(1, 1)]),
    ],
)
def test_a_substitute_stands_instead_of_its_original(
    year: int, given: list[tuple[int, int]], dropped: list[tuple[int, int]]
) -> None:
    days = {(day.month, day.day) for day in _of(year)}
    assert days >= set(given)
    assert not days & set(dropped)


def test_both_ends_are_counted_in_and_years_join() -> None:
    assert bank_holidays(date(2026, 12, 25), date(2027, 1, 1)) == [
        date(2026, 12, 25),
        date(2026, 12, 28),
        date(2027, 1, 1),
    ]
    assert bank_holidays(date(2026, 12, 26), date(2026, 12, 27)) == []
    assert bank_holidays(date(2026, 12, 28), date(2026, 12, 25)) == []
