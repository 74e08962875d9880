"""What the options of `fleet log` that choose entries mean."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from fleet.cli.log_scope import KIND_FORM, REFERENCE_FORM, WHEN_FORM, moment_of
from fleet.errors import RequestRefused

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("30 min", NOW - timedelta(minutes=30)),
        ("2026-11-01T08:30Z", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        ("2026-11-01 08:30:15+01:00", datetime(2026, 11, 1, 7, 30, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_length_back_from_now_or_of_the_calendar(text: str, at: datetime) -> None:
    WHEN_FORM(str, text)
    assert moment_of(text, NOW) == at


def test_a_time_without_a_zone_is_of_this_machine() -> None:
    here = datetime(2026, 11, 1).astimezone()
    assert moment_of("2026-11-01", NOW) == here


@pytest.mark.parametrize("text", ["", "0d", "2026-13-01", "2026-1-1", "2026-11-01T25:00", "yesterday", "7d\n", "٧d"])
def test_another_form_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(WHEN_FORM.words)):
        WHEN_FORM(str, text)


def test_a_day_that_is_not_in_the_calendar_is_told() -> None:
    WHEN_FORM(str, "2026-02-30")
    with pytest.raises(RequestRefused, match="2026-02-30"):
        moment_of("2026-02-30", NOW)


@pytest.mark.parametrize("text", ["a b", "x" * 61, "é", "a\n"])
def test_a_reference_has_no_other_signs(text: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        REFERENCE_FORM(str, text)
    with pytest.raises(ValueError, match="kind"):
        KIND_FORM(str, text)
