"""Time and numbers in words."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.words import age, duration, fact, full_moment, in_zone, left, moment, number, plural, safe, short_moment, size

NOW = datetime(2026, 11, 21, 2, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (41.9, "41 s"),
        (60, "1 min"),
        (12 * 60 + 59, "12 min"),
        (3600, "1 h"),
        (2 * 3600 + 600, "2 h 10"),
        (14 * 3600 + 1800, "14 h"),
        (47 * 3600, "47 h"),
        (3 * 86_400 + 5, "3 d"),
        (-5, "0 s"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0, 1e9))
def test_a_duration_fits_its_column_and_never_says_more_than_was(seconds: float) -> None:
    words = duration(seconds)
    assert len(words) <= 7
    if words.endswith((" s", " min", " d")):
        factor = {"s": 1, "min": 60, "d": 86_400}[words.split()[1]]
        assert int(words.split()[0]) * factor <= seconds


def test_ages_say_never_and_wrong_clocks() -> None:
    assert age(None, NOW) == "never"
    assert age(NOW - timedelta(seconds=40), NOW) == "40 s"
    assert age(NOW + timedelta(seconds=20), NOW) == "0 s"
    assert age(NOW + timedelta(minutes=3), NOW) == "in 3 min"
    assert fact("12.4 V", NOW - timedelta(seconds=40), NOW) == "12.4 V · 40 s"
    assert fact(None, None, NOW) == "— · never"
    assert left(NOW + timedelta(days=19, hours=1), NOW) == "19 d left"
    assert left(NOW - timedelta(hours=3), NOW) == "over for 3 h"


def test_moments_have_a_date_when_it_is_not_today() -> None:
    assert moment(NOW - timedelta(minutes=7), NOW, utc=True) == "02:51"
    assert moment(NOW - timedelta(hours=13), NOW, utc=True) == "Fri 13:58"
    assert moment(NOW - timedelta(days=7), NOW, utc=True) == "14 Nov 02:58"
    assert moment(NOW + timedelta(days=2), NOW, utc=True) == "23 Nov 02:58"
    assert moment(NOW - timedelta(days=400), NOW, utc=True) == "17 Oct 2025 02:58"
    assert full_moment(NOW, utc=True) == "Sat 21 Nov 2026 02:58:00 UTC"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis wants naive bounds
def test_a_short_moment_fits_nine_columns(at: datetime) -> None:
    assert len(short_moment(at, NOW, utc=True)) <= 9


def test_local_times_follow_the_zone_of_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/London")
    time.tzset()
    try:
        assert in_zone(datetime(2026, 7, 1, 12, tzinfo=UTC), utc=False).hour == 13
        assert in_zone(NOW, utc=False).hour == 2
    finally:
        monkeypatch.undo()
        time.tzset()


def test_numbers_and_sizes() -> None:
    assert number(-98) == "−98"
    assert number(12_300) == "12\N{NO-BREAK SPACE}300"
    assert number(-0.001, 1) == "0.0"
    assert size(512) == "512 B"
    assert size(1_234_567_890) == "1.2 GB"
    assert size(98_765_432) == "99 MB"
    assert plural(1, "unit") == "1 unit"
    assert plural(2, "join waits", "joins wait") == "2 joins wait"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    clean = safe(text)
    assert len(clean) == len(text)
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u202e\u2066\u200b\u2028" for sign in clean)


def test_plain_words_stay_as_they_are() -> None:
    assert safe("Überwachung 12 · 日本") == "Überwachung 12 · 日本"
    assert safe("\x1b[2Jhidden\u202e") == "�[2Jhidden�"
