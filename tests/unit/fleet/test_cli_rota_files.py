"""Times on a rota's clock, files in, and payroll's CSV out."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fleet.cli.rota_files import read_book_file, read_document, read_salaries, write_book_file
from fleet.cli.rota_hours import COLUMNS, as_csv, cells, decimal_h
from fleet.cli.rota_progress import progress_words
from fleet.cli.rota_shares import bars
from fleet.cli.rota_solving_here import solve_here
from fleet.cli.rota_template import template
from fleet.cli.rota_times import (
    MONTH_FORM,
    POINT_FORM,
    SHIFT_FORM,
    WHEN_FORM,
    end_of,
    instant_after,
    instant_of,
    month_of,
    period_of,
    said,
)
from fleet.errors import RequestRefused
from protocols.api.call_outs import HoursRow
from protocols.rota.findings import PersonLoad
from protocols.rota.load import Load
from protocols.rota.model import Rota
from protocols.rota.reading import check_rota
from protocols.rota.solving import SolveLimits
from tests.support.rota_books import LONDON, book

NOON = datetime(2026, 6, 11, 11, tzinfo=UTC)
"""12:00 in London."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("now", "2026-06-11T11:00"),
        ("02:00", "2026-06-11T01:00"),
        ("12:04", "2026-06-11T11:04"),
        ("12:30", "2026-06-10T11:30"),
        ("23:00", "2026-06-10T22:00"),
        ("2026-06-11", "2026-06-10T23:00"),
        ("2026-12-01", "2026-12-01T00:00"),
        ("2026-06-11T02:00", "2026-06-11T01:00"),
        ("2026-06-11 02:00", "2026-06-11T01:00"),
        ("2026-06-11T02:00Z", "2026-06-11T02:00"),
        ("2026-10-25T01:30+01:00", "2026-10-25T00:30"),
        ("2026-10-25T01:30+00:00", "2026-10-25T01:30"),
        ("2026-10-25T00:59", "2026-10-24T23:59"),
        ("2026-10-25T02:00", "2026-10-25T02:00"),
        ("2026-03-29T02:00", "2026-03-29T01:00"),
    ],
)
def test_times_are_of_the_rota_s_clock(typed: str, instant: str) -> None:
    assert instant_of(typed, LONDON, NOON) == utc(instant)


@pytest.mark.parametrize(
    ("typed", "now", "said_of_it"),
    [
        ("2026-10-25T01:30", NOON, ("comes twice", "01:30+01:00 (00:30 UTC)", "01:30+00:00 (01:30 UTC)")),
        ("01:30", utc("2026-10-25T09:00"), ("comes twice", "01:30+01:00 (00:30 UTC)", "01:30+00:00 (01:30 UTC)")),
        ("2026-03-29T01:30", NOON, ("does not come", "00:30+00:00 (00:30 UTC)", "02:30+01:00 (01:30 UTC)")),
        ("01:59", utc("2026-03-29T09:00"), ("does not come", "00:59+00:00 (00:59 UTC)", "02:59+01:00 (01:59 UTC)")),
    ],
)
def test_a_time_that_clocks_repeat_or_skip_is_refused_with_both_instants(
    typed: str, now: datetime, said_of_it: tuple[str, ...]
) -> None:
    with pytest.raises(RequestRefused) as refused:
        instant_of(typed, LONDON, now)
    problem = refused.value.problem
    assert all(part in f"{problem.message}: {problem.remedy}" for part in said_of_it)
    left_at = utc("2026-03-28T23:00") if "not" in said_of_it[0] else utc("2026-10-24T23:00")
    with pytest.raises(RequestRefused):
        instant_after(typed, LONDON, left_at, now)


@pytest.mark.parametrize(
    "typed", ["0001-01-01", "9999-12-31", "2026-13-01", "26-01-01", "2026-06-11T25:00", "soon", ""]
)
def test_what_no_calendar_of_ours_has_is_not_taken(typed: str) -> None:
    for form in (WHEN_FORM, POINT_FORM, SHIFT_FORM, MONTH_FORM):
        with pytest.raises(ValueError, match=r"2026.*, in the years 1900 to 2199$"):
            form(str, typed)


@pytest.mark.parametrize("typed", ["2026-12-23", "2026-12-23/2026-12-25", "2026-12-23T09:00/2026-12-24"])
def test_a_part_of_a_shift_may_be_whole_days(typed: str) -> None:
    SHIFT_FORM(str, typed)


