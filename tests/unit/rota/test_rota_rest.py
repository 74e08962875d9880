"""Daily rest, weekly rest, breaks and runs of days, at their boundaries from both sides."""

from datetime import datetime, timedelta

import pytest

from protocols.rota.model import RotaPolicy
from tests.support.rota_books import LONDON, absence, local, office_hours
from tests.support.rota_clocks import CLOCK_CHANGES, ClockChange
from tests.support.rota_legal import (
    DAY,
    HOUR,
    answer,
    called,
    claim_since,
    done,
    found,
    legal_book,
    shown,
    span,
)

MINUTE = timedelta(minutes=1)
LONDON_CHANGES = pytest.mark.parametrize(
    "change", [one for one in CLOCK_CHANGES if one.zone == LONDON], ids=lambda change: change.name
)
FORTNIGHT = RotaPolicy(weekly_rest="fortnight")


@pytest.mark.parametrize(
    ("stops", "begins", "rest_h"),
    [
        ("10T20:00", "11T07:00", None),
        ("10T20:01", "11T07:00", 10 + 59 / 60),
        ("10T21:00", "11T07:00", 10),
        ("10T23:59", "11T00:00", 1 / 60),
    ],
)
def test_eleven_hours_between_two_duties_are_enough(stops: str, begins: str, rest_h: float | None) -> None:
    book = legal_book(work=done(("2026-06-10T08:00", f"2026-06-{stops}"), (f"2026-06-{begins}", "2026-06-11T12:00")))
    before = [one for one in found(book, "daily-rest") if one.ends_at == local(f"2026-06-{begins}")]
    assert [one.measured for one in before] == ([] if rest_h is None else [pytest.approx(rest_h)])
    assert [one.owed_min for one in before] == ([] if rest_h is None else [round((11 - rest_h) * 60)])


@LONDON_CHANGES
def test_rest_over_a_change_of_clocks_is_real_time(change: ClockChange) -> None:
    off_duty = change.early("20:00", -1)
    wall = (change.day - DAY).isoformat()
    for wait, enough in ((11 * HOUR, True), (11 * HOUR - MINUTE, False)):
        begins = (off_duty + wait).replace(tzinfo=None) + change.after * MINUTE
        work = done((f"{wall}T14:00", f"{wall}T20:00"), (begins.isoformat(), f"{change.day}T12:00"))
        monday = change.day - timedelta(days=change.day.weekday() + 14)
        book = legal_book(f"{monday}T00:00", f"{monday + 28 * DAY}T00:00", work=work)
        assert [shown(one.starts_at) for one in found(book, "daily-rest")] == ([] if enough else [shown(off_duty)])
        assert answer(book, "daily-rest").measured == pytest.approx(wait / HOUR)


@pytest.mark.parametrize(("until", "rest_h"), [("21:00", None), ("21:01", 10 + 59 / 60), ("23:00", 9)])
def test_a_duty_of_more_than_thirteen_hours_leaves_too_little(until: str, rest_h: float | None) -> None:
    book = legal_book(work=done(("2026-06-10T08:00", f"2026-06-10T{until}")))
    findings = found(book, "daily-rest")
    assert [one.measured for one in findings] == ([] if rest_h is None else [pytest.approx(rest_h)])
    assert all("Let them stop by Wed 10 Jun 21:00" in one.remedy for one in findings)


def test_a_duty_of_more_than_a_day_leaves_nothing() -> None:
    [finding] = found(legal_book(work=done(("2026-06-10T08:00", "2026-06-11T09:00"))), "daily-rest")
    assert (finding.measured, finding.owed_min, shown(finding.starts_at)) == (0, 11 * 60, "06-10T07:00")


def test_rest_within_a_working_day_counts_when_it_is_the_longest() -> None:
    book = legal_book(
        work=done(("2026-06-08T09:00", "2026-06-08T17:00")),
        calls=called(("2026-06-07T21:30", "2026-06-07T22:30")),
    )
    [finding] = found(book, "daily-rest")
    assert (finding.measured, finding.owed_min) == (10.5, 30)
    assert (shown(finding.starts_at), shown(finding.ends_at)) == ("06-08T08:00", "06-08T16:00")
    assert finding.remedy.startswith(
        "Let them begin at Mon 8 Jun 09:30 or later, or stop by Mon 8 Jun 10:30, and record"
    )


