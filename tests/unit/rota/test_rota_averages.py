"""The averages of 48 hours a week and of 8 hours at night, leave and opt-outs counted in."""

from datetime import date, datetime, timedelta

import pytest

from fleet.rota.rules.averages import (
    Window,
    claimed,
    hours_after,
    last_date,
    night_of,
    night_work,
    opted_out,
    weekly_average_h,
    windows,
)
from fleet.rota.rules.spans import Span
from protocols.rota.member import OptOut, WorkDone, WorkingTerms
from tests.support.rota_books import LONDON, absence, local, office_hours
from tests.support.rota_legal import (
    DAY,
    HOUR,
    answer,
    called,
    claim_since,
    done,
    found,
    judged,
    legal_book,
    span,
    worked,
)

MINUTE = timedelta(minutes=1)
MONDAY = date(2026, 3, 2)
BEGIN, END_17, END_26 = "2026-03-02T00:00", "2026-06-29T00:00", "2026-08-31T00:00"


def week_of(hours_h: float, first: date = MONDAY, weeks: int = 17, extra_min: int = 0) -> list[WorkDone]:
    """So many hours every week, on six days from 07:00; in the last week `extra_min` more."""
    tasks = []
    for day in (first + n * DAY for n in range(7 * weeks)):
        if day.weekday() < 6:
            begins = datetime.fromisoformat(f"{day}T07:00")
            last = day == first + timedelta(weeks=weeks) - 2 * DAY
            ends = begins + hours_h / 6 * HOUR + (extra_min if last else 0) * MINUTE
            tasks.append((begins.isoformat(), ends.isoformat()))
    return done(*tasks, break_min=0)


@pytest.mark.parametrize(
    ("hours_h", "extra_min", "expected"), [(48, 0, "ok"), (48, 1, "breach"), (47.9, 0, "ok"), (49, 0, "breach")]
)
@pytest.mark.parametrize("is_claimed", [False, True])
def test_exactly_48_hours_are_allowed_whatever_is_claimed(
    hours_h: float, extra_min: int, expected: str, is_claimed: bool
) -> None:
    claim = claim_since("2026-01-01") if is_claimed else None
    book = legal_book(BEGIN, END_17, work=week_of(hours_h, extra_min=extra_min), claim=claim)
    rule = answer(book, "weekly-average")
    assert rule.answer == expected
    assert rule.measured == pytest.approx(hours_h + extra_min / 60 / 17)
    assert [one.owed_min for one in found(book, "weekly-average")] == [0] * (expected == "breach")


def test_a_breach_says_over_which_weeks_and_how_much_is_too_much() -> None:
    [finding] = found(legal_book(BEGIN, END_17, work=week_of(48, extra_min=1)), "weekly-average")
    assert finding.sentence == (
        "TO-12 works 48.01 h a week on average over the 17 weeks from Mon 2 Mar to Sun 28 Jun; 48 h are allowed "
        "(reg. 4(1)), whether or not regulation 21 is claimed"
    )
    assert (finding.starts_at, finding.ends_at) == (local(BEGIN), local(END_17))


def test_a_and_b_by_c() -> None:
    assert weekly_average_h(800 * HOUR, 33 * HOUR, 17) == 49
    assert weekly_average_h(0 * HOUR, 0 * HOUR, 1) == 0


def test_windows_of_17_weeks_that_exceed_it_are_one_finding_of_the_highest() -> None:
    work = [*week_of(48, weeks=20), *week_of(50, MONDAY + timedelta(weeks=20), 3)]
    book = legal_book("2026-06-29T00:00", "2026-08-10T00:00", known=BEGIN, work=work)
    [finding] = found(book, "weekly-average")
    assert finding.measured == pytest.approx((14 * 48 + 3 * 50) / 17)
    assert (finding.starts_at, finding.ends_at) == (local("2026-03-30T00:00"), local("2026-08-10T00:00"))


def test_excluded_dates_are_counted_after_the_window_as_far_as_is_known() -> None:
    first = local("2026-04-06T00:00")
    leave = absence(first, first + 7 * DAY)
    hours = office_hours("08:00", "18:00", break_min=30)
    for ends, after_h in (("2026-06-29T00:00", 0), ("2026-07-01T00:00", 2 * 9.5), ("2026-08-24T00:00", 5 * 9.5)):
        book = legal_book("2026-06-28T00:00", ends, known=BEGIN, hours=hours, absences=[leave])
        work = worked(book)
        assert hours_after(work, date(2026, 6, 29), 5) / HOUR == after_h
    average = (16 * 47.5 + 2 * 9.5) / 17
    book = legal_book("2026-06-28T00:00", "2026-07-01T00:00", known=BEGIN, hours=hours, absences=[leave])
    assert answer(book, "weekly-average").measured == pytest.approx(average)


