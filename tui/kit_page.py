"""The page of one item: every fact with its age, what is due, its counters, what it is kept for, who had it. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from protocols.api.kit import CounterView, ItemDetail, ItemView, MaintenanceView, Movement, ReservationView
from tui.kit_words import (
    CONDITION_TONES,
    COUNTER_WORDS,
    back_span,
    count_words,
    due_span,
    standing_span,
    where_words,
    worst_due_first,
)
from tui.on_call_line import coming
from tui.paint import Line, Span, fit, joined, wrap
from tui.words import UNKNOWN, age, moment

T = TypeVar("T")
_LABEL = 12


def item_page(detail: ItemDetail, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """All of one item, for `width` columns."""
    row = detail.row
    title: list[Line] = [
        (Span(f" {row.item}", "title"), Span(f"  {row.model_name}", "strong")),
        (standing_span(row.standing),),
        (Span(f"{row.kind}  {row.model}", "muted"),),
    ]
    why = [(Span(" "), *line) for line in wrap(row.why, width - 2, "fair")]
    lines: list[Line] = [joined(title), *why, (), *_facts(detail, now, utc=utc)]
    lines += _block("MAINTENANCE", worst_due_first(detail.maintenance), lambda one: (Span(" "), due_span(one, now)))
    lines += _done_lines(detail.maintained, now, utc=utc)
    lines += _block("COUNTERS", detail.counters, lambda one: _counter_line(one, now))
    lines += _block("KEPT FOR", detail.reservations, lambda one: _reservation_line(one, now, utc=utc))
    return [*lines, *_block("WHO HAD IT", detail.movements, lambda one: _movement_line(one, width, now, utc=utc))]


def _facts(detail: ItemDetail, now: datetime, *, utc: bool) -> list[Line]:
    row = detail.row
    moved = detail.movements[0] if detail.movements else None
    # A condition that is not the last movement's was seen after it; nobody says when.
    seen = "since it moved" if moved is None or moved.condition != row.condition else age(moved.at, now)
    facts: list[tuple[str, Line]] = [
        ("with", (Span(row.custodian, "strong"), Span(f" · since {_since(row, detail, now, utc=utc)}", "muted"))),
        ("where", (Span(where_words(row)),)),
        ("condition", (Span(row.condition, CONDITION_TONES[row.condition]), Span(f" · {seen}", "muted"))),
        ("service", (Span(row.service),)),
        ("serial", (Span(row.serial or UNKNOWN),)),
    ]
    if row.place is None:
        facts.insert(2, ("back", (back_span(row, now, utc=utc),)))
    if row.unit is not None:
        facts.append(("unit", (Span(row.unit_label or row.unit), Span(f"  {row.unit}", "muted"))))
    return [(Span(f" {name:<{_LABEL}}", "muted"), *line) for name, line in facts]


def _since(row: ItemView, detail: ItemDetail, now: datetime, *, utc: bool) -> str:
    at = detail.movements[0].at if detail.movements else row.out_since
    return moment(at, now, utc=utc) if at is not None else UNKNOWN


def _block(title: str, things: Sequence[T], draw: Callable[[T], Line]) -> list[Line]:
    """Nothing for no things: an empty block would only push the others down."""
    return [(), (Span(f" {title}", "accent"),), *[draw(one) for one in things]] if things else []


def _done_lines(done: Sequence[MaintenanceView], now: datetime, *, utc: bool) -> list[Line]:
    lines: list[Line] = []
    for one in done:
        at = f"   {moment(one.done_at, now, utc=utc)} {one.rule} done by {one.done_by}"
        counted = f" at {one.counter_value}" if one.counter_value is not None else ""
        lines.append((Span(at + counted, "muted"), Span(f"  {one.note}" if one.note else "", "muted")))
    return lines


def _counter_line(one: CounterView, now: datetime) -> Line:
    by = f"read by {one.read_by}" if one.read_by else "by its unit's reports"
    return (
        Span(f"  {fit(COUNTER_WORDS[one.counter], 16)} {count_words(one.counter, one.value)}"),
        Span(f" · {age(one.read_at, now)}  {by}", "muted"),
    )


def _reservation_line(one: ReservationView, now: datetime, *, utc: bool) -> Line:
    begins, ends = (coming(at, now, utc=utc) for at in (one.starts_at, one.ends_at))
    return (Span(f"  {fit(one.deployment, 12)}", "strong"), Span(f"{begins} until {ends}"))


def _movement_line(one: Movement, width: int, now: datetime, *, utc: bool) -> Line:
    """When, which way, from whom to whom, from where to where, how it looked."""
    came = f"{one.from_person} → {one.to_person}" if one.from_person else f"new to {one.to_person}"
    ends = [one.from_place or "", one.deployment or one.to_place or ("bench" if one.way == "out" else "")]
    where = " → ".join(end for end in ends if end)
    room = 24 if width > 100 else 18
    return (
        Span(f"  {fit(moment(one.at, now, utc=utc), 13)}", "muted"),
        Span(fit(one.way, 11)),
        Span(fit(came, 19), "strong"),
        Span(fit(where, room)),
        Span(f" {one.how}, ", "muted"),
        Span(one.condition, CONDITION_TONES[one.condition]),
    )