@pytest.mark.parametrize(("back", "short"), [("22:00", False), ("22:01", True)])
def test_rest_that_a_call_out_breaks_begins_anew(back: str, short: bool) -> None:
    book = legal_book(
        work=done(("2026-06-10T09:00", "2026-06-10T17:00"), ("2026-06-11T09:00", "2026-06-11T17:00")),
        calls=called(("2026-06-10T21:00", f"2026-06-10T{back}")),
    )
    assert bool(found(book, "daily-rest")) == short


def test_an_open_call_out_breaks_rest_as_far_as_it_is_known() -> None:
    work = done(("2026-06-10T09:00", "2026-06-10T17:00"), ("2026-06-11T09:00", "2026-06-11T17:00"))
    for as_of, measured in (("2026-06-10T22:00", 11), ("2026-06-11T01:00", 8), ("2026-06-11T12:00", 0)):
        book = legal_book(as_of=as_of, work=work, calls=called(("2026-06-10T20:00", None)))
        assert answer(book, "daily-rest").measured == measured


def test_a_call_out_that_goes_on_into_duty_leaves_no_rest_and_counts_from_its_end() -> None:
    book = legal_book(
        work=done(("2026-06-10T09:00", "2026-06-10T17:00"), ("2026-06-11T09:00", "2026-06-11T17:00")),
        calls=called(("2026-06-11T08:00", "2026-06-11T10:00")),
    )
    assert found(book, "daily-rest") == [], "the night before it was a rest"
    book = legal_book(
        work=done(("2026-06-10T19:00", "2026-06-10T20:00"), ("2026-06-11T09:00", "2026-06-11T17:00")),
        calls=called(("2026-06-11T06:30", "2026-06-11T10:00")),
    )
    [finding] = found(book, "daily-rest")
    assert (finding.measured, finding.starts_at) == (0, finding.ends_at)
    assert finding.sentence == (
        "TO-12 had nothing of rest before duty on Thu 11 Jun 09:00, called out 06:30–10:00; 11 h are required "
        "(reg. 10(1)); the earliest start is 21:00"
    )


def test_call_outs_alone_need_rest_within_a_day() -> None:
    calls = called(*((f"2026-06-{day}T{hour:02}:00", f"2026-06-{day}T{hour + 1:02}:00") for day, hour in HOURS))
    [finding] = found(legal_book(calls=calls), "daily-rest")
    assert (finding.measured, finding.owed_min, shown(finding.starts_at)) == (7, 4 * 60, "06-10T14:00")
    assert found(legal_book(calls=calls[:-1]), "daily-rest") == [], "24 h are not longer than 24 h"


HOURS = [(10, 7), (10, 14), (10, 22), (11, 6), (11, 12)]


def test_a_single_call_out_of_more_than_a_day_has_no_rest() -> None:
    [finding] = found(legal_book(calls=called(("2026-06-10T07:00", "2026-06-11T07:01"))), "daily-rest")
    assert (finding.measured, finding.starts_at, finding.ends_at) == (
        0,
        local("2026-06-11T07:00"),
        local("2026-06-11T07:00"),
    )


def test_only_findings_that_end_in_the_period_are_told() -> None:
    work = done(("2026-06-07T09:00", "2026-06-07T20:00"), ("2026-06-08T06:00", "2026-06-08T12:00"))
    assert len(found(legal_book("2026-06-01T00:00", work=work), "daily-rest")) == 1
    assert (
        len(
            found(legal_book("2026-06-08T05:59", "2026-06-08T06:01", known="2026-06-01T00:00", work=work), "daily-rest")
        )
        == 1
    )
    later = legal_book("2026-06-08T06:00", known="2026-06-01T00:00", work=work)
    assert found(later, "daily-rest") == []