@pytest.mark.parametrize("typed", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_have_a_period(typed: str) -> None:
    for zone in (LONDON, "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert period_of(typed, None, zone, NOON).length >= timedelta(days=27)
        assert month_of(typed[:7], zone, NOON)[0] == typed[:7]


def test_a_return_is_the_first_such_time_after_leaving() -> None:
    left_at = utc("2026-06-10T22:30")
    assert instant_after("04:30", LONDON, left_at, NOON) == utc("2026-06-11T03:30")
    assert instant_after("23:45", LONDON, left_at, NOON) == utc("2026-06-10T22:45")
    assert instant_after("23:30", LONDON, left_at, NOON) == utc("2026-06-11T22:30")


def test_a_last_day_is_counted_in() -> None:
    assert end_of("2026-10-25", LONDON, NOON) - instant_of("2026-10-25", LONDON, NOON) == timedelta(hours=25)
    assert end_of("2026-06-11T17:00", LONDON, NOON) == utc("2026-06-11T16:00")


@pytest.mark.parametrize("typed", ["2026-02-30", "2026-02-30T10:00"])
def test_a_day_that_its_month_does_not_have_is_refused(typed: str) -> None:
    with pytest.raises(RequestRefused):
        instant_of(typed, LONDON, NOON)


def test_a_period_is_up_to_what_is_published_or_four_weeks_of_the_clock() -> None:
    today = utc("2026-06-10T23:00")
    assert period_of(None, None, LONDON, NOON) == (today, today + timedelta(days=28))
    assert period_of(None, None, LONDON, NOON, NOON) == (today, NOON)
    assert period_of("2026-10-20", None, LONDON, NOON, NOON) == (utc("2026-10-19T23:00"), utc("2026-11-17T00:00"))
    with pytest.raises(RequestRefused):
        period_of("2026-06-12", "2026-06-12", LONDON, NOON)


def test_a_month_is_of_the_clock_and_the_last_that_is_over_without_a_name() -> None:
    assert month_of("2026-10", LONDON, NOON) == ("2026-10", (utc("2026-09-30T23:00"), utc("2026-11-01T00:00")))
    assert month_of(None, LONDON, NOON) == ("2026-05", (utc("2026-04-30T23:00"), utc("2026-05-31T23:00")))
    assert month_of(None, LONDON, utc("2026-01-01T00:30"))[0] == "2025-12"


def test_times_are_told_with_their_offset_where_they_come_twice() -> None:
    assert said(utc("2026-02-09T09:00"), LONDON) == "Mon 9 Feb 2026 09:00"
    assert said(utc("2026-10-25T00:30"), LONDON) == "Sun 25 Oct 2026 01:30 BST"
    assert said(utc("2026-10-25T01:30"), LONDON) == "Sun 25 Oct 2026 01:30 GMT"
    assert said(None, LONDON) is None


def test_a_zone_that_nobody_knows_is_refused() -> None:
    for zone in ("Europe/Nowhere", "../etc/passwd"):
        with pytest.raises(RequestRefused, match="knows no zone"):
            instant_of("2026-06-11", zone, NOON)


def test_the_example_is_a_rota_that_can_be_set(tmp_path: Path) -> None:
    made = template(NOON.date())
    check_rota(made)
    assert made.layers[0].starts.weekday() == 0
    file = tmp_path / "rota.json"
    file.write_bytes(msgspec.json.encode(made))
    assert read_document(file, Rota, "definition of a rota") == made


def test_a_book_is_written_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    write_book_file(file, book())
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_book_file(file) == book()
    with pytest.raises(RequestRefused, match="File exists"):
        write_book_file(file, book())


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"rota": 1}', b"x" * (9 << 20)])
def test_a_file_that_is_no_book_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "book.json"
    file.write_bytes(content)
    for read in (lambda: read_book_file(file), lambda: read_document(file, Rota, "definition of a rota")):
        with pytest.raises(RequestRefused) as refused:
            read()
        assert str(file) in refused.value.problem.message
        assert "\n" not in refused.value.problem.message


def salaries(tmp_path: Path, text: str) -> dict[str, Decimal]:
    file = tmp_path / "salaries.csv"
    file.write_text(text)
    return read_salaries(file)


def test_salaries_are_read_to_the_penny(tmp_path: Path) -> None:
    found = salaries(tmp_path, "\ufeffperson,salary_gbp\r\nTO-12,36000\r\n\r\n SU-01 , 41250.75\r\n")
    assert found == {"TO-12": Decimal(36000), "SU-01": Decimal("41250.75")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: the head"),
        ("who,what\n", "line 1: the head"),
        ("person,salary_gbp\nTO-12\n", "line 2: it is not a person and a salary"),
        ("person,salary_gbp\nme,3\n", "line 2: it is not a person"),
        ("person,salary_gbp\nTO-12,much\n", "line 2: the salary is no number"),
        ("person,salary_gbp\nTO-12,-1\n", "line 2: the salary is not from 0"),
        ("person,salary_gbp\nTO-12,NaN\n", "line 2: the salary is not from 0"),
        ("person,salary_gbp\nTO-12,Infinity\n", "line 2: the salary is not from 0"),
        ("person,salary_gbp\nTO-12,1\nTO-12,2\n", "line 3: TO-12 is there twice"),
        ('person,salary_gbp\n"TO-12', "unexpected end"),
    ],
)
def test_salaries_that_can_not_be_read_say_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        salaries(tmp_path, text)
    assert why in refused.value.problem.message


