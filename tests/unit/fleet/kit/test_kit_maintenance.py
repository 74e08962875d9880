"""Maintenance is due by date or counter, whichever comes first; at the limit it is overdue."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.kit.rules.maintenance import SOON, History, LastDone, Standing, due, every_due
from protocols.kit import MaintenanceRule

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
YEARLY = MaintenanceRule(rule="seals", what="check the seals", every_days=365, procedure="OP014")
BY_HOURS = MaintenanceRule(rule="fan", what="change the fan", counter="running_h", every_count=1000)
BOTH = MaintenanceRule(rule="battery", what="capacity test", every_days=180, counter="battery_cycles", every_count=100)
WORSE: dict[Standing, int] = {"in-time": 0, "unknown": 0, "soon": 1, "overdue": 2}

rules = st.builds(
    lambda days, count, by_date: MaintenanceRule(
        rule="any-rule",
        what="anything",
        every_days=days if by_date else None,
        counter=None if by_date and count is None else "running_h",
        every_count=None if by_date and count is None else count or 7,
    ),
    st.integers(1, 800),
    st.none() | st.integers(1, 5000),
    st.booleans(),
)
histories = st.builds(
    lambda reading, done: History(added_at=T0, readings={"running_h": reading}, done=done),
    st.integers(0, 20_000),
    st.just({})
    | st.builds(
        lambda days, count: {"any-rule": LastDone(at=T0 + days * DAY, counter_value=count)},
        st.integers(0, 900),
        st.integers(0, 20_000),
    ),
)
days = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        (T0, "in-time"),
        (T0 + 365 * DAY - SOON - timedelta(seconds=1), "in-time"),
        (T0 + 365 * DAY - SOON, "soon"),
        (T0 + 365 * DAY - timedelta(seconds=1), "soon"),
        (T0 + 365 * DAY, "overdue"),
    ],
)
def test_by_date_it_is_soon_fourteen_days_before_and_overdue_at_its_time(at: datetime, standing: str) -> None:
    found = due(YEARLY, History(added_at=T0), at)
    assert (found.standing, found.due_at, found.left, found.procedure) == (standing, T0 + 365 * DAY, None, "OP014")


@pytest.mark.parametrize(
    ("reading", "left", "standing"),
    [(0, 1000, "in-time"), (899, 101, "in-time"), (900, 100, "soon"), (999, 1, "soon"), (1000, 0, "overdue")],
)
def test_by_counter_it_is_soon_in_the_last_tenth_and_overdue_at_the_count(
    reading: int, left: int, standing: str
) -> None:
    found = due(BY_HOURS, History(added_at=T0, readings={"running_h": reading}), T0)
    assert (found.left, found.standing, found.due_at) == (left, standing, None)


def test_a_counter_that_was_never_read_is_unknown_and_stops_nothing_that_the_date_does_not() -> None:
    assert due(BY_HOURS, History(added_at=T0), T0).standing == "unknown"
    assert due(BOTH, History(added_at=T0), T0).standing == "unknown"
    assert due(BOTH, History(added_at=T0), T0 + 180 * DAY).standing == "overdue"


def test_a_counter_that_began_anew_counts_from_its_lowest_reading_on() -> None:
    done = LastDone(at=T0, counter_value=290, lowest_since=5)
    for reading, left in ((5, 100), (80, 25), (105, 0), (300, -195)):
        history = History(added_at=T0, readings={"battery_cycles": reading}, done={"battery": done})
        assert due(BOTH, history, T0).left == left
    corrected = LastDone(at=T0, counter_value=290)
    history = History(added_at=T0, readings={"battery_cycles": 300}, done={"battery": corrected})
    assert due(BOTH, history, T0).left == 90


def test_the_most_pressing_comes_first() -> None:
    history = History(added_at=T0, readings={"running_h": 950})
    assert [one.rule for one in every_due([YEARLY, BOTH, BY_HOURS], history, T0 + DAY)] == ["fan", "battery", "seals"]
    assert [one.rule for one in every_due([BY_HOURS, YEARLY], history, T0 + 400 * DAY)] == ["seals", "fan"]


@given(rules, histories, days)
def test_it_is_overdue_exactly_when_one_of_the_limits_is_reached(
    rule: MaintenanceRule, history: History, after: int
) -> None:
    now = T0 + after * DAY
    found = due(rule, history, now)
    by_date = found.due_at is not None and now >= found.due_at
    by_count = found.left is not None and found.left <= 0
    assert (found.standing == "overdue") == (by_date or by_count)
    assert found.standing in get_args(Standing)


@given(rules, histories, days, days, st.integers(0, 5000))
def test_neither_time_nor_running_makes_it_less_due(
    rule: MaintenanceRule, history: History, after: int, more: int, ran: int
) -> None:
    then = due(rule, history, T0 + after * DAY)
    # The lowest reading since is what the store would tell then.
    reading = history.readings["running_h"]
    done = {
        key: LastDone(at=one.at, counter_value=one.counter_value, lowest_since=reading)
        for key, one in history.done.items()
    }
    further = History(added_at=T0, readings={"running_h": reading + ran}, done=done)
    later = due(rule, further, T0 + (after + more) * DAY)
    assert WORSE[later.standing] >= WORSE[then.standing]
    assert (later.left is None) == (then.left is None)
    assert later.left is None or then.left is None or later.left <= then.left
