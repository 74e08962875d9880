"""What counts as work, and how long it is."""

from datetime import date, timedelta

import msgspec
import pytest

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.work import work_of
from protocols.rota.member import AbsenceKind, WorkDone
from protocols.rota.model import Change, RotaPolicy
from tests.support.rota_books import absence, change, local, member, office_hours
from tests.support.rota_legal import DAY, HOUR, called, done, legal_book, rested, span, worked

MONDAY, TUESDAY = date(2026, 6, 1), date(2026, 6, 2)
MINUTE = timedelta(minutes=1)


def blocks_of(first: str, last: str) -> list[Span]:
    """Eight hours from 09:00 on each date of June 2026 from one to another."""
    days = range(int(first), int(last) + 1)
    return [span(f"2026-06-{day:02}T09:00", f"2026-06-{day:02}T17:00") for day in days]


def test_ordinary_duty_is_on_its_weekdays_but_for_bank_holidays() -> None:
    book = legal_book(ends="2026-06-08T00:00", hours=office_hours(), holidays=[date(2026, 6, 3)])
    assert worked(book).blocks == [*blocks_of("1", "2"), *blocks_of("4", "5")]
    assert worked(book).hours(MONDAY, date(2026, 6, 8)) == 4 * 7 * HOUR


@pytest.mark.parametrize("kind", ["annual", "sick", "family", "other"])
def test_leave_takes_ordinary_duty_and_not_other_work(kind: AbsenceKind) -> None:
    leave = absence(local("2026-06-01T12:00"), local("2026-06-03T00:00"), kind=kind)
    book = legal_book(
        ends="2026-06-04T00:00",
        hours=office_hours(),
        absences=[leave],
        work=done(("2026-06-02T18:00", "2026-06-02T19:00")),
        calls=called(("2026-06-02T20:00", "2026-06-02T21:00")),
    )
    morning, evening = span("2026-06-01T09:00", "2026-06-01T12:00"), span("2026-06-02T18:00", "2026-06-02T19:00")
    assert worked(book).blocks == [morning, evening, *blocks_of("3", "3")]
    assert worked(book).call_outs == [span("2026-06-02T20:00", "2026-06-02T21:00")]


def test_a_deployment_away_is_work_on_every_date_it_touches_cut_to_itself() -> None:
    away = absence(local("2026-06-05T10:00"), local("2026-06-07T09:00"), kind="away")
    work = worked(legal_book(ends="2026-06-08T00:00", hours=office_hours(), absences=[away]))
    assert work.blocks[4:] == [
        span("2026-06-05T09:00", "2026-06-05T18:00"),
        span("2026-06-06T08:00", "2026-06-06T18:00"),
        span("2026-06-07T08:00", "2026-06-07T09:00"),
    ]
    assert work.days[date(2026, 6, 6)] == 9 * HOUR
    assert work.days[date(2026, 6, 7)] == 0 * HOUR, "a break is never more than the work"


def test_hours_away_may_reach_into_the_next_day() -> None:
    away = absence(local("2026-06-01T00:00"), local("2026-06-03T00:00"), kind="away")
    policy = RotaPolicy(away_from=local("2026-01-01T20:00").time(), away_until=local("2026-01-01T04:00").time())
    assert worked(legal_book(absences=[away], policy=policy)).blocks == [
        span("2026-06-01T20:00", "2026-06-02T04:00"),
        span("2026-06-02T20:00", "2026-06-03T00:00"),
    ]


def test_a_recorded_rest_takes_ordinary_duty_only() -> None:
    book = legal_book(
        ends="2026-06-02T00:00",
        hours=office_hours(),
        rests=rested(("2026-06-01T08:00", "2026-06-01T13:00")),
        calls=called(("2026-06-01T10:00", "2026-06-01T11:00")),
    )
    assert worked(book).blocks == [span("2026-06-01T13:00", "2026-06-01T17:00")]
    assert worked(book).call_outs == [span("2026-06-01T10:00", "2026-06-01T11:00")]


def test_standby_is_work_at_the_workplace_only() -> None:
    assert worked(legal_book()).spells == []
    leave = absence(local("2026-06-10T00:00"), local("2026-06-11T00:00"))
    at_work = worked(legal_book(standby="workplace", absences=[leave]))
    assert at_work.blocks == [
        span("2026-06-01T00:00", "2026-06-10T00:00"),
        span("2026-06-11T00:00", "2026-06-29T00:00"),
    ]


def test_a_shadow_at_the_workplace_does_not_work() -> None:
    book = legal_book(standby="workplace")
    shadow: Change = change(
        "override", "TO-99", local("2026-06-10T00:00"), local("2026-06-11T00:00"), position="shadow"
    )
    book = msgspec.structs.replace(book, changes=[shadow])
    assert work_of(book, member("TO-99"), shifts_of(book)).spells == []


@pytest.mark.parametrize(
    ("left", "back", "as_of", "expected"),
    [
        ("2026-06-10T20:00", "2026-06-10T22:00", "2026-06-10T21:00", ("2026-06-10T20:00", "2026-06-10T22:00")),
        ("2026-06-10T20:00", None, "2026-06-10T21:30", ("2026-06-10T20:00", "2026-06-10T21:30")),
        ("2026-06-10T20:00", None, "2026-06-11T20:00", ("2026-06-10T20:00", "2026-06-11T20:00")),
        ("2026-06-10T20:00", None, "2026-06-13T20:00", ("2026-06-10T20:00", "2026-06-11T20:00")),
        ("2026-10-24T20:00", None, "2026-10-26T20:00", ("2026-10-24T20:00", "2026-10-25T19:00")),
        ("2026-06-10T20:00", None, "2026-06-10T20:00", None),
        ("2026-06-10T20:00", None, "2026-06-10T19:00", None),
        ("2026-05-31T20:00", "2026-06-01T02:00", "2026-06-10T19:00", ("2026-06-01T00:00", "2026-06-01T02:00")),
        ("2026-10-31T20:00", "2026-11-01T02:00", "2026-10-10T19:00", ("2026-10-31T20:00", "2026-11-01T00:00")),
    ],
)
def test_a_call_out_lasts_to_its_end_or_as_of_or_a_day(
    left: str, back: str | None, as_of: str, expected: tuple[str, str] | None
) -> None:
    work = worked(legal_book(ends="2026-11-01T00:00", as_of=as_of, calls=called((left, back))))
    assert work.spells == ([] if expected is None else [span(*expected)])
    assert work.blocks == []


