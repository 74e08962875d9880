"""Who has a position: precedence by example, and against a model that asks at every half hour."""

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.rota.rules.schedule import LOOK_DAYS, gaps, holder_at, on_call, shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import ALWAYS
from fleet.rota.rules.wall import instant
from protocols.rota.model import Assigned, Change, Gap, Layer, Position, Restriction, Rota, Shift
from tests.support.rota_books import FOUR, LONDON, LONG_AGO, book, change, layer, local, rota, weekdays
from tests.support.rota_clocks import CLOCK_CHANGES, ClockChange

HALF_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
WEEK = Span(local("2026-01-05T09:00"), local("2026-01-12T09:00"))
MONDAY = WEEK.starts_at


def said(shifts: list[Shift]) -> list[tuple[float, float, str, str]]:
    """Each shift's beginning and end in hours after Monday, its person, and what it comes from."""
    return [((s.starts_at - MONDAY) / HOUR, (s.ends_at - MONDAY) / HOUR, s.person, s.about) for s in shifts]


def changed(name: str, kind: str, person: str, first_h: int, last_h: int, decided_h: int = 0) -> Change:
    """A change of primary, in hours after Monday."""
    return change(
        kind,  # type: ignore[arg-type]  # one of the three words, as its callers write them
        person,
        MONDAY + first_h * HOUR,
        MONDAY + last_h * HOUR,
        decided_at=LONG_AGO + decided_h * HOUR,
        name=name,
    )


ONE_LAYER = rota([layer("weeks")])


def test_a_change_cuts_a_shift_and_the_layer_goes_on_after_it() -> None:
    shifts = on_call(ONE_LAYER, [], [changed("c", "take-over", "TO-12", 10, 20)], WEEK)
    assert said(shifts) == [(0, 10, "TO-11", "weeks"), (10, 20, "TO-12", "c"), (20, 168, "TO-11", "weeks")]
    assert [shift.source for shift in shifts] == ["layer", "take-over", "layer"]
    assert [shift.known_at for shift in shifts] == [ALWAYS, LONG_AGO, ALWAYS]


def test_an_override_stands_above_a_swap_that_was_decided_later() -> None:
    changes = [changed("o", "override", "TO-12", 10, 20), changed("s", "swap", "TO-13", 5, 25, decided_h=9)]
    assert said(on_call(ONE_LAYER, [], changes, Span(MONDAY, MONDAY + 30 * HOUR))) == [
        (0, 5, "TO-11", "weeks"),
        (5, 10, "TO-13", "s"),
        (10, 20, "TO-12", "o"),
        (20, 25, "TO-13", "s"),
        (25, 30, "TO-11", "weeks"),
    ]


def test_the_change_decided_last_counts_and_then_the_greater_id() -> None:
    window = Span(MONDAY, MONDAY + 4 * HOUR)
    swap, later = (
        changed("b", "swap", "TO-12", 0, 4, decided_h=1),
        changed("a", "take-over", "TO-13", 0, 4, decided_h=2),
    )
    assert said(on_call(ONE_LAYER, [], [later, swap], window)) == [(0, 4, "TO-13", "a")]
    same = changed("a", "take-over", "TO-13", 0, 4, decided_h=1)
    assert said(on_call(ONE_LAYER, [], [swap, same], window)) == [(0, 4, "TO-12", "b")]


def test_the_highest_layer_with_somebody_counts() -> None:
    days = layer("days", unit="days", order=["TO-13", "TO-14"])
    layers = [layer("weeks"), days, layer("nobodys", order=())]
    nobody = Assigned(layer="days", starts_at=MONDAY + DAY, person=None)
    assert said(on_call(rota(layers), [nobody], [], Span(MONDAY, MONDAY + 3 * DAY))) == [
        (0, 24, "TO-13", "days"),
        (24, 48, "TO-11", "weeks"),
        (48, 72, "TO-13", "days"),
    ]


def test_two_turns_of_one_person_stay_two_shifts() -> None:
    alone = rota([layer("days", unit="days", order=["TO-11"])])
    assert said(on_call(alone, [], [], Span(MONDAY, MONDAY + 2 * DAY))) == [
        (0, 24, "TO-11", "days"),
        (24, 48, "TO-11", "days"),
    ]


