"""What a unit's page says of its firmware: what each part runs, the update that goes on, the last one. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.rollouts import RolloutUnitRow
from protocols.api.units import UnitDetail
from tui.firmware_lines import bar
from tui.firmware_words import PART_WORDS, UPDATE_TONES, progress_words
from tui.paint import EMPTY, Line, Span, joined, line_width, wrap
from tui.words import UNKNOWN, age, duration, safe, size

_CELLS = 20


def firmware_line(detail: UnitDetail) -> Line:
    """`agent 1.4.0  MCU 2.2.1 · 40 s  modem —`: what each part says it runs, with its age where it is older than the
    report."""
    health = detail.health
    ages = health.get("ages_s") or {}
    parts: list[Line] = [_part("agent", detail.agent_version, None)]
    for word, figure in (("MCU", "mcu_version"), ("modem", "modem_version")):
        parts.append(_part(word, health.get(figure), ages.get(figure)))
    return joined(parts)


def _part(word: str, version: object, age_s: float | None) -> Line:
    if not version:
        return (Span(f"{word} ", "muted"), Span(UNKNOWN, "muted"))
    old = f" · {duration(age_s)}" if age_s is not None else ""
    return (Span(f"{word} ", "muted"), Span(safe(str(version))), Span(old, "muted"))


def firmware_lines(
    detail: UnitDetail, updates: Sequence[RolloutUnitRow] | None, now: datetime, width: int
) -> list[Line]:
    """The part of the page: versions, then the update that goes on or the last one, in words."""
    lines: list[Line] = [(Span(" FIRMWARE", "accent"),), (Span("  "), *firmware_line(detail))]
    newest = next(iter(updates or ()), None)
    if newest is not None:
        lines += _update(newest, now, width)
    return [*lines, EMPTY]


def _update(row: RolloutUnitRow, now: datetime, width: int) -> list[Line]:
    since = f", {age(row.changed_at, now)} ago" if row.changed_at is not None else ""
    word = "update" if row.state in {"waiting", "told", "working"} else "last update"
    first: Line = (
        Span(f"  {word} ", "muted"),
        Span(row.state, UPDATE_TONES[row.state]),
        Span(since, "muted"),
        Span(f"  {row.rollout}", "muted"),
    )
    said = progress_words(row)
    if row.state == "working" and row.part is not None and row.total_bytes:
        drawn = bar(row.done_bytes, 0, 0, row.total_bytes, _CELLS)
        told = f"  {size(row.done_bytes)} of {size(row.total_bytes)}"
        line: Line = (Span(f"  {PART_WORDS[row.part]} ", "muted"), *drawn, Span(told))
        return [first, line if line_width(line) <= width else (Span(f"  {said}"),)]
    return [first, *[(Span("  "), *line) for line in wrap(said, width - 3)]]