def long_weekend(starts: str, ends: str, weeks: int = 2) -> list[tuple[str, str]]:
    """Short work every eight hours from Monday 1 June for so many weeks, but for a rest."""
    free = span(f"2026-06-{starts}", f"2026-06-{ends}")
    first = local("2026-06-01T00:00")
    tasks = [(first + i * 8 * HOUR, first + i * 8 * HOUR + HOUR) for i in range(21 * weeks)]
    kept = [(one, other) for one, other in tasks if other <= free.starts_at or one >= free.ends_at]
    bounds = [(free.starts_at - MINUTE, free.starts_at), (free.ends_at, free.ends_at + MINUTE)]
    return [(summer(one), summer(other)) for one, other in [*kept, *bounds]]


def summer(at: datetime) -> str:
    """The wall time of an instant in June."""
    return (at + HOUR).replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("starts", "ends", "short"),
    [
        ("06T00:30", "07T11:30", []),
        ("06T00:30", "07T11:29", [(1, 34 + 59 / 60)]),
        ("06T20:00", "08T07:00", []),
        ("07T00:00", "08T11:00", []),
        ("07T00:01", "08T11:01", [(1, 34 + 59 / 60)]),
        ("07T12:00", "08T23:00", [(1, 23)]),
        ("06T12:00", "08T23:00", []),
        ("07T12:00", "09T00:00", []),
    ],
)
def test_a_week_needs_35_hours_of_which_24_lie_in_it(starts: str, ends: str, short: list[tuple[int, float]]) -> None:
    book = legal_book(ends="2026-06-08T00:00", work=done(*long_weekend(starts, ends), break_min=0))
    book_two = legal_book(ends="2026-06-15T00:00", work=done(*long_weekend(starts, ends), break_min=0))
    first = [one for one in found(book_two, "weekly-rest") if one.starts_at == local("2026-06-01T00:00")]
    expected = [pytest.approx(hours) for _, hours in short]
    if ends == "09T00:00":
        expected = [pytest.approx(11 + 12)]
    assert [one.measured for one in first] == expected
    assert [one.owed_min for one in first] == [round(min(24, 35 - one.measured) * 60) for one in first if one.measured]
    assert len(found(book, "weekly-rest")) <= 1


@pytest.mark.parametrize(
    ("starts", "ends", "weeks_short"),
    [
        ("06T13:00", "09T00:00", []),
        ("06T13:01", "09T00:00", [2]),
        ("07T00:00", "09T10:59", [2]),
        ("07T00:00", "09T11:00", []),
        ("06T12:00", "09T00:00", []),
    ],
)
def test_two_weeks_share_a_rest_only_when_it_is_long_enough_for_both(
    starts: str, ends: str, weeks_short: list[int]
) -> None:
    book = legal_book(ends="2026-06-15T00:00", work=done(*long_weekend(starts, ends), break_min=0))
    mondays = {1: local("2026-06-01T00:00"), 2: local("2026-06-08T00:00")}
    weeks = [
        week for week, monday in mondays.items() if monday in {one.starts_at for one in found(book, "weekly-rest")}
    ]
    assert weeks == weeks_short


def test_a_fortnight_needs_two_or_one_of_59_hours() -> None:
    first = "2026-06-08T00:00"  # a Monday on which a fortnight begins, counted from 5 January
    assert (local(first) - local("2026-01-05T00:00") + HOUR) % (14 * DAY) == timedelta(0)
    for starts, ends, owed_h in (
        ("13T00:00", "15T11:00", 0),
        ("13T00:01", "15T11:00", 1 / 60),
        ("13T00:00", "14T11:00", 24),
    ):
        tasks = [(one, other) for one, other in long_weekend(starts, ends, weeks=4)]
        book = legal_book(first, "2026-06-22T00:00", work=done(*tasks, break_min=0), policy=FORTNIGHT)
        findings = found(book, "weekly-rest")
        assert [one.regulation for one in findings] == ([] if not owed_h else ["11(2)"])
        if starts == "13T00:00" and ends == "14T11:00":
            assert findings[0].measured == 35 - 24
            assert "a second weekly rest" in findings[0].sentence
        assert [one.owed_min for one in findings] == ([] if not owed_h else [round(owed_h * 60)])
        if not owed_h:
            assert answer(book, "weekly-rest").sentence == "At least 35 h of rest in a row every fortnight"