def test_only_whole_weeks_that_are_known_count_when_there_are_fewer_than_17() -> None:
    book = legal_book("2026-03-04T00:00", "2026-04-15T00:00", work=week_of(50, weeks=8))
    rule = answer(book, "weekly-average")
    assert (rule.answer, rule.measured) == ("breach", 50)
    [finding] = found(book, "weekly-average")
    assert (finding.starts_at, finding.ends_at) == (local("2026-03-09T00:00"), local("2026-04-13T00:00"))
    assert "the 5 weeks from Mon 9 Mar to Sun 12 Apr" in finding.sentence


def test_without_a_whole_week_nothing_is_measured() -> None:
    book = legal_book("2026-03-03T00:00", "2026-03-08T00:00", work=week_of(60, weeks=1))
    assert (answer(book, "weekly-average").answer, answer(book, "weekly-average").measured) == ("ok", None)


def test_a_period_without_a_monday_takes_the_last_17_weeks_known() -> None:
    book = legal_book("2026-07-07T00:00", "2026-07-09T00:00", known=BEGIN, work=week_of(49, weeks=30))
    [finding] = found(book, "weekly-average")
    assert (finding.starts_at, finding.ends_at) == (local("2026-03-09T00:00"), local("2026-07-06T00:00"))


def test_26_weeks_only_with_a_claim_on_the_last_date() -> None:
    work = [*week_of(40, weeks=9), *week_of(50, MONDAY + timedelta(weeks=9), 17)]
    for since, until, weeks in (
        ("2026-08-30", None, 26),
        ("2026-08-31", None, 17),
        ("2026-01-01", "2026-08-30", 26),
        ("2026-01-01", "2026-08-29", 17),
    ):
        book = legal_book(
            "2026-08-30T00:00", END_26, known=BEGIN, work=work, claim=claim_since(since, until), reference_weeks=26
        )
        warned = found(book, "reference-period")
        assert len(warned) == (weeks == 17)
        assert answer(book, "weekly-average").measured == pytest.approx(50 if weeks == 17 else (9 * 40 + 17 * 50) / 26)
        assert judged(book)[1].reference_weeks == weeks
        assert all(
            (one.answer, one.regulation, one.starts_at) == ("warning", "4(5)", local("2026-08-24T00:00"))
            for one in warned
        )


def test_weeks_without_the_claim_are_one_warning() -> None:
    book = legal_book("2026-07-01T00:00", END_26, known=BEGIN, reference_weeks=26)
    [warned] = found(book, "reference-period")
    assert (warned.starts_at, warned.ends_at) == (local("2026-06-29T00:00"), local(END_26))
    assert "regulation 21 is not claimed for them on Sun 30 Aug" in warned.sentence


@pytest.mark.parametrize(
    ("opt_outs", "lifted"),
    [
        ([("2026-03-02", "2026-03-02", None)], True),
        ([("2026-01-01", "2026-01-02", "2026-06-28")], True),
        ([("2026-01-01", "2026-01-02", "2026-06-27")], False),
        ([("2026-03-03", "2026-03-03", None)], False),
        ([("2026-03-03", "2026-03-02", None)], False),
        ([("2026-01-01", "2026-01-02", "2026-04-30"), ("2026-04-30", "2026-05-01", "2026-12-31")], True),
        ([("2026-01-01", "2026-01-02", "2026-04-30"), ("2026-04-30", "2026-05-02", None)], False),
        ([("2026-01-01", "2026-01-02", "9999-12-31")], True),
    ],
)
def test_an_opt_out_lifts_the_limit_on_every_date_of_the_window(
    opt_outs: list[tuple[str, str, str | None]], lifted: bool
) -> None:
    agreed = [
        OptOut(
            signed_on=date.fromisoformat(a),
            since=date.fromisoformat(b),
            until=None if c is None else date.fromisoformat(c),
        )
        for a, b, c in opt_outs
    ]
    book = legal_book(BEGIN, END_17, work=week_of(60), opt_outs=agreed)
    assert answer(book, "weekly-average").answer == ("ok" if lifted else "breach")
    assert answer(book, "weekly-average").measured == 60
    assert ("; an opt-out lifts the limit of 48 h" in answer(book, "weekly-average").sentence) == lifted
    assert opted_out(agreed, Window(MONDAY, date(2026, 6, 29))) == lifted


