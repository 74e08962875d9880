"""A history in one line of eight heights."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from protocols.api.units import HistoryPoint

_HEIGHTS = "▁▂▃▄▅▆▇█"
GAP = " "


def columns(points: Sequence[HistoryPoint], width: int, end: datetime, span: timedelta) -> list[float | None]:
    """The mean of `points` in each of `width` equal parts of the `span` that ends at `end`, None where none is."""
    start, part = end - span, span / max(1, width)
    sums = [(0.0, 0)] * width
    for point in points:
        index = int((point.at - start) / part)
        if 0 <= index < width:
            total, count = sums[index]
            sums[index] = (total + point.mean, count + 1)
    return [total / count if count else None for total, count in sums]


def sparkline(values: Sequence[float | None], least_range: float = 0.0) -> str:
    """One sign for each value, a blank for None. The scale runs from the lowest to the highest value, but over no less
    than `least_range`, so that noise does not look like a storm."""
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, high = min(known), max(known)
    if high - low < least_range:
        middle = (low + high) / 2
        low, high = middle - least_range / 2, middle + least_range / 2
    return "".join(GAP if value is None else _height(value, low, high) for value in values)


def _height(value: float, low: float, high: float) -> str:
    if high <= low:
        return _HEIGHTS[3]
    return _HEIGHTS[min(len(_HEIGHTS) - 1, int((value - low) / (high - low) * len(_HEIGHTS)))]
