"""Wall time and instants, at every clock change to 2030 in London, in Sydney and on Lord Howe Island (half an hour)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.spans import Span, minus
from fleet.rota.rules.wall import (
    daily,
    dates_touched,
    day_span,
    instant,
    local_date,
    midnight,
    monday_of,
    restricted,
    wall_time,
)
from tests.support.rota_books import LONDON, local, weekdays
from tests.support.rota_clocks import BACK, CLOCK_CHANGES, FORWARD, LORD_HOWE, SYDNEY, ClockChange

every_change = pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda change: change.name)
MINUTES = st.integers(0, 5 * 366 * 1440)
INSTANTS = MINUTES.map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
ZONES = st.sampled_from([LONDON, SYDNEY, LORD_HOWE, "Asia/Kolkata", "Africa/Cairo", "America/Havana"])


def test_the_changes_are_those_of_the_calendar() -> None:
    days = [str(change.day) for change in CLOCK_CHANGES if change.zone == LONDON]
    assert days[:6] == ["2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31", "2028-03-26", "2028-10-29"]
    assert days[6:] == ["2029-03-25", "2029-10-28", "2030-03-31", "2030-10-27"]
    assert all(change.at.time() == time(1) for change in CLOCK_CHANGES if change.zone == LONDON)


@every_change
def test_times_of_day_before_and_after_a_change(change: ClockChange) -> None:
    morning = datetime.combine(change.day, time(9))
    assert instant(morning, change.zone) == change.late("09:00")
    assert instant(morning - timedelta(days=1), change.zone) == change.early("09:00", -1)
    assert wall_time(change.late("09:00"), change.zone) == morning
    assert local_date(change.at, change.zone) == change.day
    assert day_span(change.day, change.zone) == Span(change.early("00:00"), change.late("00:00", 1))
    assert day_span(change.day, change.zone).length == timedelta(days=1, minutes=change.before - change.after)


@pytest.mark.parametrize("change", FORWARD, ids=lambda change: change.name)
def test_a_time_that_clocks_skip_is_taken_with_the_offset_before(change: ClockChange) -> None:
    skipped = (change.at + timedelta(minutes=change.before + 10)).replace(tzinfo=None)
    assert instant(skipped, change.zone) == change.at + timedelta(minutes=10)


@pytest.mark.parametrize("change", BACK, ids=lambda change: change.name)
def test_a_time_that_comes_twice_is_its_first(change: ClockChange) -> None:
    twice = (change.at + timedelta(minutes=change.after + 10)).replace(tzinfo=None)
    first = change.at + timedelta(minutes=10 - (change.before - change.after))
    assert instant(twice, change.zone) == first < change.at
    assert wall_time(first, change.zone) == wall_time(change.at + timedelta(minutes=10), change.zone) == twice


@every_change
def test_hours_over_midnight_are_as_long_as_they_really_are(change: ClockChange) -> None:
    night = daily(change.day - timedelta(days=1), time(22), time(6), change.zone)
    assert night == Span(change.early("22:00", -1), change.late("06:00"))
    whole = daily(change.day, time(0), time(0), change.zone)
    assert whole == day_span(change.day, change.zone)
    weekend = Span(change.early("12:00", -2), change.late("12:00", 1))
    saturdays = [weekdays([5], "22:00", "06:00")]
    assert restricted(weekend, saturdays, change.zone) == [night]


def test_a_zone_whose_midnight_is_skipped_begins_its_day_later() -> None:
    """Cairo goes forward at midnight, as the last Friday of April begins."""
    assert midnight(date(2026, 4, 24), "Africa/Cairo") == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert wall_time(midnight(date(2026, 4, 24), "Africa/Cairo"), "Africa/Cairo") == datetime(2026, 4, 24, 1)  # noqa: DTZ001 - wall time


@given(INSTANTS, ZONES)
def test_a_wall_time_leads_back_to_its_instant_or_to_the_first_that_showed_it(at: datetime, zone: str) -> None:
    back = instant(wall_time(at, zone), zone)
    assert wall_time(back, zone) == wall_time(at, zone)
    assert back <= at <= back + timedelta(hours=1)


@given(INSTANTS, st.integers(0, 5 * 1440), ZONES)
def test_the_dates_touched_are_those_of_each_minute(at: datetime, length: int, zone: str) -> None:
    naive = sorted({local_date(at + timedelta(minutes=minute), zone) for minute in range(0, length, 15)})
    span = Span(at, at + timedelta(minutes=length))
    if length:
        naive = sorted({*naive, local_date(span.ends_at - timedelta(minutes=1), zone)})
    assert list(dates_touched(span, zone)) == naive


def test_hours_of_some_days_are_found_in_a_span_that_begins_and_ends_within_them() -> None:
    nights = [weekdays([0, 2], "20:00", "08:00"), weekdays([0], "06:00", "07:00")]
    found = restricted(Span(local("2026-06-02T03:00"), local("2026-06-03T21:30")), nights, LONDON)
    assert found == [
        Span(local("2026-06-02T03:00"), local("2026-06-02T08:00")),
        Span(local("2026-06-03T20:00"), local("2026-06-03T21:30")),
    ]
    assert restricted(Span(local("2026-06-04T09:00"), local("2026-06-06T09:00")), nights, LONDON) == []


def test_without_restrictions_everything_counts() -> None:
    span = Span(local("2026-06-02T03:00"), local("2026-06-03T21:30"))
    assert restricted(span, [], LONDON) == [span]
    always = [weekdays(range(7), "00:00", "00:00")]
    assert restricted(span, always, LONDON) == [span]
    halves = [weekdays(range(7), "08:00", "20:00"), weekdays(range(7), "20:00", "08:00")]
    assert restricted(span, halves, LONDON) == [span]
    assert minus([span], restricted(span, halves[:1], LONDON)) == restricted(span, halves[1:], LONDON)


def test_weeks_begin_on_mondays() -> None:
    assert [monday_of(date(2026, 1, day)) for day in (5, 8, 11)] == [date(2026, 1, 5)] * 3
    assert monday_of(date(2026, 1, 4)) == date(2025, 12, 29)
