"""Figures of reports, exactly."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.deployments.report_rules import (
    Answer,
    ItemChange,
    Way,
    durations,
    nearest_rank,
    recovery_due,
    responses,
    utilised,
)

SINCE = datetime(2026, 2, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNTIL = SINCE + 10 * DAY


def used(*changes: ItemChange) -> tuple[int, int, int]:
    found = utilised("K-0042", "van-kit", changes, SINCE, UNTIL)
    return found.out_permille, found.unserviceable_permille, found.movements


def test_time_out_is_clipped_to_the_period_at_both_ends() -> None:
    assert used() == (0, 0, 0)
    assert used(ItemChange(SINCE - DAY, is_out=True)) == (1000, 0, 0)
    assert used(ItemChange(SINCE - 9 * DAY, is_out=True), ItemChange(SINCE + DAY, is_out=False, moved=True)) == (
        100,
        0,
        1,
    )
    assert used(ItemChange(UNTIL - HOUR, is_out=True, moved=True)) == (4, 0, 1)
    assert used(ItemChange(UNTIL, is_out=True, moved=True)) == (0, 0, 0)
    assert used(ItemChange(SINCE, is_out=True, moved=True), ItemChange(UNTIL, is_out=False, moved=True)) == (1000, 0, 1)


def test_what_is_held_and_unfit_at_once_counts_once_and_lasts_until_both_are_over() -> None:
    found = used(
        ItemChange(SINCE + DAY, is_held=True),
        ItemChange(SINCE + 2 * DAY, is_unfit=True),
        ItemChange(SINCE + 3 * DAY, is_held=False),
        ItemChange(SINCE + 4 * DAY, is_unfit=False),
    )
    assert found == (0, 300, 0)


def test_a_change_of_one_thing_leaves_the_others() -> None:
    found = used(
        ItemChange(SINCE - DAY, is_out=True, is_unfit=False),
        ItemChange(SINCE + DAY, is_held=True),
        ItemChange(SINCE + 5 * DAY, is_out=False, moved=True),
    )
    assert found == (500, 900, 1)


def way(due: timedelta | None, done: timedelta | None) -> Way:
    return Way("DEP-1", "av-capture", None if due is None else SINCE + due, None if done is None else SINCE + done)


@pytest.mark.parametrize(
    ("due", "done", "took"),
    [
        (HOUR, 3 * HOUR, [7200]),
        (HOUR, None, [None]),
        (-DAY, HOUR, [86_400 + 3600]),
        (-2 * DAY, -DAY, []),
        (-DAY, 0 * DAY, [86_400]),
        (HOUR, 11 * DAY, [None]),
        (10 * DAY, None, []),
        (5 * DAY, 4 * DAY, [0]),
        (None, None, []),
    ],
)
def test_what_took_how_long_in_a_time(due: timedelta | None, done: timedelta | None, took: list[int | None]) -> None:
    assert [one.took_s for one in durations([way(due, done)], SINCE, UNTIL)] == took


def test_recovery_is_due_at_the_end_of_the_last_authority_or_as_planned_if_that_is_earlier() -> None:
    back = SINCE + 9 * DAY
    assert recovery_due([], None, back) == back
    assert recovery_due([], SINCE + DAY, back) == SINCE + DAY
    assert recovery_due([SINCE + DAY, SINCE + 3 * DAY], None, back) == SINCE + 3 * DAY
    assert recovery_due([SINCE + 3 * DAY], SINCE + 2 * DAY, back) == SINCE + 2 * DAY


def test_median_and_95_of_100_by_nearest_rank() -> None:
    assert nearest_rank([], 50) is None
    assert (nearest_rank([7], 50), nearest_rank([7], 95)) == (7, 7)
    assert (nearest_rank([1, 2], 50), nearest_rank([1, 2, 3], 50), nearest_rank([1, 2, 3, 4], 50)) == (1, 2, 2)
    hundred = list(range(1, 101))
    assert (nearest_rank(hundred, 50), nearest_rank(hundred, 95), nearest_rank(hundred, 100)) == (50, 95, 100)
    assert (nearest_rank(list(range(1, 20)), 95), nearest_rank(list(range(1, 21)), 95)) == (19, 19)


def test_answers_to_alarms_by_kind() -> None:
    def answer(kind: str, after_s: int | None, level: int | None = 0) -> Answer:
        return Answer(kind, SINCE, None if after_s is None else SINCE + timedelta(seconds=after_s), level)

    found = responses(
        [answer("tamper", 30), answer("silent", 600, 2), answer("silent", None, 1), answer("silent", 60, None)], UNTIL
    )
    assert [(one.kind, one.raised, one.acknowledged, one.median_s, one.p95_s, one.escalated) for one in found] == [
        ("silent", 3, 2, 60, 600, 2),
        ("tamper", 1, 1, 30, 30, 0),
    ]
    (late,) = responses([answer("tamper", 10 * 86_400)], UNTIL)
    assert (late.raised, late.acknowledged, late.median_s) == (1, 0, None)
