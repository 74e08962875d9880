"""Events: what happened on a unit or about it.

`GET /api/events` (query: `unit_id`, `severity`, `open_only`, `before` event id, `limit` ≤ 500) → EventPage;
`POST /api/events/{event_id}/acknowledge` → EventView.
"""

from datetime import datetime
from typing import Literal

import msgspec

from protocols.uplink import Severity

EventSource = Literal["unit", "controller"]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `at` is when it happened by the clock of its source; an alarm is open until acknowledged.

    `count` is above 1 where the same thing happened again and was counted instead of written again."""

    event_id: int
    unit_id: str | None
    label: str
    source: EventSource
    kind: str
    severity: Severity
    summary: str
    at: datetime
    received_at: datetime
    count: int
    acknowledged_by: str | None
    acknowledged_at: datetime | None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `next_before` is the `before` of the following page, None at the end."""

    events: list[EventView]
    next_before: int | None
