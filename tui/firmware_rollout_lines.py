"""The page of one rollout: what it brings, its rings with bars, and its units. Pure."""

from datetime import datetime

from protocols.api.rollouts import RingView, RolloutUnitRow, RolloutView
from protocols.rollouts import Held, state_words
from tui.firmware_lines import WIDE, bar
from tui.firmware_words import (
    ROLLOUT_TONES,
    UPDATE_TONES,
    bad_of,
    held_counts,
    manifest_name,
    nearness_words,
    parts_words,
    progress_words,
    short_words,
    standing_words,
    state_tone,
    threshold_words,
    time_words,
    under_way_of,
)
from tui.needs import name_of
from tui.paint import EMPTY, Line, Span, cut, fit, joined, wrap
from tui.words import UNKNOWN, age, duration, full_moment, number, plural

_NAME = 14
_STATE = 12


def top_lines(view: RolloutView, width: int, most: int, now: datetime, *, utc: bool) -> list[Line]:
    """Which rollout and how it stands, its rings, why units wait, and how near it is to stopping; in at most `most`
    lines where there are so many rings that they would leave no room for the units."""
    row = view.row
    title: Line = (Span(row.title, "title"), Span("   "), Span(state_words(row.state, row.bad), state_tone(row)))
    brings = f"{row.rollout}   {manifest_name(row.manifest)}: {parts_words(view.content)}"
    lines: list[Line] = [joined([title, (Span(standing_words(row)),)])]
    if row.reason:
        lines += wrap(f"{age(row.changed_at, now)} ago: {row.reason}", width - 2, ROLLOUT_TONES[row.state])
    lines += wrap(brings, width - 2, "muted")
    waiting = _waiting(view, width)
    stops = _stops(view, width)
    room = max(1, most - len(lines) - len(waiting) - len(stops))
    lines += [*_rings(view, width - 2, room, now), *waiting, *stops]
    if width > WIDE:
        begun = f"begun {full_moment(row.made_at, utc=utc)} by {row.made_by}"
        plan = f"{begun}   {plural(view.plan.at_once, 'unit')} at once, {time_words(view.plan)}"
        deployed = "" if view.plan.deployed else ", units that are out wait until they are back"
        lines += wrap(plan + deployed, width - 2, "muted")
    return [(Span(" "), *line) for line in lines]


def _rings(view: RolloutView, width: int, room: int, now: datetime) -> list[Line]:
    """A line for each ring; where there is no room for all, those around the first that is not over."""
    rings = view.rings
    first = next((index for index, ring in enumerate(rings) if ring.ended_at is None), len(rings) - 1)
    start = max(0, min(first, len(rings) - room))
    shown = rings[start : start + room]
    lines = [_ring(ring, view, start + index, width, now) for index, ring in enumerate(shown)]
    left = len(rings) - len(shown)
    if left and lines:
        lines[-1] = joined([lines[-1], (Span(f"and {plural(left, 'ring')} more", "muted"),)], "  ")
    return lines


def _ring(ring: RingView, view: RolloutView, index: int, width: int, now: datetime) -> Line:
    done, bad, going = ring.states.get("done", 0), bad_of(ring), under_way_of(ring)
    units = ring.units - ring.states.get("left-out", 0)
    words: list[Line] = [(Span(f"{number(done)} of {number(units)} done"),)]
    words += [(Span(f"{number(bad)} bad", "bad"),)] * bool(bad)
    words += [(Span(f"{number(going)} under way", "accent"),)] * bool(going)
    words += [(Span(_when(ring, view, index, now), "muted"),)] * (not going)
    words += [(Span(f"{number(ring.units - units)} left out", "muted"),)] * (ring.units > units)
    cells = 30 if width > WIDE else 14
    name = Span(fit(ring.name, _NAME) + " ", "plain" if ring.begun_at is not None else "muted")
    return (name, *bar(done, bad, going, units, cells), Span("  "), *joined(words, "  "))


def _when(ring: RingView, view: RolloutView, index: int, now: datetime) -> str:
    """Since when it has been over, or what it waits for."""
    if ring.ended_at is not None:
        following = view.rings[index + 1] if index + 1 < len(view.rings) else None
        wait_s = view.plan.rings[index].wait_s
        if following is not None and following.begun_at is None and wait_s and view.row.state == "running":
            left_s = wait_s - (now - ring.ended_at).total_seconds()
            return f"next within {duration(max(0.0, left_s))}"
        return f"over, {age(ring.ended_at, now)} ago"
    return "" if ring.begun_at is not None else "not begun"


def _waiting(view: RolloutView, width: int) -> list[Line]:
    """Why units of rings that have begun wait."""
    held: dict[Held, int] = {}
    for ring in view.rings:
        for why, count in ring.held.items():
            if why != "ring":
                held[why] = held.get(why, 0) + count
    words = held_counts(held)
    return wrap(words, width - 2, "fair") if words else []


def _stops(view: RolloutView, width: int) -> list[Line]:
    if view.row.state in {"done", "cancelled"}:
        return []
    near = nearness_words(view)
    if not near:
        return wrap(threshold_words(view.plan), width - 2, "muted")
    limit = threshold_words(view.plan) if width > WIDE else f"stops above {view.plan.stop_bad_percent:g} % bad"
    return [(Span(f"{limit}   ", "muted"), *cut((Span(near, "fair" if "stop" in near else "muted"),), width - 24))]


def unit_heads(width: int) -> Line:
    """The names of the columns of units."""
    label, ring = _widths(width)
    return (Span(f"{'state':{_STATE}}{'unit':{label}} {'ring':{ring}} {'since':8} how far, or why", "muted"),)


def unit_line(row: RolloutUnitRow, width: int, now: datetime) -> Line:
    """State, unit, ring, since when, and how far it is or why it is so."""
    label, ring = _widths(width)
    since = age(row.changed_at, now) if row.changed_at is not None else UNKNOWN
    return (
        Span(fit(row.state, _STATE), UPDATE_TONES[row.state]),
        Span(fit(name_of(row.label, row.unit), label) + " "),
        Span(fit(row.ring, ring) + " ", "muted"),
        Span(fit(since, 8) + " ", "muted"),
        Span(short_words(row), "plain" if row.state != "waiting" else "muted"),
    )


def unit_detail(row: RolloutUnitRow, width: int, now: datetime) -> list[Line]:
    """One unit in two lines: which, and all of why."""
    told = f"told {age(row.told_at, now)} ago" if row.told_at is not None else "not told yet"
    first = joined([(Span(row.unit, "muted"),), (Span(row.state, UPDATE_TONES[row.state]),), (Span(told, "muted"),)])
    second = wrap(progress_words(row), width - 2)[:1] or [EMPTY]
    return [(Span(" "), *line) for line in [first, *second]]


def _widths(width: int) -> tuple[int, int]:
    """Of the unit's label and the ring."""
    return (26, 16) if width > WIDE else (14, 8)
