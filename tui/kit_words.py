"""Kit in words: how an item stands, where it is, when it is back, what is due on it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from protocols.api.kit import ItemView, KitStanding
from protocols.kit import Condition, CounterName, DueMaintenance
from tui.on_call_line import coming
from tui.paint import Span, Tone
from tui.words import UNKNOWN, duration, number

STANDINGS: tuple[KitStanding, ...] = get_args(KitStanding)
STANDING_TONES: dict[KitStanding, Tone] = {
    "available": "good",
    "reserved": "accent",
    "out": "plain",
    "overdue": "bad",
    "unserviced": "fair",
    "quarantined": "bad",
    "in-repair": "fair",
    "failed": "bad",
    "gone": "muted",
}
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
CONDITION_TONES: dict[Condition, Tone] = {"good": "good", "worn": "fair", "damaged": "bad", "failed": "bad"}
COUNTERS: tuple[CounterName, ...] = get_args(CounterName)
COUNTER_WORDS: dict[CounterName, str] = {
    "running_h": "running hours",
    "battery_cycles": "battery cycles",
    "emmc_worn_percent": "eMMC worn, %",
}
_COUNT_UNITS: dict[CounterName, str] = {"running_h": "h", "battery_cycles": "cycles", "emmc_worn_percent": "%"}
_DUE_TONES: dict[str, Tone] = {"in-time": "muted", "soon": "fair", "overdue": "bad", "unknown": "fair"}
_WORST = ("overdue", "soon", "unknown", "in-time")


def standing_span(standing: KitStanding) -> Span:
    """The word for how it stands."""
    return Span(standing, STANDING_TONES[standing])


def where_words(item: ItemView) -> str:
    """Where it is kept, or what it is out for; `STORE → DEP-118` while it is kept for the next."""
    if item.place is None:
        return f"for {item.deployment}" if item.deployment else "bench"
    return f"{item.place} → {item.reserved_for}" if item.reserved_for else item.place


def back_span(item: ItemView, now: datetime, *, utc: bool) -> Span:
    """When it is expected back, or for how long it has been overdue; nothing of what is not out."""
    at = item.expected_back_at
    if item.place is not None:
        return Span("")
    if at is None:
        return Span(UNKNOWN, "muted")
    if at <= now:
        return Span(f"over {duration((now - at).total_seconds())}", "bad")
    return Span(coming(at, now, utc=utc))


def count_words(counter: CounterName, value: int) -> str:
    """`1 240 h`, `12 %`."""
    return f"{number(value)} {_COUNT_UNITS[counter]}"


def due_span(due: DueMaintenance | None, now: datetime, *, named: bool = True) -> Span:
    """What is due next, and when, in a few words: by date, by counter, whichever is there; `named` by its rule."""
    if due is None:
        return Span("")
    return Span(f"{due.rule} " * named + due_words(due, now), _DUE_TONES[due.standing])


def due_words(due: DueMaintenance, now: datetime) -> str:
    """`in 12 d`, `overdue 3 d`, `120 h left`, `overdue by 4 h`, `never read`; of both, date first."""
    told = [_by_date(due.due_at, now)] if due.due_at is not None else []
    if due.counter is not None:
        told.append(_by_counter(due.counter, due.left))
    words = ", ".join(told) or UNKNOWN
    return words if due.standing != "overdue" or "overdue" in words else f"overdue: {words}"


def _by_date(at: datetime, now: datetime) -> str:
    left = (at - now).total_seconds()
    return f"in {duration(left)}" if left > 0 else f"overdue {duration(-left)}"


def _by_counter(counter: CounterName, left: int | None) -> str:
    if left is None:
        return "never read"
    return f"{count_words(counter, left)} left" if left > 0 else f"overdue by {count_words(counter, -left)}"


def worst_due_first(due: Sequence[DueMaintenance]) -> list[DueMaintenance]:
    """What is overdue, then what is due soon, then what nobody knows."""
    return sorted(due, key=lambda one: _WORST.index(one.standing))