def test_parts_of_one_change_that_touch_are_one_shift() -> None:
    changes = [changed("c", "swap", "TO-12", 2, 4), changed("c", "swap", "TO-12", 4, 6)]
    assert said(on_call(rota([]), [], changes, WEEK)) == [(2, 6, "TO-12", "c")]


def test_a_change_that_ends_before_it_starts_counts_for_nothing() -> None:
    assert on_call(rota([]), [], [changed("c", "override", "TO-12", 4, 2)], WEEK) == []


def test_restrictions_leave_the_rest_of_a_turn_to_lower_layers() -> None:
    nights = layer("nights", order=["TO-13"], restrictions=[weekdays([1], "22:00", "06:00")])
    window = Span(local("2026-01-06T12:00"), local("2026-01-07T12:00"))
    shifts = on_call(rota([layer("weeks"), nights]), [], [], window)
    assert [(shift.starts_at, shift.person) for shift in shifts] == [
        (local("2026-01-06T12:00"), "TO-11"),
        (local("2026-01-06T22:00"), "TO-13"),
        (local("2026-01-07T06:00"), "TO-11"),
    ]


def test_hours_that_end_where_a_turn_begins_leave_the_next_hours_to_it() -> None:
    nights = rota([layer("nights", unit="days", restrictions=[weekdays(range(7), "17:00", "09:00")])])
    assert said(on_call(nights, [], [], Span(MONDAY - DAY, MONDAY + 2 * DAY))) == [
        (8, 24, "TO-11", "nights"),
        (32, 48, "TO-12", "nights"),
    ]


def test_a_books_shifts_reach_from_where_work_is_known_to_the_end_of_its_period() -> None:
    of = book(known_from=local("2026-01-20T00:00"))
    shifts = shifts_of(of)
    assert {shift.position for shift in shifts} == {"primary", "secondary"}
    assert shifts[0].starts_at == local("2026-01-20T00:00")
    assert max(shift.ends_at for shift in shifts) == of.ends_at
    assert shifts == sorted(shifts)


def test_a_gap_is_where_nobody_has_a_position_within_the_hours_of_cover() -> None:
    office = rota([layer("days", restrictions=[weekdays(range(5), "10:00", "16:00")])])
    shifts = on_call(office, [], [], WEEK)
    window = Span(MONDAY, MONDAY + DAY)
    assert [(gap.starts_at, gap.ends_at) for gap in gaps(office, shifts, window) if gap.position == "primary"] == [
        (MONDAY, MONDAY + HOUR),
        (MONDAY + 7 * HOUR, MONDAY + DAY),
    ]
    covered = Rota(
        rota="office",
        name="Office",
        zone=LONDON,
        layers=office.layers,
        positions=["primary"],
        cover=[weekdays([0, 1], "15:00", "17:00")],
    )
    assert gaps(covered, shifts, WEEK) == [
        Gap(starts_at=local(f"2026-01-0{day}T16:00"), ends_at=local(f"2026-01-0{day}T17:00"), position="primary")
        for day in (5, 6)
    ]


def test_there_is_no_gap_before_the_first_layer_begins_but_one_after_it_ends() -> None:
    begun = rota([layer("late", starts="2026-01-06T09:00", ends="2026-01-08T09:00")])
    found = gaps(begun, on_call(begun, [], [], WEEK), WEEK)
    assert [gap.starts_at for gap in found if gap.position == "primary"] == [local("2026-01-08T09:00")]


def test_who_is_on_call_now_has_the_true_ends_of_the_shift() -> None:
    long = rota([layer("half-years", every=26, order=["TO-11", "TO-12"])])
    shadow = change("override", "TO-13", MONDAY, MONDAY + 9 * DAY, position="shadow")
    begin, end = local("2026-01-05T09:00"), local("2026-07-06T09:00")
    now = holder_at(long, [], [shadow], begin + 2 * DAY)
    assert [(shift.position, shift.person) for shift in now] == [("primary", "TO-11"), ("shadow", "TO-13")]
    assert (now[0].starts_at, now[0].ends_at) == (begin, end)
    assert now[1].ends_at == begin + 9 * DAY
    assert [shift.person for shift in holder_at(long, [], [shadow], end)] == ["TO-12"]
    assert holder_at(long, [], [], begin - HOUR) == []


