"""The list of rollouts: one in a line, and at length. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.rollouts import RolloutRow
from protocols.rollouts import state_words
from tui.firmware_words import manifest_name, standing_words, state_tone
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.words import UNKNOWN, age, full_moment, number, plural, short_moment

WIDE = 110
_STATE = 13
_FULL, _BAD, _GOING, _REST = "█", "!", "▒", "·"
LEGEND: tuple[tuple[str, str], ...] = (
    (f"{_FULL}{_FULL}", "units that are done"),
    (f"{_BAD}{_BAD}", "units that failed, went back or refused"),
    (f"{_GOING}{_GOING}", "units that are under way"),
    (f"{_REST}{_REST}", "units that wait"),
)


def bar(done: int, bad: int, under_way: int, of: int, cells: int) -> Line:
    """Done, bad, under way and the rest of `of` in exactly `cells` cells; what there is has a cell at least, bad before
    the others, and what is not all is never shown as all."""
    counts = [max(0, bad), max(0, under_way), max(0, done)]
    of = max(of, sum(counts))
    if of == 0:
        return (Span(_REST * cells, "muted"),)
    has_rest = sum(counts) < of
    room = cells
    widths: list[int] = []
    for index, count in enumerate(counts):
        later = sum(1 for other in counts[index + 1 :] if other) + has_rest
        wanted = max(1, round(cells * count / of)) if count else 0
        widths.append(max(0, min(wanted, room - later)))
        room -= widths[-1]
    bad_cells, going_cells, done_cells = widths
    if not has_rest:
        grown = max(range(3), key=lambda index: counts[index])
        widths[grown] += room
        bad_cells, going_cells, done_cells = widths
        room = 0
    drawn: tuple[tuple[str, int, Tone], ...] = (
        (_FULL, done_cells, "good"),
        (_BAD, bad_cells, "bad"),
        (_GOING, going_cells, "accent"),
        (_REST, room, "muted"),
    )
    return tuple(Span(sign * count, tone) for sign, count, tone in drawn if count)


def _widths(width: int) -> tuple[int, int, int]:
    """Of title, ring and bar."""
    return (36, 16, 40) if width > WIDE else (19, 8, 12)


def heads_line(width: int) -> Line:
    """The names of the columns."""
    title, ring, cells = _widths(width)
    words = f"{'state':{_STATE}}{'rollout':{title}} {'ring':{ring}} {'':{cells}} {'done':>11}{'bad':>5}"
    return (Span(words + f"{'going':>7}", "muted"),)


def rollout_line(row: RolloutRow, width: int, now: datetime, *, utc: bool) -> Line:
    """State, title, ring, bar, counts; on a wide screen also who began it and when."""
    title, ring, cells = _widths(width)
    line: Line = (
        Span(fit(_state(row), _STATE), state_tone(row)),
        Span(fit(row.title, title), "muted" if row.state in {"done", "cancelled"} else "strong"),
        Span(f" {fit(row.ring or UNKNOWN, ring)} ", "plain" if row.state == "running" else "muted"),
        *bar(row.done, row.bad, row.under_way, row.units, cells),
        Span(fit(f"{number(row.done)}/{number(row.units)}", 12, right=True)),
        Span(fit(number(row.bad), 5, right=True), "bad" if row.bad else "muted"),
        Span(fit(number(row.under_way), 7, right=True), "accent" if row.under_way else "muted"),
    )
    if width <= WIDE:
        return line
    return (*line, Span(f"  {short_moment(row.made_at, now, utc=utc)} by {row.made_by}", "muted"))


def _state(row: RolloutRow) -> str:
    """The column of counts has how many are bad where they do not fit here."""
    words = state_words(row.state, row.bad)
    return words if len(words) < _STATE else "done, bad"


def rollout_detail(row: RolloutRow, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """Which one, what it brings, how it stands and why, in three lines at least."""
    why: list[Line] = []
    if row.reason:
        by_itself = "stopped by itself" if row.state == "stopped" else row.state
        tone: Tone = "bad" if row.state == "stopped" else "fair"
        why = wrap(f"{by_itself} {age(row.changed_at, now)} ago: {row.reason}", width - 2, tone)
    begun = f"begun {full_moment(row.made_at, utc=utc)} by {row.made_by}"
    lines: list[Line] = [
        joined([(Span(row.rollout, "muted"),), (Span(f"to {manifest_name(row.manifest)}"),), (Span(begun, "muted"),)]),
        (Span(standing_words(row)),),
        *why,
    ]
    return [(Span(" "), *line) for line in lines]


def rollouts_title(rows: Sequence[RolloutRow] | None, shown: int) -> Line:
    """How many there are, how many go on, and how many want a person."""
    if rows is None:
        return (Span(" FIRMWARE  ", "muted"), Span("…", "strong"))
    stopped = sum(row.state == "stopped" for row in rows)
    running = sum(row.state == "running" for row in rows)
    paused = sum(row.state == "paused" for row in rows)
    count = plural(len(rows), "rollout")
    return joined(
        [
            (Span(" FIRMWARE  ", "muted"), Span(count if shown == len(rows) else f"{shown} of {count}", "strong")),
            (Span(f"{stopped} stopped by {'itself' if stopped == 1 else 'themselves'}", "bad"),) if stopped else (),
            (Span(f"{running} {'goes' if running == 1 else 'go'} on", "accent"),) if running else (),
            (Span(f"{paused} paused", "fair"),) if paused else (),
        ]
    )
