"""Lengths, averages and local times as the Working Time rules' sentences say them."""

from datetime import timedelta

import pytest

from fleet.rota.rules import legal_words
from protocols.rota.model import RotaPolicy
from tests.support.rota_books import LONDON, local
from tests.support.rota_legal import HOUR, done, found, legal_book, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 h"),
        (59, "0 h"),
        (20 * 60, "20 min"),
        (3600, "1 h"),
        (4.5 * 3600, "4 h 30"),
        (11 * 3600 - 1, "10 h 59"),
        (36 * 3600 + 300, "36 h 05"),
    ],
)
def test_a_length_is_rounded_down_to_minutes(seconds: float, said: str) -> None:
    assert legal_words.length(timedelta(seconds=seconds)) == said


def test_an_average_over_its_limit_never_looks_like_it() -> None:
    assert legal_words.hours(48 + 1 / 60 / 17, over=True) == "48.01 h"
    assert legal_words.hours(49.0, over=True) == "49 h"
    assert legal_words.hours(41.256) == "41.26 h"
    assert legal_words.hours(48.0) == "48 h"


def test_a_date_is_said_once() -> None:
    assert legal_words.between(span("2026-06-10T02:00", "2026-06-10T04:30"), LONDON) == "Wed 10 Jun 02:00–04:30"
    overnight = span("2026-06-10T23:00", "2026-06-11T01:00")
    assert legal_words.between(overnight, LONDON) == "Wed 10 Jun 23:00–Thu 11 Jun 01:00"
    assert legal_words.between(overnight, LONDON, overnight.starts_at.date()) == "23:00–Thu 11 Jun 01:00"


def test_times_that_clocks_skip_or_repeat() -> None:
    first = local("2026-10-25T01:30")
    assert legal_words.moment(first, LONDON) == "Sun 25 Oct 01:30"
    assert legal_words.moment(first + HOUR, LONDON) == "Sun 25 Oct 01:30 (the second time)"
    assert legal_words.moment(first + 2 * HOUR, LONDON) == "Sun 25 Oct 02:30"
    assert legal_words.moment(local("2026-03-29T00:30") + HOUR, LONDON) == "Sun 29 Mar 02:30"


@pytest.mark.parametrize(
    ("as_of", "begins"),
    [
        ("2026-06-01T00:00", "Keep 35 h in a row free of work between Mon 1 Jun and Sun 7 Jun, and record "),
        ("2026-06-06T18:30", "Keep 35 h in a row free of work between Mon 1 Jun and Sun 7 Jun, and record "),
        ("2026-06-07T10:00", "Record "),
        ("2026-06-08T00:00", "Record "),
    ],
)
def test_a_weekly_rest_is_asked_for_only_while_there_is_time_for_it(as_of: str, begins: str) -> None:
    work = done(*((f"2026-06-0{day}T08:00", f"2026-06-0{day}T18:00") for day in range(1, 8)))
    [finding] = found(legal_book(ends="2026-06-08T00:00", as_of=as_of, work=work), "weekly-rest")
    assert finding.remedy.startswith(begins)
    assert "of compensatory rest that begins by " in finding.remedy


def test_of_two_weekly_rests_one_may_still_be_possible() -> None:
    policy = RotaPolicy(weekly_rest="fortnight")
    days = [f"2026-06-{day:02}" for day in range(8, 22)]
    work = done(*((f"{day}T08:00", f"{day}T18:00") for day in days))
    for as_of, keeps in (
        ("2026-06-20T08:00", "35 h in a row, twice, free"),
        ("2026-06-20T18:00", "35 h in a row free"),
    ):
        of = legal_book("2026-06-08T00:00", "2026-06-22T00:00", as_of=as_of, work=work, policy=policy)
        [finding] = found(of, "weekly-rest")
        assert f"Keep {keeps}" in finding.remedy


def test_what_has_to_go_is_what_is_over() -> None:
    days = [f"2026-06-{day:02}" for day in (1, 2, 3, 4, 5)]
    work = done(*((f"{day}T08:00", f"{day}T18:00") for day in days), break_min=0)
    [finding] = found(legal_book(ends="2026-06-08T00:00", work=work), "weekly-average")
    assert finding.remedy.startswith("Take 2 h of work out of these weeks; only an opt-out")
    assert "over the week from Mon 1 Jun to Sun 7 Jun" in finding.sentence
