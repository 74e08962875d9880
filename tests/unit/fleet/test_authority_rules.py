"""Where an authority stands at a moment, and the rules by which it is recorded, reviewed and renewed."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.authorities import rules
from fleet.errors import Conflict, RequestRefused
from fleet.mandates.duties import AHEAD, of_authority
from fleet.mandates.rules import LIKELY, whole_utc
from fleet.store.stored_authority import ORAL, Authority

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, HOUR, S = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def authority(**changes: Any) -> Authority:
    fields: dict[str, Any] = {
        "authority_id": "A-0123456789ab",
        "reference": "URN/1",
        "kinds": ["use"],
        "modalities": ["video"],
        "authorised_by_rank": "Superintendent",
        "starts_at": NOW - DAY,
        "ends_at": NOW + 30 * DAY,
        "urgent_oral": False,
        "recorded_by": "AP-01",
        "recorded_at": NOW - DAY,
    }
    return Authority(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "in-force"),
        ({"starts_at": NOW}, "in-force"),
        ({"starts_at": NOW + S}, "future"),
        ({"ends_at": NOW + S}, "in-force"),
        ({"ends_at": NOW}, "ended"),
        ({"next_review_at": NOW + S}, "in-force"),
        ({"next_review_at": NOW}, "review-overdue"),
        ({"next_review_at": NOW - DAY, "ends_at": NOW}, "ended"),
        ({"cancelled_at": NOW + DAY, "cancelled_by": "AP-01"}, "cancelled"),
        ({"urgent_oral": True, "starts_at": NOW - ORAL + S}, "in-force"),
        ({"urgent_oral": True, "starts_at": NOW - ORAL}, "ended"),
        ({"urgent_oral": True, "starts_at": NOW - ORAL, "statement_at": NOW - DAY}, "ended"),
    ],
)
def test_where_it_stands(changes: dict[str, Any], state: str) -> None:
    assert authority(**changes).state(NOW) == state


@given(st.integers(0, 200), st.integers(1, 2000), st.booleans())
def test_an_urgent_oral_one_never_stands_longer_than_72_hours(hours: int, lasts: int, stated: object) -> None:
    """Whatever end it says, and whether its statement came or not."""
    start = NOW - timedelta(hours=hours)
    found = authority(
        urgent_oral=True, starts_at=start, ends_at=start + lasts * HOUR, statement_at=NOW if stated else None
    )
    assert (found.state(NOW) == "in-force") == (hours < min(lasts, 72))


@pytest.mark.parametrize(
    ("due", "held"),
    [
        ([NOW + DAY, NOW + 2 * DAY], [NOW + DAY]),
        ([NOW - DAY, NOW, NOW + S], [NOW - DAY, NOW]),
        ([NOW], [NOW]),
    ],
)
def test_a_review_is_for_all_dates_that_have_passed_else_for_the_next(
    due: list[datetime], held: list[datetime]
) -> None:
    assert rules.reviewed(authority(), due, NOW) == held


def test_reviews_of_what_is_over_are_refused() -> None:
    for changes in ({"ends_at": NOW}, {"cancelled_at": NOW, "cancelled_by": "AP-01"}):
        with pytest.raises(Conflict):
            rules.reviewed(authority(**changes), [NOW - DAY], NOW)
    with pytest.raises(Conflict):
        rules.reviewed(authority(), [], NOW)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
def test_times_are_whole_seconds_of_these_years_or_refused(at: datetime) -> None:
    try:
        found = whole_utc(at, NOW)
    except RequestRefused:
        assert at <= NOW - LIKELY or at >= NOW + LIKELY
    else:
        assert timedelta() <= at - found < S
        assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("changes", "duties"),
    [
        ({}, []),
        ({"ends_at": NOW + AHEAD + S}, []),
        ({"ends_at": NOW + AHEAD}, [("authority-ending", False)]),
        ({"ends_at": NOW + AHEAD, "renewed_by": "A-1"}, []),
        ({"ends_at": NOW}, []),
        ({"next_review_at": NOW + AHEAD}, [("review-due", False)]),
        ({"next_review_at": NOW}, [("review-overdue", True)]),
        ({"urgent_oral": True}, [("statement-due", False)]),
        ({"urgent_oral": True, "starts_at": NOW - ORAL}, [("statement-overdue", True)]),
        ({"urgent_oral": True, "starts_at": NOW - ORAL, "statement_at": NOW}, []),
    ],
)
def test_what_it_needs_of_somebody(changes: dict[str, Any], duties: list[tuple[str, bool]]) -> None:
    found = list(of_authority(authority(**changes), NOW))
    assert [(one.kind, one.is_alarm) for one in found] == duties
    assert all("URN/1" in one.sentence for one in found)
