"""Turns of a rota's layers: when they begin and end, and whose they are. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import instant, wall_time
from protocols.rota.model import Assigned, Layer

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""When a turn by the order of a rotation became known: so early that notice of it was always given."""


class Turn(NamedTuple):
    """Turn `number` (the first is 0) of a layer, from handover to handover, whatever the layer's restrictions say."""

    layer: Layer
    number: int
    span: Span


def turns(layer: Layer, zone: str, window: Span) -> list[Turn]:
    """The layer's turns that have a part in `window`, in order, each whole and cut only where the layer ends.

    A turn of no length, as where a zone skips a whole day, is left out; its number is not given to another.
    """
    ends_at = None if layer.ends is None else instant(layer.ends, zone)
    number = _number_before(layer, zone, window.starts_at)
    starts_at = _begins(layer, zone, number)
    found: list[Turn] = []
    while starts_at < window.ends_at and (ends_at is None or starts_at < ends_at):
        next_at = _begins(layer, zone, number + 1)
        span = Span(starts_at, next_at if ends_at is None else min(next_at, ends_at))
        if window.overlap(span) is not None:
            found.append(Turn(layer, number, span))
        starts_at, number = next_at, number + 1
    return found


def holder(turn: Turn, assigned: Mapping[tuple[str, datetime], Assigned]) -> tuple[str | None, datetime | None]:
    """Whose the turn is, None where it is nobody's, and when that was known: None while it is only planned.

    `assigned` is by layer and the instant at which the turn begins, and goes before the layer's order.
    """
    given = assigned.get((turn.layer.layer, turn.span.starts_at))
    if given is not None:
        return given.person, given.published_at
    order = turn.layer.order
    return (order[turn.number % len(order)] if order else None), ALWAYS


def _length(layer: Layer) -> timedelta:
    return timedelta(**{layer.turn.unit: layer.turn.every})


def _begins(layer: Layer, zone: str, number: int) -> datetime:
    if layer.turn.unit == "hours":
        return instant(layer.starts, zone) + number * _length(layer)
    return instant(layer.starts + number * _length(layer), zone)


def _number_before(layer: Layer, zone: str, at: datetime) -> int:
    """The number of a turn that begins by `at`, or 0: one too early at most, because of a clock change."""
    if layer.turn.unit == "hours":
        return max(0, (at - instant(layer.starts, zone)) // _length(layer))
    return max(0, (wall_time(at, zone) - layer.starts) // _length(layer) - 1)