ROW = HoursRow(
    person="TO-12",
    primary_min=10080,
    secondary_min=50,
    call_outs=2,
    call_out_min=155,
    call_out_night_min=150,
    call_out_bank_holiday_min=0,
    bank_holidays=1,
    festive_days=0,
    rest_owed_min=390,
    allowance_permille=125,
)


def test_payroll_s_csv_has_decimal_hours_percent_and_pounds() -> None:
    paid = {"TO-12": Decimal(36000)}
    others = msgspec.structs.replace(ROW, person="TO-13", allowance_permille=50)
    text = as_csv([cells(one, "2026-10", paid) for one in (ROW, others)], pounds=True)
    assert text == (
        ",".join(COLUMNS)
        + "\r\nTO-12,2026-10,168.00,0.83,2,2.58,2.50,0.00,1,0,6.50,12.5,375.00\r\n"
        + "TO-13,2026-10,168.00,0.83,2,2.58,2.50,0.00,1,0,6.50,5,\r\n"
    )
    without = as_csv([cells(ROW, "2026-10", None)], pounds=False)
    assert without.splitlines()[1].endswith(",6.50,12.5")
    assert "gbp" not in without


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    line = as_csv([[f"{start}1+1", *["x"] * 12]], pounds=True).split("\r\n", 1)[1]
    assert line.lstrip('"').startswith(f"'{start}")


@pytest.mark.parametrize(
    ("minutes", "hours"), [(0, "0.00"), (1, "0.02"), (20, "0.33"), (50, "0.83"), (10140, "169.00")]
)
def test_minutes_as_decimal_hours(minutes: int, hours: str) -> None:
    assert decimal_h(minutes) == hours


def test_bars_are_as_long_as_what_somebody_has() -> None:
    loads = [
        PersonLoad(person="TO-12", load=Load(nights=10), debt=Load(), share={"nights": 8.0}),
        PersonLoad(person="TO-1", load=Load(nights=20), debt=Load(), share={"nights": 8.5}),
        PersonLoad(person="TO-13", load=Load(nights=0), debt=Load(), share={"nights": 8.0}),
    ]
    assert bars(loads, "nights") == [
        "TO-1   " + "█" * 30 + "     20  share     8.5    +11.5",
        "TO-12  " + "█" * 15 + " " * 15 + "     10  share     8.0     +2.0",
        "TO-13  " + " " * 30 + "      0  share     8.0     -8.0",
    ]
    assert all("█" not in line for line in bars(loads, "festive_days"))


def test_progress_is_one_line() -> None:
    assert progress_words(3.2, None, None).startswith("3 s, looking")
    assert progress_words(12, 345, 320) == "12 s, best 345, bound 320, gap 7.2 %; Ctrl-C keeps the best"
    assert "gap 0.0 %" in progress_words(1, 0, 0)


def test_without_the_solver_s_packages_it_is_said_which_extra_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ortools", None)
    file = tmp_path / "book.json"
    write_book_file(file, book())
    with pytest.raises(RequestRefused) as refused:
        solve_here(file, tmp_path / "out.json", SolveLimits(), keep=False, json=False)
    assert "muster[controller]" in refused.value.problem.remedy
    assert not (tmp_path / "out.json").exists()
