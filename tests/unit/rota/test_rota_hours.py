"""Hours for payroll: real time across clock changes, nights and bank holidays by the wall clock."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fleet.rota.hours import hours
from protocols.api.call_outs import HoursRow
from protocols.rota.book import RotaBook
from protocols.rota.member import CallOut, CompensatoryRest
from protocols.rota.model import Assigned
from tests.support.rota_books import FOUR, layer, local, member, office_hours, rota, two_layers


def book(first: str, last: str, **changes: Any) -> RotaBook:
    starts_at, ends_at = local(first), local(last)
    fields: dict[str, Any] = {
        "rota": rota(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "known_from": starts_at,
        "as_of": ends_at,
        "members": [member(person) for person in FOUR],
    }
    return RotaBook(**{**fields, **changes})


def out(left: str, back: str | None, *, person: str = "TO-11", break_min: int = 0, name: str = "C-1") -> CallOut:
    return CallOut(
        call_out=name,
        person=person,
        left_home_at=local(left),
        returned_at=None if back is None else local(back),
        break_min=break_min,
    )


def of(rows: list[HoursRow], person: str = "TO-11") -> HoursRow:
    return next(row for row in rows if row.person == person)


@pytest.mark.parametrize(
    ("monday", "expected_h"), [("2026-03-16", 168), ("2026-03-23", 167), ("2026-10-19", 169), ("2030-03-25", 167)]
)
def test_a_week_on_call_is_as_long_as_it_was(monday: str, expected_h: int) -> None:
    ends = datetime.fromisoformat(monday) + timedelta(days=7)
    rows = hours(book(f"{monday}T09:00", f"{ends:%Y-%m-%d}T09:00"))
    assert sorted((row.primary_min, row.secondary_min) for row in rows) == [(0, expected_h * 60), (expected_h * 60, 0)]


def test_only_what_lies_in_the_period_counts_and_adjoining_periods_add_up() -> None:
    whole = hours(book("2026-01-05T09:00", "2026-03-02T09:00"))
    halves = [hours(book("2026-01-05T09:00", "2026-02-01T00:00")), hours(book("2026-02-01T00:00", "2026-03-02T09:00"))]
    for person in FOUR:
        parts = [of(rows, person) for rows in halves]
        assert of(whole, person).primary_min == sum(one.primary_min for one in parts) == 2 * 7 * 24 * 60
        assert of(whole, person).secondary_min == sum(one.secondary_min for one in parts)


def test_the_allowance_is_for_who_was_on_call_and_a_shadow_was_not() -> None:
    layers = [*two_layers(), layer("learning", position="shadow", order=["TO-15"])]
    paid = msgspec.structs.replace(rota(layers, members=[*FOUR, "TO-15"]), allowance_permille=125)
    people = [member(person) for person in (*FOUR, "TO-15")]
    rows = hours(book("2026-01-05T09:00", "2026-01-12T09:00", rota=paid, members=people))
    assert {row.person: row.allowance_permille for row in rows} == {"TO-11": 125, "TO-12": 125}


def test_a_call_out_is_told_with_its_minutes_at_night_and_on_bank_holidays() -> None:
    """Good Friday is 3 April 2026: an hour and a quarter on Thursday evening, six and a half hours of it."""
    outs = [out("2026-04-02T22:45", "2026-04-03T06:30")]
    holidays = [date(2026, 4, 3), date(2026, 4, 6)]
    row = of(hours(book("2026-03-30T09:00", "2026-04-06T09:00", call_outs=outs, bank_holidays=holidays)))
    assert (row.call_outs, row.call_out_min) == (1, 7 * 60 + 45)
    assert row.call_out_night_min == 7 * 60
    assert row.call_out_bank_holiday_min == 6 * 60 + 30


@pytest.mark.parametrize(("day", "expected_min"), [("2026-03-29", 6 * 60), ("2026-10-25", 8 * 60)])
def test_a_night_in_which_clocks_change_has_its_real_minutes(day: str, expected_min: int) -> None:
    before = datetime.fromisoformat(day) - timedelta(days=1)
    outs = [out(f"{before:%Y-%m-%d}T23:00", f"{day}T06:00")]
    rows = hours(book(f"{before:%Y-%m-%d}T00:00", f"{day}T12:00", call_outs=outs))
    assert (of(rows).call_out_min, of(rows).call_out_night_min) == (expected_min, expected_min)


def test_a_break_is_not_paid_and_is_taken_at_the_beginning() -> None:
    outs = [out("2026-02-03T22:00", "2026-02-04T01:00", break_min=90)]
    row = of(hours(book("2026-02-02T09:00", "2026-02-09T09:00", call_outs=outs)))
    assert (row.call_out_min, row.call_out_night_min) == (90, 90)
    assert of(hours(book("2026-02-02T09:00", "2026-02-09T09:00", call_outs=[*outs, *outs]))).call_outs == 2


def test_a_call_out_counts_where_it_began_and_its_minutes_where_they_lie() -> None:
    outs = [out("2026-01-31T23:00", "2026-02-01T02:00")]
    january = of(hours(book("2026-01-01T00:00", "2026-02-01T00:00", call_outs=outs)))
    february = of(hours(book("2026-02-01T00:00", "2026-03-01T00:00", call_outs=outs)))
    assert (january.call_outs, january.call_out_min) == (1, 60)
    assert (february.call_outs, february.call_out_min) == (0, 120)


def test_one_who_is_not_back_counts_until_now_and_a_day_at_most() -> None:
    open_out = [out("2026-02-03T10:00", None)]
    week = ("2026-02-02T09:00", "2026-02-09T09:00")
    assert of(hours(book(*week, call_outs=open_out, as_of=local("2026-02-03T12:00")))).call_out_min == 120
    assert of(hours(book(*week, call_outs=open_out, as_of=local("2026-02-07T12:00")))).call_out_min == 24 * 60


def test_call_outs_of_another_rota_are_not_counted_twice() -> None:
    outs = [out("2026-02-03T10:00", "2026-02-03T11:00"), out("2026-02-04T10:00", "2026-02-04T12:00", name="C-2")]
    asked = book("2026-02-02T09:00", "2026-02-09T09:00", call_outs=outs)
    assert (of(hours(asked)).call_outs, of(hours(asked)).call_out_min) == (2, 180)
    assert (of(hours(asked, {"C-2"})).call_outs, of(hours(asked, {"C-2"})).call_out_min) == (1, 120)


def test_bank_holidays_and_festive_days_are_those_on_call_at_noon() -> None:
    of_december = book("2026-12-21T09:00", "2026-12-28T09:00", bank_holidays=[date(2026, 12, 25), date(2026, 12, 28)])
    rows = hours(of_december)
    assert [(row.bank_holidays, row.festive_days) for row in rows] == [(1, 2), (1, 2)]


def test_rest_that_was_missed_and_not_given_is_owed() -> None:
    """Back at one in the morning, on duty at nine: eight hours of eleven."""
    people = [member("TO-11", hours=office_hours()), *(member(person) for person in FOUR[1:])]
    outs = [out("2026-02-04T00:30", "2026-02-04T01:00")]
    week: dict[str, Any] = {"members": people, "call_outs": outs}
    late = book("2026-02-02T00:00", "2026-02-09T00:00", **week)
    assert of(hours(late)).rest_owed_min == 180
    given = CompensatoryRest(
        rest="R-1", person="TO-11", starts_at=local("2026-02-06T13:00"), ends_at=local("2026-02-06T17:00")
    )
    assert of(hours(msgspec.structs.replace(late, rests=[given]))).rest_owed_min == 0


def test_who_has_no_hours_has_no_row() -> None:
    assigned = [Assigned(layer=name, starts_at=local("2026-01-05T09:00"), person=None) for name in ("primary-weeks",)]
    rows = hours(book("2026-01-05T09:00", "2026-01-12T09:00", assigned=assigned))
    assert [row.person for row in rows] == ["TO-12"]