def test_work_that_touches_or_overlaps_is_one_spell_and_counted_once() -> None:
    book = legal_book(
        work=done(
            ("2026-06-01T08:00", "2026-06-01T12:00"),
            ("2026-06-01T12:00", "2026-06-01T14:00"),
            ("2026-06-01T13:00", "2026-06-01T15:00"),
            break_min=10,
        ),
        calls=called(("2026-06-01T14:30", "2026-06-01T16:00")),
    )
    work = worked(book)
    assert work.blocks == [span("2026-06-01T08:00", "2026-06-01T15:00")]
    assert work.spells == [span("2026-06-01T08:00", "2026-06-01T16:00")]
    assert work.breaks(work.spells[0]) == 30 * MINUTE
    assert work.days == {MONDAY: 7.5 * HOUR}


def test_parts_of_a_duty_take_its_break_in_order() -> None:
    book = legal_book(
        ends="2026-06-02T00:00",
        hours=office_hours(break_min=60),
        rests=rested(("2026-06-01T09:20", "2026-06-01T12:00")),
    )
    first, second = worked(book).items
    assert (first.span.length, first.breaks) == (20 * MINUTE, 20 * MINUTE)
    assert (second.span.length, second.breaks) == (5 * HOUR, 40 * MINUTE)


def test_hours_are_those_of_the_dates_and_breaks_of_where_their_item_begins() -> None:
    work = worked(legal_book(work=done(("2026-06-01T22:00", "2026-06-02T06:00"), break_min=30)))
    assert work.days == {MONDAY: 1.5 * HOUR, TUESDAY: 6 * HOUR}
    assert work.hours(MONDAY, TUESDAY) == 1.5 * HOUR
    assert work.hours(TUESDAY, TUESDAY + DAY) == 6 * HOUR
    assert work.hours(MONDAY, TUESDAY + DAY) == 7.5 * HOUR


def test_hours_are_never_less_than_none() -> None:
    work = worked(legal_book(work=done(("2026-06-01T23:50", "2026-06-02T06:00"), break_min=30)))
    assert work.hours(MONDAY, TUESDAY) == 0 * HOUR
    assert work.hours(MONDAY, TUESDAY + DAY) == 5 * HOUR + 40 * MINUTE


@pytest.mark.parametrize(
    ("date_", "hours_h"), [("2026-03-28", 8), ("2026-03-29", 7), ("2026-10-24", 8), ("2026-10-25", 9)]
)
def test_a_night_is_as_long_as_it_is_when_clocks_change(date_: str, hours_h: int) -> None:
    day = date.fromisoformat(date_)
    work = worked(legal_book("2026-01-05T00:00", "2026-12-28T00:00", work=done((f"{day}T00:00", f"{day}T08:00"))))
    assert work.days == {day: hours_h * HOUR - 30 * MINUTE}


@pytest.mark.parametrize(
    ("kind", "leave", "excluded"),
    [
        ("annual", ("2026-06-02T00:00", "2026-06-03T00:00"), True),
        ("sick", ("2026-06-02T09:00", "2026-06-02T17:00"), True),
        ("family", ("2026-06-01T00:00", "2026-06-07T00:00"), True),
        ("other", ("2026-06-02T00:00", "2026-06-03T00:00"), False),
        ("away", ("2026-06-02T00:00", "2026-06-03T00:00"), False),
        ("annual", ("2026-06-02T09:01", "2026-06-03T00:00"), False),
        ("annual", ("2026-06-02T00:00", "2026-06-02T16:59"), False),
    ],
)
def test_a_date_is_excluded_where_leave_takes_a_whole_duty(
    kind: AbsenceKind, leave: tuple[str, str], excluded: bool
) -> None:
    book = legal_book(ends="2026-06-08T00:00", hours=office_hours(), absences=[absence(*map(local, leave), kind=kind)])
    assert (TUESDAY in worked(book).excluded) == excluded


def test_leave_in_two_parts_and_nights_exclude_a_date_and_work_on_it_does_not() -> None:
    halves = [
        absence(local("2026-06-02T00:00"), local("2026-06-02T12:00"), name="a"),
        absence(local("2026-06-02T12:00"), local("2026-06-03T00:00"), name="b", kind="sick"),
    ]
    assert worked(legal_book(hours=office_hours(), absences=halves)).excluded == [TUESDAY]
    called_in: list[WorkDone] = done(("2026-06-02T20:00", "2026-06-02T21:00"))
    assert worked(legal_book(hours=office_hours(), absences=halves, work=called_in)).excluded == []
    nights = worked(legal_book(hours=office_hours("22:00", "06:00"), absences=[absence(*span_of("01", "04"))]))
    assert nights.excluded == [MONDAY, TUESDAY]


def span_of(first: str, last: str) -> Span:
    """From noon to noon."""
    return span(f"2026-06-{first}T12:00", f"2026-06-{last}T00:00")