def test_how_far_the_end_of_a_shift_is_looked_for_is_bounded() -> None:
    endless = rota([layer("years", every=366, order=["TO-11"])])
    at = MONDAY + 900 * DAY
    (shift,) = holder_at(endless, [], [], at)
    assert (shift.starts_at, shift.ends_at) == (at - LOOK_DAYS * DAY, at + LOOK_DAYS * DAY)


# The model: asks at each half hour, turn by turn from the first.


class Case(NamedTuple):
    """What the model and the rules are both asked."""

    rota: Rota
    assigned: list[Assigned]
    changes: list[Change]
    window: Span


def turn_at(of: Layer, zone: str, at: datetime) -> tuple[int, datetime] | None:
    """The number and beginning of the turn that an instant is in."""
    number, step = 0, timedelta(**{of.turn.unit: of.turn.every})
    begins = local(of.starts.isoformat(), zone)
    if at < begins or (of.ends is not None and at >= local(of.ends.isoformat(), zone)):
        return None
    while True:
        number += 1
        following = local(of.starts.isoformat(), zone) + number * step
        if of.turn.unit != "hours":
            following = local((of.starts + number * step).isoformat(), zone)
        if at < following:
            return number - 1, begins
        begins = following


def within(restrictions: list[Restriction], zone: str, at: datetime) -> bool:
    """Whether an instant is in one of the restrictions, or there are none."""
    midday = at.replace(hour=12)
    for one in restrictions:
        for shown in (midday + days * DAY for days in (-2, -1, 0, 1)):
            ends = shown if one.from_time < one.until_time else shown + DAY
            from_at, until_at = f"{shown:%Y-%m-%d}T{one.from_time}", f"{ends:%Y-%m-%d}T{one.until_time}"
            if shown.weekday() in one.weekdays and local(from_at, zone) <= at < local(until_at, zone):
                return True
    return not restrictions


def holder_of(case: Case, position: Position, at: datetime) -> tuple[str, str, str, int, datetime | None] | None:
    """Person, source, what it is about, number of the turn, and since when it is known."""
    for kinds in (["override"], ["swap", "take-over"]):
        now = [c for c in case.changes if c.kind in kinds and c.position == position and c.starts_at <= at < c.ends_at]
        if now:
            last = max(now, key=lambda one: (one.decided_at, one.change))
            return last.person, last.kind, last.change, -1, last.decided_at
    for of in reversed(case.rota.layers):
        turn = turn_at(of, case.rota.zone, at)
        if of.position != position or turn is None or not within(of.restrictions, case.rota.zone, at):
            continue
        number, begins = turn
        given = [one for one in case.assigned if (one.layer, one.starts_at) == (of.layer, begins)]
        person = given[0].person if given else of.order[number % len(of.order)] if of.order else None
        if person is not None:
            return person, "layer", of.layer, number, given[0].published_at if given else ALWAYS
    return None


def modelled(case: Case) -> list[Shift]:
    """Every shift, half hour by half hour."""
    found: list[Shift] = []
    positions: list[Position] = ["primary", "secondary", "shadow"]
    for position in positions:
        at, before = case.window.starts_at, None
        while at < case.window.ends_at:
            now = holder_of(case, position, at)
            if now is not None:
                starts_at = found.pop().starts_at if now == before else at
                found.append(
                    Shift(
                        starts_at=starts_at,
                        ends_at=at + HALF_HOUR,
                        position=position,
                        person=now[0],
                        source=now[1],  # type: ignore[arg-type]  # one of the words of Shift.source
                        about=now[2],
                        known_at=now[4],
                    )
                )
            before, at = now, at + HALF_HOUR
    return sorted(found)


