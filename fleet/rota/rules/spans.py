"""Spans of time: half-open, between two instants in UTC. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Span(NamedTuple):
    """From `starts_at` until, and without, `ends_at`; both in UTC, because Python's difference of two times in one
    other zone forgets that clocks change."""

    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        """How long it is, in real time."""
        return self.ends_at - self.starts_at

    def overlap(self, other: "Span") -> "Span | None":
        """What both cover; None when that is nothing."""
        starts_at, ends_at = max(self.starts_at, other.starts_at), min(self.ends_at, other.ends_at)
        return Span(starts_at, ends_at) if starts_at < ends_at else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that touch or overlap joined, empty ones left out."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.starts_at < span.ends_at):
        if found and span.starts_at <= found[-1].ends_at:
            found[-1] = Span(found[-1].starts_at, max(found[-1].ends_at, span.ends_at))
        else:
            found.append(span)
    return found


def common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is in both, joined and in order."""
    left, right = merged(spans), merged(others)
    found: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        shared = left[i].overlap(right[j])
        if shared is not None:
            found.append(shared)
        if left[i].ends_at <= right[j].ends_at:
            i += 1
        else:
            j += 1
    return found


def minus(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is in `spans` and not in `taken`, joined and in order."""
    found: list[Span] = []
    away = merged(taken)
    first = 0
    for span in merged(spans):
        starts_at = span.starts_at
        while first < len(away) and away[first].ends_at <= starts_at:
            first += 1
        while first < len(away) and away[first].starts_at < span.ends_at:
            if away[first].starts_at > starts_at:
                found.append(Span(starts_at, away[first].starts_at))
            starts_at = away[first].ends_at
            if starts_at >= span.ends_at:
                break
            first += 1
        if starts_at < span.ends_at:
            found.append(Span(starts_at, span.ends_at))
    return found


def near(whole: Span, spans: Sequence[Span]) -> Sequence[Span]:
    """Those of some spans, joined and in order, that overlap `whole`."""
    lowest = bisect_right(spans, whole.starts_at, key=lambda span: span.ends_at)
    return spans[lowest : bisect_left(spans, whole.ends_at, key=lambda span: span.starts_at)]


def total(spans: Iterable[Span]) -> timedelta:
    """How long they are together, what several cover counted once."""
    return sum((span.length for span in merged(spans)), timedelta(0))
