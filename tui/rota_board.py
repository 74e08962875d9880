"""A month of a rota as lines: weeks below each other, days beside each other. Pure.

At least 77 columns are used, eleven for a day. Where there is room a day says more: four lines for a week in place of
two, and words in place of signs.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from protocols.rota.model import Position
from tui.paint import Line, Span, Tone, cut, fit, line_width
from tui.rota_days import Held, RotaDay, counts_of
from tui.rota_words import counts_words, mark_of, zone_time
from tui.words import UNKNOWN

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ROOMY_CELL = 18
COMPACT_LINES = 2
_SAYS_WHEN = 18
ROOMY_LINES = 4
_ROWS: tuple[Position, ...] = ("primary", "secondary")
_LETTERS: dict[Position, str] = {"primary": "P", "secondary": "S", "shadow": "s"}


class Look(NamedTuple):
    """How the board is looked at: which month, the cursor's day; of a draft the chosen `turn`'s first and last date and
    its position; the person whose days stand out; what is not as published, by date and position."""

    month: date
    today: date
    cursor: date
    zone: str = "UTC"
    position: Position | None = None
    turn: tuple[date, date] | None = None
    person: str = ""
    absent: frozenset[date] = frozenset()
    changed: frozenset[tuple[date, Position]] = frozenset()


def cell_width(width: int) -> int:
    """How wide a day is on `width` columns."""
    return max(11, (width - 1) // 7)


def lines_a_week(width: int, height: int, weeks: int) -> int:
    """How many lines a week takes where `height` are there for all and what is below."""
    if cell_width(width) >= ROOMY_CELL and weeks * ROOMY_LINES + 9 <= height:
        return ROOMY_LINES
    return COMPACT_LINES


def heads_line(width: int, today: date) -> Line:
    """The names of the days."""
    cell = cell_width(width)
    return (
        Span(" "),
        *[
            Span(fit(f" {name}", cell), "strong" if index == today.weekday() else "muted")
            for index, name in enumerate(WEEKDAYS)
        ],
    )


def week_lines(days: Sequence[RotaDay], look: Look, width: int, lines: int) -> list[Line]:
    """A week, Monday first, in `lines` lines."""
    cell = cell_width(width)
    cells = [_compact(day, look, cell) if lines == COMPACT_LINES else _roomy(day, look, cell) for day in days]
    return [(Span(" "), *[span for of_day in cells for span in of_day[row]]) for row in range(lines)]


def _compact(day: RotaDay, look: Look, width: int) -> list[Line]:
    """A day in two lines: its date and the primary, its signs and the secondary."""
    return [
        _padded((_cursor(day, look), *_date(day, look), *_person(day, "primary", look, width - 3)), width),
        _padded((Span(" "), *_signs(day, look), *_person(day, "secondary", look, width - 3)), width),
    ]


def _roomy(day: RotaDay, look: Look, width: int) -> list[Line]:
    """A day in four lines: its date and what is special, who has what, what was found."""
    special = [
        "today" if day.day == look.today else "",
        "absent" if day.day in look.absent else "",
        f"{24 + day.extra_h} h" if day.extra_h else "",
        day.holiday.partition(",")[0],
    ]
    head = (_cursor(day, look), *_date(day, look), Span(" " + " ".join(word for word in special if word), "fair"))
    rows: list[Line] = [head]
    for position in (*_ROWS, "shadow"):
        if position == "shadow" and (position not in day.held or not day.held[position].shifts):
            continue
        rows.append((Span(f" {_LETTERS[position]} ", "muted"), *_person(day, position, look, width - 4)))
    found = counts_of(day.findings)
    if len(rows) < ROOMY_LINES:
        rows.append((Span("   "), *counts_words(found, " ")) if found else ())
    return [_padded(cut(row, width - 1), width) for row in [*rows, (), ()][:ROOMY_LINES]]


def _cursor(day: RotaDay, look: Look) -> Span:
    return Span("▸" if day.day == look.cursor else " ", "accent")


def _date(day: RotaDay, look: Look) -> Line:
    if day.day == look.cursor:
        tone: Tone = "chosen"
    elif day.day == look.today:
        tone = "title"
    else:
        tone = "plain" if _is_inside(day, look) else "muted"
    return (Span(f"{day.day.day:>2}", tone),)


def _signs(day: RotaDay, look: Look) -> Line:
    """What is special about a day, in two signs: the person's absence before a clock change before a bank holiday."""
    sign = " " if not day.extra_h else "+" if day.extra_h > 0 else "−"
    word = f"{sign}h" if day.extra_h else "BH" if day.holiday else "  "
    if day.day in look.absent:
        word = "ab"
    if day.day == look.today:
        word = f"{word[0]}◂"
    return (Span(word, "fair"),)


def _is_inside(day: RotaDay, look: Look) -> bool:
    return (day.day.year, day.day.month) == (look.month.year, look.month.month)


def _person(day: RotaDay, position: Position, look: Look, width: int) -> Line:
    """The sign of a handover, who has the position, the sign of what was found; `width` columns."""
    held = day.held.get(position)
    if held is None:
        return ()
    chosen = position == look.position and look.turn is not None and look.turn[0] <= day.day <= look.turn[1]
    text = held.person or ("" if held.is_needed else UNKNOWN)
    more = "+" if held.others > 1 else ""
    handover = Span("▸" if chosen else "▌" if held.hands_over else " ", "accent")
    if held.gap:
        word = "GAP" if held.gap == "gap" else "gap"
        beside = f" {text}" if text and width >= 16 else ""
        return (handover, Span(word, "loud" if held.gap == "gap" else "muted"), Span(beside, "muted"))
    mark = mark_of(day, held.person)
    if mark.text == " " and (day.day, position) in look.changed:
        mark = Span("*", "accent")
    since = _since(held, look) if width >= _SAYS_WHEN and held.person is not None and not more else ""
    shown = fit(text + more, min(width - 2, len(text + more)))
    return (handover, Span(shown, _tone(day, held, look, chosen)), mark, Span(since, "muted"))


def _since(held: Held, look: Look) -> str:
    """From when somebody who takes over has it, where they do."""
    begins = next((one.starts_at for one in held.shifts if one.person == held.person), None)
    return f" from {zone_time(begins, look.zone, utc=False):%H:%M}" if held.hands_over and begins is not None else ""


def _tone(day: RotaDay, held: Held, look: Look, chosen: bool) -> Tone:
    if chosen:
        return "chosen"
    if look.person:
        return "strong" if held.person == look.person else "rule"
    if held.person is None or not _is_inside(day, look):
        return "muted"
    return "plain"


def _padded(line: Line, width: int) -> Line:
    """`line` in exactly `width` columns."""
    kept = cut(line, width)
    return (*kept, Span(" " * (width - line_width(kept))))