def test_a_claim_begins_and_ends_with_its_dates() -> None:
    claim = claim_since("2026-06-01", "2026-06-30")
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 1)]
    assert [claimed(claim, day) for day in days] == [False, True, True, False]
    assert not claimed(None, days[1])


def test_the_last_date_of_a_span() -> None:
    assert last_date(span("2026-06-01T00:00", "2026-06-02T00:00"), LONDON) == date(2026, 6, 1)
    assert last_date(span("2026-06-01T00:00", "2026-06-02T00:01"), LONDON) == date(2026, 6, 2)
    assert last_date(span("2026-06-02T00:00", "2026-06-02T00:00"), LONDON) == date(2026, 6, 2)


def nights(weeks: int, each_h: float, each_week: int = 6) -> list[WorkDone]:
    """Work from 21:00 on so many days of every week."""
    days = [MONDAY + timedelta(weeks=week) + n * DAY for week in range(weeks) for n in range(each_week)]
    begins = [datetime.fromisoformat(f"{day}T21:00") for day in days]
    return done(*((one.isoformat(), (one + each_h * HOUR).isoformat()) for one in begins), break_min=0)


@pytest.mark.parametrize(("each_h", "expected"), [(8, "ok"), (8.1, "breach")])
def test_a_night_worker_may_work_eight_hours_on_average(each_h: float, expected: str) -> None:
    book = legal_book("2026-06-01T00:00", END_17, known=BEGIN, work=nights(17, each_h))
    rule = answer(book, "night-average")
    assert rule.answer == expected
    assert rule.measured == pytest.approx(each_h, abs=0.05)
    claimed_book = legal_book(
        "2026-06-01T00:00", END_17, known=BEGIN, work=nights(17, each_h), claim=claim_since("2026-01-01")
    )
    told = found(claimed_book, "night-average")
    assert [(one.answer, one.owed_min) for one in told] == (
        [] if expected == "ok" else [("needs compensatory rest", 0)]
    ), "nothing is owed, and it is told all the same"


@pytest.mark.parametrize(("days", "worker"), [(2, True), (3, False)])
def test_a_third_of_the_days_makes_a_night_worker(days: int, worker: bool) -> None:
    """Nights touch two dates; one night for three dates with work is enough."""
    week = [("2026-03-02T23:00", "2026-03-03T02:00")]
    week += [(f"2026-03-{4 + n:02}T09:00", f"2026-03-{4 + n:02}T12:00") for n in range(days - 1)]
    book = legal_book(BEGIN, "2026-03-09T00:00", work=done(*week))
    assert (answer(book, "night-average").measured is not None) == worker
    shorter = [("2026-03-02T23:01", "2026-03-03T02:00"), *week[1:]]
    assert answer(legal_book(BEGIN, "2026-03-09T00:00", work=done(*shorter)), "night-average").measured is None


def test_a_night_is_of_the_date_on_which_it_begins() -> None:
    calls = called(("2026-06-10T22:00", "2026-06-11T01:00"), ("2026-06-11T05:00", "2026-06-11T23:30"))
    assert night_work(worked(legal_book(calls=calls))) == {date(2026, 6, 10): 3 * HOUR, date(2026, 6, 11): 0.5 * HOUR}
    assert night_of(date(2026, 3, 28), LONDON).length == 6 * HOUR
    assert night_of(date(2026, 10, 24), LONDON).length == 8 * HOUR


def test_windows_end_on_the_mondays_of_the_period() -> None:
    work = worked(legal_book("2026-06-22T00:00", "2026-07-06T00:00", known=BEGIN))
    period = Span(local("2026-06-22T00:00"), local("2026-07-06T00:00"))
    assert windows(work, period, WorkingTerms())[0] == [
        Window(date(2026, 3, 2), date(2026, 6, 29)),
        Window(date(2026, 3, 9), date(2026, 7, 6)),
    ]
    assert windows(work, Span(local("2026-06-29T00:00"), period.ends_at), WorkingTerms())[0] == [
        Window(date(2026, 3, 9), date(2026, 7, 6))
    ], "the Monday at which the period begins was judged before"
