"""What the feed holds for a slow reader: at most one state of each thing, so it is bounded and never out of date."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from protocols.api.events import EventView
from protocols.api.feed import (
    EventsChanged,
    ServerMessage,
    UnitsChanged,
)
from protocols.api.units import UnitRow

MAX_UNITS = 1000
MAX_EVENTS = 100


class LinkUp(msgspec.Struct, frozen=True):
    """The feed is connected; `latency_ms` is the last round trip, or as much of it as has passed when it is slow. What
    is shown must be asked for again when the item before was LinkDown."""

    latency_ms: float


class LinkDown(msgspec.Struct, frozen=True):
    """The feed is not connected since `since`; `detail` says why in a sentence.

    With `signed_out` the session has ended: the feed comes back after the next request that signs in."""

    since: datetime
    detail: str
    signed_out: bool = False


FeedItem = ServerMessage | LinkUp | LinkDown


class Inbox:
    """Items waiting to be read, newest state of each: put what came, take all that waits."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._link: LinkUp | LinkDown | None = None
        self._units: dict[str, UnitRow] = {}
        self._events: dict[int, EventView] = {}
        self._latest: dict[type, ServerMessage] = {}

    def __bool__(self) -> bool:
        return bool(self._link or self._units or self._events or self._latest)

    def put(self, item: FeedItem) -> None:
        """Add `item`, in place of what it supersedes."""
        match item:
            case LinkUp() | LinkDown():
                self._link = item
            case UnitsChanged(rows):
                self._put_units(rows)
            case EventsChanged(events):
                self._put_events(events)
            case _:
                self._latest[type(item)] = item

    def take(self) -> Iterator[FeedItem]:
        """All that waits, link first; the inbox is empty afterwards."""
        waiting: list[FeedItem] = [] if self._link is None else [self._link]
        waiting += self._latest.values()
        if self._units:
            waiting.append(UnitsChanged(list(self._units.values())))
        if self._events:
            waiting.append(EventsChanged(sorted(self._events.values(), key=_newest_first)))
        self._clear()
        return iter(waiting)

    def _put_units(self, rows: list[UnitRow]) -> None:
        for row in rows:
            self._units.pop(row.unit_id, None)
            self._units[row.unit_id] = row
        while len(self._units) > MAX_UNITS:
            del self._units[next(iter(self._units))]

    def _put_events(self, events: list[EventView]) -> None:
        for event in events:
            self._events[event.event_id] = event
        for event_id in sorted(self._events)[:-MAX_EVENTS]:
            del self._events[event_id]


def _newest_first(event: EventView) -> int:
    return -event.event_id