PEOPLE = st.sampled_from(FOUR)
POSITIONS: st.SearchStrategy[Position] = st.sampled_from(("primary", "primary", "secondary", "shadow"))
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30]))
RESTRICTIONS = st.builds(weekdays, st.lists(st.integers(0, 6), min_size=1, max_size=5, unique=True), TIMES, TIMES)


@st.composite
def layers(draw: st.DrawFn, change: ClockChange, name: str) -> Layer:
    """A layer that begins within some days of the change."""
    return layer(
        name,
        position=draw(POSITIONS),
        starts=f"{change.day + timedelta(days=draw(st.integers(-9, 2)))}T{draw(TIMES)}",
        every=draw(st.integers(1, 30)),
        unit=draw(st.sampled_from(("hours", "days", "weeks"))),
        order=draw(st.lists(PEOPLE, max_size=4)),
        ends=draw(st.none() | st.just(f"{change.day + timedelta(days=3)}T{draw(TIMES)}")),
        restrictions=draw(st.lists(RESTRICTIONS, max_size=2)),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A rota of a few days around a change of clocks, everything in it at half hours."""
    clocks = draw(st.sampled_from(CLOCK_CHANGES))
    whole = rota([draw(layers(clocks, f"l{n}")) for n in range(draw(st.integers(0, 4)))], zone=clocks.zone)
    instants = st.integers(-48, 48).map(lambda n: clocks.at + n * HALF_HOUR)
    window = Span(clocks.at - draw(st.integers(0, 60)) * HALF_HOUR, clocks.at + draw(st.integers(1, 60)) * HALF_HOUR)
    changes = draw(
        st.lists(
            st.builds(
                change,
                st.sampled_from(("override", "swap", "take-over")),
                PEOPLE,
                instants,
                instants,
                position=POSITIONS,
                decided_at=st.sampled_from([LONG_AGO, LONG_AGO + DAY]),
                name=st.sampled_from("abcdefghijkl"),
            ),
            max_size=6,
            unique_by=lambda one: one.change,
        )
    )
    begun = {
        (of.layer, turn[1])
        for of in whole.layers
        for n in range(-60, 61, 5)
        if (turn := turn_at(of, clocks.zone, clocks.at + n * HALF_HOUR)) is not None
    }
    slots = sorted(begun | {(of.layer, clocks.at + HOUR) for of in whole.layers})
    chosen = draw(st.lists(st.sampled_from(slots), max_size=5, unique=True)) if slots else []
    assigned = [
        Assigned(
            layer=name,
            starts_at=starts_at,
            person=draw(st.none() | PEOPLE),
            published_at=draw(st.none() | st.just(LONG_AGO)),
        )
        for name, starts_at in chosen
    ]
    return Case(whole, assigned, changes, window)


@settings(deadline=None, max_examples=80)
@given(cases())
def test_shifts_are_those_of_the_model(case: Case) -> None:
    assert on_call(*case) == modelled(case)


@settings(deadline=None, max_examples=40)
@given(cases())
def test_gaps_are_what_no_shift_covers(case: Case) -> None:
    shifts = on_call(*case)
    found = gaps(case.rota, shifts, case.window)
    began = [instant(one.starts, case.rota.zone) for one in case.rota.layers if one.position != "shadow"]
    for position in case.rota.positions:
        at = case.window.starts_at
        while at < case.window.ends_at:
            taken = any(s.position == position and s.starts_at <= at < s.ends_at for s in shifts)
            missing = any(gap.position == position and gap.starts_at <= at < gap.ends_at for gap in found)
            assert missing is (not taken and at >= min(began, default=at))
            at += HALF_HOUR


@settings(deadline=None, max_examples=40)
@given(cases())
def test_a_shift_is_found_at_each_of_its_hours_by_who_asks_who_is_on_call(case: Case) -> None:
    wide = on_call(*case[:3], Span(case.window.starts_at - 200 * DAY, case.window.ends_at + 200 * DAY))
    at = case.window.starts_at
    near = [shift for shift in wide if shift.starts_at <= at < shift.ends_at]
    assert holder_at(*case[:3], at) == sorted(near, key=lambda shift: shift.position)
