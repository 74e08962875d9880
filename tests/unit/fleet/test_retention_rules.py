"""When a controller's clock may decide what is erased."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fleet.retention import CLOCKS_APART_DAYS, clocks_agree

days = st.dates(min_value=date(1970, 1, 1), max_value=date(2199, 12, 31))


@given(days, st.integers(min_value=-CLOCKS_APART_DAYS, max_value=CLOCKS_APART_DAYS))
def test_clocks_a_midnight_or_two_apart_agree(today: date, apart: int) -> None:
    assert clocks_agree(today, today + timedelta(days=apart))


@given(days, st.integers(min_value=CLOCKS_APART_DAYS + 1, max_value=30_000))
def test_a_clock_that_is_days_off_decides_nothing_whichever_way(today: date, apart: int) -> None:
    assert not clocks_agree(today, today + timedelta(days=apart))
    assert not clocks_agree(today + timedelta(days=apart), today)
