"""Presence on a fake clock: words change exactly when said, only forward, and only in silence that was heard."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fleet.presence.rules import ReportWord, judge_presence, quiet_after, stale_after
from fleet.settings import PresenceSettings

LAST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORDER: list[ReportWord] = ["online", "stale", "quiet"]
TICK = timedelta(microseconds=1)

SETTINGS = st.builds(
    PresenceSettings,
    stale_after_reports=st.floats(1, 100),
    grace_s=st.floats(0, 3600),
    quiet_after_s=st.floats(1, 1e6),
)
EVERY_S = st.integers(1, 86_400)
AGES = st.floats(0, 2e7).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("age_s", "word", "changes_after_s"),
    [(0, "online", 160), (159.9, "online", 160), (160, "stale", 900), (899, "stale", 900), (900, "quiet", None)],
)
def test_a_unit_that_reports_every_minute(age_s: float, word: str, changes_after_s: float | None) -> None:
    verdict = judge_presence(LAST, 60, LAST + timedelta(seconds=age_s), PresenceSettings())
    expected = None if changes_after_s is None else LAST + timedelta(seconds=changes_after_s)
    assert verdict == (word, expected)


def test_without_a_report_the_word_is_never_and_stays() -> None:
    assert judge_presence(None, 60, LAST, PresenceSettings(), listening_since=LAST) == ("never", None)


def test_a_unit_that_reports_daily_is_not_quiet_before_it_is_stale() -> None:
    verdict = judge_presence(LAST, 86_400, LAST + timedelta(hours=20), PresenceSettings())
    assert verdict.word == "online"
    assert verdict.changes_at is not None
    assert judge_presence(LAST, 86_400, verdict.changes_at, PresenceSettings()) == ("quiet", None)


@given(SETTINGS, EVERY_S, AGES)
def test_the_word_changes_at_the_time_said_and_not_before(
    settings: PresenceSettings, every_s: int, age: timedelta
) -> None:
    now = LAST + age
    verdict = judge_presence(LAST, every_s, now, settings)
    if verdict.changes_at is None:
        assert verdict.word == "quiet"
        return
    assert verdict.changes_at > now
    assert judge_presence(LAST, every_s, verdict.changes_at - TICK, settings).word == verdict.word
    assert judge_presence(LAST, every_s, verdict.changes_at, settings).word != verdict.word


@given(SETTINGS, EVERY_S, AGES, AGES)
def test_time_only_moves_the_word_forward(
    settings: PresenceSettings, every_s: int, one: timedelta, other: timedelta
) -> None:
    earlier, later = (
        ORDER.index(judge_presence(LAST, every_s, LAST + age, settings).word) for age in sorted([one, other])
    )
    assert earlier <= later


@given(SETTINGS, EVERY_S, AGES)
def test_a_new_report_makes_any_unit_online(settings: PresenceSettings, every_s: int, age: timedelta) -> None:
    now = LAST + age
    assert judge_presence(now, every_s, now, settings) == ("online", now + stale_after(settings, every_s))


@given(SETTINGS, EVERY_S)
def test_quiet_never_comes_before_stale(settings: PresenceSettings, every_s: int) -> None:
    assert quiet_after(settings, every_s) >= stale_after(settings, every_s)


@given(SETTINGS, EVERY_S, AGES, AGES)
def test_silence_before_we_listened_does_not_count(
    settings: PresenceSettings, every_s: int, outage: timedelta, listened: timedelta
) -> None:
    since = LAST + outage
    verdict = judge_presence(LAST, every_s, since + listened, settings, listening_since=since)
    assert verdict == judge_presence(since, every_s, since + listened, settings)
    assume(listened < stale_after(settings, every_s))
    assert verdict.word == "online"