def test_a_fortnight_without_either_owes_both() -> None:
    first = local("2026-06-08T00:00")
    away = absence(first, first + 14 * DAY, kind="away")
    [finding] = found(
        legal_book("2026-06-08T00:00", "2026-06-22T00:00", absences=[away], policy=FORTNIGHT), "weekly-rest"
    )
    assert (finding.measured, finding.owed_min) == (14, (21 + 21) * 60)
    assert "weekly rest" in finding.sentence


def test_weeks_are_local_and_of_167_hours_when_clocks_go_forward() -> None:
    book = legal_book("2026-03-16T00:00", "2026-03-30T09:00", hours=office_hours())
    assert found(book, "weekly-rest") == []
    assert answer(book, "weekly-rest").measured == 64 - 1


@pytest.mark.parametrize(
    ("until", "break_min", "short"),
    [("15:00", 0, False), ("15:01", 0, True), ("15:01", 20, False), ("15:01", 19, True)],
)
def test_twenty_minutes_are_due_over_six_hours(until: str, break_min: int, short: bool) -> None:
    book = legal_book(work=done(("2026-06-10T09:00", f"2026-06-10T{until}"), break_min=break_min))
    findings = found(book, "break")
    assert [(one.measured, one.owed_min, one.unit) for one in findings] == (
        [(break_min, 20 - break_min, "min")] if short else []
    )
    assert answer(book, "break").answer == ("breach" if short else "ok")


def test_a_call_out_before_duty_makes_one_spell_that_needs_a_break() -> None:
    book = legal_book(
        work=done(("2026-06-10T09:00", "2026-06-10T13:00"), break_min=0),
        calls=called(("2026-06-10T06:00", "2026-06-10T09:00")),
    )
    [finding] = found(book, "break")
    assert finding.sentence == (
        "TO-12 works 7 h, Wed 10 Jun 06:00–13:00, with nothing of breaks; over 6 h 20 min are required (reg. 12(1))"
    )
    assert len(finding.shifts) == 1


def test_a_run_counts_call_outs_and_ends_where_a_date_is_free() -> None:
    work = [(f"2026-06-{day:02}T09:00", f"2026-06-{day:02}T10:00") for day in range(1, 13)]
    calls = called(("2026-06-13T23:00", "2026-06-14T00:00"))
    assert found(legal_book(work=done(*work)), "run-of-days") == []
    [finding] = found(legal_book(work=done(*work), calls=calls), "run-of-days")
    assert (finding.measured, finding.limit, finding.owed_min) == (13, 12, 24 * 60)
    assert (finding.starts_at, finding.ends_at) == (local("2026-06-01T09:00"), local("2026-06-14T00:00"))
    assert finding.answer == "needs compensatory rest"
    assert "13 days in a row from Mon 1 Jun to Sat 13 Jun" in finding.sentence
    over_midnight = called(("2026-06-13T23:00", "2026-06-14T00:01"))
    assert found(legal_book(work=done(*work), calls=over_midnight), "run-of-days")[0].measured == 14
    policy = RotaPolicy(run_days=13)
    assert found(legal_book(work=done(*work), calls=calls, policy=policy), "run-of-days") == []


def test_a_claim_makes_what_is_missed_need_compensation_from_its_first_day_to_its_last() -> None:
    work = done(("2026-06-10T09:00", "2026-06-10T20:00"), ("2026-06-11T06:00", "2026-06-11T12:00"))
    for since, until, expected in (
        ("2026-06-11", None, "needs compensatory rest"),
        ("2026-06-12", None, "breach"),
        ("2026-01-01", "2026-06-11", "needs compensatory rest"),
        ("2026-01-01", "2026-06-10", "breach"),
    ):
        [finding] = found(legal_book(work=work, claim=claim_since(since, until)), "daily-rest")
        assert finding.answer == expected
