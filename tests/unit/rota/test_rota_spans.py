"""Spans of time, against sets of minutes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fleet.rota.rules.spans import Span, common, merged, minus, total

BEGIN = datetime(2026, 3, 29, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def span(first: int, last: int) -> Span:
    """From one minute to another."""
    return Span(BEGIN + first * MINUTE, BEGIN + last * MINUTE)


def minutes(spans: Iterable[Span]) -> set[int]:
    """The minutes that they cover."""
    return {
        minute for one in spans for minute in range((one.starts_at - BEGIN) // MINUTE, (one.ends_at - BEGIN) // MINUTE)
    }


def in_one_form(spans: list[Span]) -> bool:
    """Whether they are in order, none empty, and no two touch."""
    return all(one.starts_at < one.ends_at for one in spans) and all(
        one.ends_at < other.starts_at for one, other in pairwise(spans)
    )


MINUTES = st.integers(0, 40)
SPANS = st.lists(st.builds(span, MINUTES, MINUTES), max_size=12)


@given(SPANS)
def test_joined_spans_cover_what_the_spans_did(spans: list[Span]) -> None:
    assert in_one_form(merged(spans))
    assert minutes(merged(spans)) == minutes(spans)
    assert total(spans) == len(minutes(spans)) * MINUTE


@given(SPANS, SPANS)
def test_common_and_minus_are_those_of_sets(spans: list[Span], others: list[Span]) -> None:
    assert minutes(common(spans, others)) == minutes(spans) & minutes(others)
    assert minutes(minus(spans, others)) == minutes(spans) - minutes(others)
    assert in_one_form(minus(spans, others))
    assert common(spans, others) == common(others, spans)
    assert all(one.starts_at < one.ends_at for one in common(spans, others))


@given(MINUTES, MINUTES, MINUTES, MINUTES)
def test_an_overlap_is_none_where_nothing_is_shared(first: int, last: int, other: int, end: int) -> None:
    shared = span(first, last).overlap(span(other, end))
    assert minutes([] if shared is None else [shared]) == minutes([span(first, last)]) & minutes([span(other, end)])
    assert shared is None or shared.starts_at < shared.ends_at


def test_spans_that_touch_share_nothing_and_are_joined() -> None:
    assert span(0, 5).overlap(span(5, 9)) is None
    assert merged([span(5, 9), span(0, 5), span(7, 7)]) == [span(0, 9)]
    assert span(0, 5).length == 5 * MINUTE
