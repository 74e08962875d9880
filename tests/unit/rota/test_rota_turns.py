"""Turns begin and end at the right instants, at every clock change to 2030, and are whose they should be."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import ALWAYS, Turn, holder, turns
from protocols.rota.model import Assigned, Layer
from tests.support.rota_books import FOUR, LONDON, layer, local
from tests.support.rota_clocks import BACK, CLOCK_CHANGES, FORWARD, LORD_HOWE, SYDNEY, ClockChange

every_change = pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda change: change.name)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def spans(of: Layer, zone: str, starts_at: datetime, ends_at: datetime) -> list[Span]:
    """When its turns are that touch a time."""
    return [turn.span for turn in turns(of, zone, Span(starts_at, ends_at))]


def around(change: ClockChange, days: int) -> tuple[datetime, datetime]:
    """From days before a change until as many after it."""
    return change.at - days * DAY, change.at + days * DAY


@every_change
def test_weekly_handover_stays_at_its_time_of_day(change: ClockChange) -> None:
    weeks = layer(starts="2026-01-04T09:00")  # a Sunday: clocks change in the week that ends with it
    found = spans(weeks, change.zone, *around(change, 3))
    handovers = [change.early("09:00", -7), change.late("09:00"), change.late("09:00", 7)]
    assert found == [Span(handovers[0], handovers[1]), Span(handovers[1], handovers[2])]
    assert found[0].length == 7 * DAY + timedelta(minutes=change.before - change.after)
    assert found[1].length == 7 * DAY


@every_change
def test_daily_handover_stays_at_its_time_of_day(change: ClockChange) -> None:
    days = layer(starts="2026-01-01T18:30", unit="days")
    found = spans(days, change.zone, change.early("12:00", -1), change.late("12:00", 1))
    handovers = [change.early("18:30", -2), change.early("18:30", -1), change.late("18:30"), change.late("18:30", 1)]
    assert found == [Span(*pair) for pair in pairwise(handovers)]


@every_change
def test_turns_by_the_hour_are_real_hours(change: ClockChange) -> None:
    halves = layer(starts="2026-01-01T07:00", every=12, unit="hours")
    found = spans(halves, change.zone, *around(change, 4))
    assert all(span.length == 12 * HOUR for span in found)
    assert all(
        (span.starts_at - local("2026-01-01T07:00", change.zone)) % (12 * HOUR) == timedelta(0) for span in found
    )
    assert found[0].starts_at <= change.at - 4 * DAY < found[0].ends_at
    assert found[-1].starts_at < change.at + 4 * DAY <= found[-1].ends_at


@pytest.mark.parametrize("change", FORWARD, ids=lambda change: change.name)
def test_a_handover_that_clocks_skip_is_taken_with_the_offset_before(change: ClockChange) -> None:
    skipped = (change.at + timedelta(minutes=change.before + 20)).strftime("%H:%M")
    days = layer(starts=f"2026-01-01T{skipped}", unit="days")
    found = spans(days, change.zone, change.at, change.at + 2 * HOUR)
    handovers = [change.early(skipped, -1), change.early(skipped), change.late(skipped, 1)]
    assert found == [Span(handovers[0], handovers[1]), Span(handovers[1], handovers[2])]
    assert handovers[1] == change.at + timedelta(minutes=20)


@pytest.mark.parametrize("change", BACK, ids=lambda change: change.name)
def test_a_handover_that_comes_twice_is_at_its_first(change: ClockChange) -> None:
    twice = (change.at + timedelta(minutes=change.after + 20)).strftime("%H:%M")
    days = layer(starts=f"2026-01-01T{twice}", unit="days")
    found = spans(days, change.zone, change.at, change.at + HOUR)
    assert found == [Span(change.early(twice), change.late(twice, 1))]
    assert found[0].starts_at < change.at


def test_no_turn_begins_where_the_layer_ends_and_the_last_is_cut_there() -> None:
    weeks = layer(starts="2026-01-05T09:00", ends="2026-01-20T12:00")
    found = spans(weeks, LONDON, local("2025-12-01T00:00"), local("2026-04-01T00:00"))
    assert [span.ends_at for span in found] == [
        local("2026-01-12T09:00"),
        local("2026-01-19T09:00"),
        local("2026-01-20T12:00"),
    ]
    exact = layer(starts="2026-01-05T09:00", ends="2026-01-19T09:00")
    assert len(spans(exact, LONDON, local("2025-12-01T00:00"), local("2026-04-01T00:00"))) == 2


def test_only_turns_with_a_part_in_the_window_are_given_and_whole() -> None:
    weeks = layer(starts="2026-01-05T09:00")
    assert spans(weeks, LONDON, local("2026-01-01T00:00"), local("2026-01-05T09:00")) == []
    first = [Span(local("2026-01-05T09:00"), local("2026-01-12T09:00"))]
    assert spans(weeks, LONDON, local("2026-01-12T08:59"), local("2026-01-12T09:00")) == first
    assert spans(weeks, LONDON, local("2026-01-08T00:00"), local("2026-01-08T00:00")) == []


def test_a_day_that_a_zone_skips_has_no_turn() -> None:
    """Samoa had no 30 December 2011."""
    days = layer(starts="2011-12-28T10:00", unit="days")
    found = turns(days, "Pacific/Apia", Span(datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)))
    assert [turn.number for turn in found] == [0, 1, 3, 4]
    assert all(turn.span.length == DAY for turn in found)


def walked(of: Layer, zone: str, until: datetime) -> list[Turn]:
    """Its turns from the first on, one after the other."""
    found: list[Turn] = []
    step = timedelta(**{of.turn.unit: of.turn.every})
    starts_at = local(of.starts.isoformat(), zone)
    while starts_at < until:
        number = len(found)
        if of.turn.unit == "hours":
            ends_at = starts_at + step
        else:
            ends_at = local((of.starts + (number + 1) * step).isoformat(), zone)
        found.append(Turn(of, number, Span(starts_at, ends_at)))
        starts_at = ends_at
    return found


LENGTHS: st.SearchStrategy[tuple[int, Literal["hours", "days", "weeks"]]] = st.one_of(
    st.tuples(st.integers(1, 40), st.just("hours")),
    st.tuples(st.integers(1, 20), st.just("days")),
    st.tuples(st.integers(1, 3), st.just("weeks")),
)
MINUTES = st.integers(-20 * 1440, 250 * 1440)


@given(
    LENGTHS,
    st.times(),
    st.sampled_from([LONDON, SYDNEY, LORD_HOWE]),
    st.tuples(MINUTES, MINUTES).filter(lambda ends: ends[0] != ends[1]),
)
def test_a_window_shows_what_a_walk_from_the_first_turn_meets(
    length: tuple[int, Literal["hours", "days", "weeks"]], at: time, zone: str, ends: tuple[int, int]
) -> None:
    of = layer(starts=f"2026-02-20T{at.isoformat()}", every=length[0], unit=length[1])
    first, last = (local("2026-02-20T00:00", zone) + timedelta(minutes=minute) for minute in sorted(ends))
    window = Span(first, last)
    assert turns(of, zone, window) == [turn for turn in walked(of, zone, last) if turn.span.overlap(window)]


def test_a_window_far_from_the_first_turn_is_not_walked_to() -> None:
    hours = layer(starts="1900-01-01T00:00", every=1, unit="hours")
    at = datetime(2990, 1, 1, tzinfo=UTC)
    found = turns(hours, "UTC", Span(at, at + 2 * HOUR))
    assert [turn.span.starts_at for turn in found] == [at, at + HOUR]
    assert found[0].number == (at - datetime(1900, 1, 1, tzinfo=UTC)) // HOUR


def test_the_order_is_taken_round_and_round() -> None:
    weeks = layer(starts="2026-01-05T09:00")
    found = turns(weeks, LONDON, Span(local("2026-01-05T09:00"), local("2026-02-09T09:00")))
    assert [holder(turn, {}) for turn in found] == [(person, ALWAYS) for person in [*FOUR, FOUR[0]]]


def test_who_was_assigned_goes_before_the_order() -> None:
    first, second, third = turns(
        layer(starts="2026-01-05T09:00"), LONDON, Span(local("2026-01-05T09:00"), local("2026-01-26T09:00"))
    )
    published_at = datetime(2026, 1, 1, tzinfo=UTC)
    given_turns = [
        Assigned(layer="primary-weeks", starts_at=first.span.starts_at, person="TO-14", published_at=published_at),
        Assigned(layer="primary-weeks", starts_at=second.span.starts_at, person=None),
        Assigned(layer="primary-weeks", starts_at=third.span.starts_at + HOUR, person="TO-14"),
        Assigned(layer="another", starts_at=third.span.starts_at, person="TO-14"),
    ]
    assigned = {(one.layer, one.starts_at): one for one in given_turns}
    assert holder(first, assigned) == ("TO-14", published_at)
    assert holder(second, assigned) == (None, None)
    assert holder(third, assigned) == ("TO-13", ALWAYS)


def test_a_layer_without_an_order_leaves_its_turns_to_nobody() -> None:
    empty = layer(order=())
    assert holder(Turn(empty, 0, Span(ALWAYS, ALWAYS + HOUR)), {}) == (None, ALWAYS)
