"""When an item's maintenance is due: by date or by counter, whichever comes first. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from protocols.kit import CounterName, DueMaintenance, MaintenanceRule

SOON = timedelta(days=14)
"""How long before its date maintenance is due `soon` †; by counter it is from a tenth of the count before."""

Standing = Literal["in-time", "soon", "overdue", "unknown"]
_PRESSING: tuple[Standing, ...] = ("overdue", "soon", "unknown", "in-time")


class LastDone(msgspec.Struct, frozen=True, kw_only=True):
    """When maintenance by a rule was done last, and at what the counter stood then. `lowest_since` is the lowest
    reading from then on, None where there is none: a counter that began anew counts from there."""

    at: datetime
    counter_value: int | None = None
    lowest_since: int | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules have to know of an item: since when it is on the books, the latest reading of each counter, and
    when maintenance by each rule was done last."""

    added_at: datetime
    readings: Mapping[CounterName, int] = {}
    done: Mapping[str, LastDone] = {}


def due(rule: MaintenanceRule, history: History, now: datetime) -> DueMaintenance:
    """When maintenance by `rule` is due. What was never done is counted from when the item came onto the books, and by
    counter from nought."""
    last = history.done.get(rule.rule)
    due_at = None
    if rule.every_days is not None:
        due_at = (history.added_at if last is None else last.at) + timedelta(days=rule.every_days)
    left = _left(rule, history, last)
    unread = rule.counter is not None and left is None
    return DueMaintenance(
        rule=rule.rule,
        what=rule.what,
        procedure=rule.procedure,
        due_at=due_at,
        counter=rule.counter,
        left=left,
        standing=_pressing_first([_by_date(due_at, now), _by_count(rule.every_count, left, unread=unread)])[0],
    )


def every_due(rules: Sequence[MaintenanceRule], history: History, now: datetime) -> list[DueMaintenance]:
    """What is due by each rule, the most pressing first."""
    found = [due(rule, history, now) for rule in rules]
    return sorted(found, key=lambda one: (_PRESSING.index(one.standing), one.due_at is None, one.due_at or now))


def is_overdue(every: Sequence[DueMaintenance]) -> bool:
    """Whether any of it is overdue."""
    return any(one.standing == "overdue" for one in every)


def _left(rule: MaintenanceRule, history: History, last: LastDone | None) -> int | None:
    if rule.counter is None or rule.every_count is None or rule.counter not in history.readings:
        return None
    reading, counted_from = history.readings[rule.counter], 0
    if last is not None and last.counter_value is not None:
        lowest = reading if last.lowest_since is None else min(reading, last.lowest_since)
        counted_from = min(last.counter_value, lowest)
    return rule.every_count - (reading - counted_from)


def _by_date(due_at: datetime | None, now: datetime) -> Standing:
    if due_at is None or now < due_at - SOON:
        return "in-time"
    return "soon" if now < due_at else "overdue"


def _by_count(every: int | None, left: int | None, *, unread: bool) -> Standing:
    if unread:
        return "unknown"
    if every is None or left is None or left * 10 > every:
        return "in-time"
    return "soon" if left > 0 else "overdue"


def _pressing_first(standings: Sequence[Standing]) -> list[Standing]:
    return sorted(standings, key=_PRESSING.index)
