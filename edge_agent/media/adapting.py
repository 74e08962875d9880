"""When to pass a camera's stream through, when to encode it again, and how many bits to spend. Pure.

Seen once a second: what the source delivers, the receiver's estimate (REMB) and the loss it reports. From pass-through
to re-encoding when the link carries less than the source sends, for two seconds running, or at once when a key frame
is needed that the source would not give within 2 s. Back when for 10 s nothing speaks against it; each return
that fails within a minute doubles that, up to 120 s.

An estimate says what a link carries only as far as it is used: it begins at what has come, and grows with what comes.
So it speaks against passing through only where it is below the source's average and below its quietest second; and an
encoder that needs less than it may use, on a picture that stands still, can learn more only by a return that is tried.
"""

from dataclasses import dataclass, replace
from typing import Literal

from edge_agent.media.messages import Mode

FLOOR_BIT_S = 40_000
LONGEST_GOP_S = 2.5
"""A key frame each 2 s, and half a second for a camera that is not exact."""

_PATIENCE = 2
_NARROW = 0.9
_HEAVY_LOSS = 0.10
_LIGHT_LOSS = 0.03
_GROWTH = 1.08
_GROWTH_BELOW_ESTIMATE = 1.25
_ROOM = 0.95
_IDLE = 0.7
_CLEAR = 1.2
_HOLD_S = 10.0
_HOLD_MAX_S = 120.0
_FAILED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Rates in bits a second; `loss` 0 … 1; None for what the receiver has not told.

    source_bit_s: average over two groups of pictures, 0 not known yet. least_bit_s: the quietest second among them.
    sent_bit_s: of the last second. passable: whether the source's stream can be sent as it is.
    keyframe_asked: the receiver asked for one in this second, or nothing is sent before the source gives one.
    gop_s: longest time between key frames, 0 unknown.
    """

    at_s: float
    source_bit_s: float
    least_bit_s: float = 0.0
    sent_bit_s: float = 0.0
    passable: bool = True
    estimate_bit_s: float | None = None
    loss: float | None = None
    keyframe_asked: bool = False
    gop_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`mode` and `target_bit_s` (of the encoder) are what to do; the rest is what to remember."""

    mode: Mode = "pass-through"
    target_bit_s: float = 0.0
    bad: int = 0
    good_since_s: float | None = None
    passed_at_s: float = float("-inf")
    hold_s: float = _HOLD_S


def next_plan(plan: Plan, seen: Seen) -> Plan:
    """The plan for the next second. A source whose rate is not known yet changes nothing, unless it can not pass."""
    if not seen.passable and plan.mode == "pass-through":
        return _encoding(plan, seen)
    if seen.source_bit_s <= 0:
        return plan
    return _passing_on(plan, seen) if plan.mode == "pass-through" else _encoding_on(plan, seen)


def _passing_on(plan: Plan, seen: Seen) -> Plan:
    if seen.keyframe_asked and seen.gop_s > LONGEST_GOP_S:
        return _encoding(plan, seen)
    bad = plan.bad + 1 if _strained(seen) else 0
    return _encoding(plan, seen) if bad >= _PATIENCE else replace(plan, bad=bad)


def _strained(seen: Seen) -> bool:
    usual_bit_s = min(_NARROW * seen.source_bit_s, _ROOM * seen.least_bit_s)
    narrow = seen.estimate_bit_s is not None and seen.estimate_bit_s < usual_bit_s
    return narrow or (seen.loss or 0.0) > _HEAVY_LOSS


def _encoding(plan: Plan, seen: Seen) -> Plan:
    failed = seen.at_s - plan.passed_at_s < _FAILED_WITHIN_S
    hold_s = min(_HOLD_MAX_S, plan.hold_s * 2) if failed else _HOLD_S
    wanted = seen.source_bit_s * (1 - (seen.loss or 0.0) / 2)
    return Plan("re-encoding", _within(wanted, seen), hold_s=hold_s)


def _encoding_on(plan: Plan, seen: Seen) -> Plan:
    loss = seen.loss or 0.0
    target = _within(plan.target_bit_s * _change(loss, seen), seen)
    carries = loss < _LIGHT_LOSS and (target >= seen.source_bit_s * _ROOM or _idle(target, seen))
    good_since_s = (plan.good_since_s or seen.at_s) if carries and seen.passable else None
    if good_since_s is not None and seen.at_s - good_since_s >= plan.hold_s:
        return Plan("pass-through", passed_at_s=seen.at_s, hold_s=plan.hold_s)
    return replace(plan, target_bit_s=target, good_since_s=good_since_s)


def _change(loss: float, seen: Seen) -> float:
    """How the target changes in a second: by the loss, and upwards in steps that are bold only towards an estimate."""
    if loss > _HEAVY_LOSS:
        return 1 - loss / 2
    if loss > _LIGHT_LOSS:
        return 1.0
    return _GROWTH if seen.estimate_bit_s is None else _GROWTH_BELOW_ESTIMATE


def _idle(target_bit_s: float, seen: Seen) -> bool:
    """Whether the encoder uses so little of what it may that the estimate can not grow."""
    free = seen.estimate_bit_s is None or seen.estimate_bit_s > seen.sent_bit_s * _CLEAR
    return seen.sent_bit_s < target_bit_s * _IDLE and free


def _within(wanted: float, seen: Seen) -> float:
    """Never more than the source has or the link carries, never less than a picture needs."""
    limit = seen.source_bit_s
    if seen.estimate_bit_s is not None:
        limit = min(limit, seen.estimate_bit_s * _ROOM)
    return max(FLOOR_BIT_S, min(wanted, limit))


Scale = Literal[1, 2, 3, 4, 6]
_SCALES: tuple[Scale, ...] = (1, 2, 3, 4, 6)
_LEAST_BITS_PER_PIXEL = 0.03
_LEAST_WIDTH = 320
_UPWARDS = 1.4


@dataclass(frozen=True, slots=True)
class Shape:
    """The picture to encode: sides divided by `scale`, each `every`th picture only."""

    scale: Scale = 1
    every: int = 1


def shape_for(target_bit_s: float, width: int, height: int, fps: float, now: Shape) -> Shape:
    """The largest picture that `target_bit_s` can fill, at least 320 wide if the source is.

    Where there are more than 10 pictures a second, half of them go first.

    Changes to a larger one only with 40 % to spare, so that it does not go to and fro.
    """
    every = 2 if fps > 10 else 1
    scales = [scale for scale in _SCALES if scale == 1 or width >= scale * _LEAST_WIDTH]
    shapes = [*([Shape()] if every > 1 else []), *(Shape(scale, every) for scale in scales)]
    place = next((at for at, shape in enumerate(shapes) if _fills(shape, target_bit_s, width, height, fps)), -1)
    chosen = shapes[place]
    if now in shapes and shapes.index(chosen) < shapes.index(now):
        roomy = _fills(chosen, target_bit_s / _UPWARDS, width, height, fps)
        return chosen if roomy else now
    return chosen


def _fills(shape: Shape, target_bit_s: float, width: int, height: int, fps: float) -> bool:
    pixels_s = width * height / shape.scale**2 * fps / shape.every
    return target_bit_s >= pixels_s * _LEAST_BITS_PER_PIXEL
