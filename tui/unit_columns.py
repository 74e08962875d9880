"""The columns of the unit list for a width. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from protocols.api.units import UnitRow, UnitSort
from protocols.health import standing
from tui.figures import figure_text
from tui.key_words import key_mark
from tui.paint import PRESENCE_TONES, STANDING_TONES, Line, Span, Tone, fit
from tui.words import UNKNOWN, age

GAP = " "
_PLACEHOLDER = "·"

SORTS: tuple[tuple[str, UnitSort, str], ...] = (
    ("l", "label", "label"),
    ("u", "unit_id", "unit id"),
    ("p", "presence", "state"),
    ("r", "last_report", "last report"),
    ("v", "supply", "supply"),
    ("t", "temperature", "SoC temperature"),
    ("d", "storage", "disk used"),
    ("g", "signal", "LTE signal"),
    ("a", "alarms", "open alarms"),
)
"""The ways to sort: key, name at the controller, name on the screen."""


class Column(NamedTuple):
    """One column: its head, its width, how a row's cell reads, and which order it shows."""

    head: str
    width: int
    cell: Callable[[UnitRow, datetime], Span]
    sort: UnitSort | None = None
    right: bool = False


def _figure(name: str, field: str) -> Callable[[UnitRow, datetime], Span]:
    def cell(row: UnitRow, _now: datetime) -> Span:
        value = getattr(row, field)
        tone: Tone = STANDING_TONES[standing(name, value)] if value is not None else "muted"
        return Span(figure_text(name, value), "plain" if tone in {"good", "muted"} and value is not None else tone)

    return cell


def _supply(row: UnitRow, _now: datetime) -> Span:
    text = figure_text("supply_mv", row.supply_mv)
    return Span(text, "bad" if row.undervolted else "plain" if row.supply_mv is not None else "muted")


def _rsrp(row: UnitRow, now: datetime) -> Span:
    text, tone = _figure("rsrp_dbm", "rsrp_dbm")(row, now)
    return Span(text.removesuffix(" dBm"), tone)


def _presence(row: UnitRow, _now: datetime) -> Span:
    """What is open stands before all else: the loudest thing on the screen."""
    return Span(" OPEN ", "loud") if row.open else Span(row.presence, PRESENCE_TONES[row.presence])


def _alarms(row: UnitRow, _now: datetime) -> Span:
    return Span("" if not row.alarms else f"!{row.alarms}" if row.alarms < 10 else "!+", "bad")


def _report(row: UnitRow, now: datetime) -> Span:
    return Span(age(row.facts.last_report_at, now), "plain" if row.facts.last_report_at else "muted")


def _session(row: UnitRow, now: datetime) -> Span:
    facts = row.facts
    if facts.session_up is None:
        return Span(UNKNOWN, "muted")
    return Span(f"{'up' if facts.session_up else 'down'} {age(facts.session_changed_at, now)}", "muted")


def _settings(row: UnitRow, _now: datetime) -> Span:
    in_step = row.facts.settings_in_step
    if in_step is None:
        return Span(UNKNOWN, "muted")
    return Span("in step", "muted") if in_step else Span("behind", "fair")


_NARROW: tuple[Column, ...] = (
    Column("label", 12, lambda row, _now: Span(row.label or UNKNOWN, "strong" if row.label else "muted"), "label"),
    Column("unit", 13, lambda row, _now: Span(row.unit_id, "muted"), "unit_id"),
    Column("state", 11, _presence, "presence"),
    Column("!", 2, _alarms, "alarms"),
    Column("heard", 6, _report, "last_report", right=True),
    Column("volts", 6, _supply, "supply", right=True),
    Column("temp", 6, _figure("soc_temp_c", "soc_temp_c"), "temperature", right=True),
    Column("disk", 5, _figure("storage_used_percent", "storage_used_percent"), "storage", right=True),
    Column("LTE", 4, _rsrp, "signal", right=True),
    Column("key", 4, lambda row, _now: key_mark(row.key_protection)),
)
_EXTRA: tuple[Column, ...] = (
    Column("session", 13, _session),
    Column("settings", 8, _settings),
    Column("clock", 8, _figure("clock_offset_ms", "clock_offset_ms"), right=True),
    Column("model", 30, lambda row, _now: Span(row.model or UNKNOWN, "muted")),
)


def columns_for(width: int) -> list[Column]:
    """The columns that fit in `width`; the label grows first, then more columns come in."""
    chosen = list(_NARROW)
    spare = width - _taken(chosen)
    label_more = min(max(0, spare), 10)
    spare -= label_more
    for extra in _EXTRA:
        if spare >= extra.width + len(GAP):
            chosen.append(extra)
            spare -= extra.width + len(GAP)
    chosen[0] = chosen[0]._replace(width=chosen[0].width + label_more)
    return chosen


def _taken(columns: list[Column]) -> int:
    return sum(column.width + len(GAP) for column in columns) - len(GAP)


def head_line(columns: list[Column], sort: UnitSort, *, descending: bool) -> Line:
    """The heads, the sorted one with its direction."""
    spans: list[Span] = []
    for column in columns:
        here = column.sort == sort
        text = column.head + ("↓" if descending else "↑") if here else column.head
        spans.append(Span(fit(text, column.width, right=column.right), "accent" if here else "muted"))
    return _apart(spans)


def row_line(row: UnitRow | None, columns: list[Column], now: datetime) -> Line:
    """One unit; a row that is not here yet is a faint dot."""
    if row is None:
        return (Span(_PLACEHOLDER, "rule"),)
    return _apart(
        [
            Span(fit(text, column.width, right=column.right), tone)
            for column in columns
            for text, tone in [column.cell(row, now)]
        ]
    )


def _apart(cells: list[Span]) -> Line:
    """The cells with a gap between them."""
    return (*(Span(text + GAP, tone) for text, tone in cells[:-1]), *cells[-1:])
