"""Times to come on the command line, and what exit codes stand for."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from fleet.cli.ahead import AHEAD_FORM, moment_ahead
from fleet.cli.app import exit_code
from fleet.errors import CommandIncomplete, RequestRefused

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("2d", NOW + timedelta(days=2)),
        ("+2d", NOW + timedelta(days=2)),
        ("+ 30 min", NOW + timedelta(minutes=30)),
        ("-2h", NOW - timedelta(hours=2)),
        ("2026-11-23T06:00Z", NOW + timedelta(hours=21)),
    ],
)
def test_a_time_to_come_is_a_length_from_now_or_of_the_calendar(text: str, at: datetime) -> None:
    AHEAD_FORM(str, text)
    assert moment_ahead(text, NOW) == at


@pytest.mark.parametrize("text", ["1m", "+-2d", "+now", "-2026-11-23", "2 weeks"])
def test_another_form_is_told_the_units_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("30min, 8h or +7d")):
        AHEAD_FORM(str, text)


def test_a_command_line_that_lacks_something_is_not_taken_for_a_refusal() -> None:
    assert exit_code(CommandIncomplete("not-once", "", "")) == 2
    assert exit_code(RequestRefused("review-overdue", "", "")) == 3
