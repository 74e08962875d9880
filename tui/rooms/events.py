"""9 Events: newest first, by severity, unit, and whether somebody has taken note."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.events import EventPage, EventView
from protocols.api.feed import EventsChanged, Watch
from protocols.uplink import Severity
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.goto import Destination, GotoDialog
from tui.event_lines import event_detail, event_line, is_open
from tui.needs import name_of
from tui.paint import Line, Span, joined
from tui.role_words import Reserved
from tui.rooms.listing_room import ListingRoom
from tui.words import number

PAGE_EVENTS = 100
MAX_EVENTS = 2000
ASK_MORE_WITHIN = 30


class EventsRoom(ListingRoom[EventView]):
    """The event list."""

    ROOM = "events"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="open the event's unit"),
        Binding("a", "acknowledge", "ack", tooltip="take note of it in your name"),
        Binding("o", "open_only", "open only", tooltip="only what nobody has taken note of"),
        Binding("s", "severity", "severity"),
        Binding("u", "this_unit", "this unit", tooltip="only this unit's events"),
        Binding("slash", "pick_unit", "unit", tooltip="another unit's events"),
        Binding("escape", "clear", "all"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {"acknowledge": Reserved("acknowledging", "acknowledge-event")}

    def __init__(self) -> None:
        super().__init__()
        self._unit: tuple[str, str] | None = None
        self._severity: Severity | None = None
        self._open_only = False
        self._next_before: int | None = None

    def set_unit(self, unit_id: str, label: str) -> None:
        """Show one unit's events."""
        self._unit = (unit_id, label)
        self._restart()

    @override
    def refetch(self) -> None:
        """See Room."""
        self.ask("events", lambda: self._page(None), self._first_arrived)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(events=True, summary=True)

    async def _page(self, before: int | None) -> EventPage:
        return await self.desk.door.events(
            unit_id=self._unit[0] if self._unit else None,
            severity=self._severity,
            open_only=self._open_only,
            before=before,
            limit=PAGE_EVENTS,
        )

    def _restart(self) -> None:
        self._next_before = None
        self.forget()
        self.refetch()

    def _first_arrived(self, page: EventPage) -> None:
        if not self._list.items or not page.events:
            self._next_before = page.next_before
            self.show_items(page.events)
        else:
            self._merge(page.events)

    def _more_arrived(self, page: EventPage) -> None:
        self._next_before = page.next_before if len(self._list.items) < MAX_EVENTS else None
        if self._is_known:
            self._merge(page.events)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """New events come in above, changed ones where they stand."""
        if isinstance(item, EventsChanged) and self._is_known:
            self._merge([event for event in item.events if self._passes(event)])

    def _passes(self, event: EventView) -> bool:
        held = {one.event_id for one in self._list.items}
        if self._next_before is not None and event.event_id < self._next_before:
            return False
        return (
            (self._unit is None or event.unit_id == self._unit[0])
            and (self._severity is None or event.severity == self._severity)
            and (not self._open_only or is_open(event) or event.event_id in held)
        )

    def _merge(self, events: list[EventView]) -> None:
        """Put `events` in their places; an event acknowledged meanwhile stays where it is until the list is asked for
        anew, so that nothing moves under the cursor."""
        known = {event.event_id: event for event in self._list.items}
        known.update({event.event_id: event for event in events})
        self.show_items([known[event_id] for event_id in sorted(known, reverse=True)[: MAX_EVENTS + PAGE_EVENTS]])

    @override
    def key_of(self, item: EventView) -> int:
        """See ListingRoom."""
        return item.event_id

    @override
    def item_line(self, item: EventView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return event_line(item, width, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many are here, by what they were chosen, and how many of them are above the screen."""
        more = "+" if self._next_before is not None else ""
        filters: list[Line] = []
        if self._unit:
            filters.append((Span("unit ", "muted"), Span(self._unit[1] or self._unit[0])))
        if self._severity:
            filters.append((Span("severity ", "muted"), Span(self._severity)))
        if self._open_only:
            filters.append((Span("open only"),))
        above = self._list.scroll_offset.y
        newer: Line = (Span(f"↑ {above} above", "accent"),) if above else ()
        count = f"{number(len(self._list.items))}{more}" if self._is_known else "…"
        return joined([(Span(" EVENTS  ", "muted"), Span(count, "strong")), *filters, newer])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("none", "muted"),)]

    @override
    def detail_lines(self, item: EventView) -> list[Line]:
        """See ListingRoom."""
        return event_detail(item, max(20, self.size.width), utc=self.desk.server_clock.utc)[:4]

    @override
    def moved(self) -> None:
        """Near the end, older ones are asked for."""
        near_end = self._list.cursor >= len(self._list.items) - ASK_MORE_WITHIN
        if near_end and self._next_before is not None:
            before, self._next_before = self._next_before, None
            self.ask("older", lambda: self._page(before), self._more_arrived)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the event under the cursor."""
        event = self.chosen
        match action:
            case "open":
                return event is not None and event.unit_id is not None
            case "this_unit":
                return event is not None and event.unit_id is not None and self._unit is None
            case "acknowledge":
                return event is not None and is_open(event) and self.allows(action)
            case "clear":
                return self._unit is not None or self._severity is not None or self._open_only
        return True

    async def action_open(self) -> None:
        """Open the event's unit."""
        event = self.chosen
        if event is not None and event.unit_id is not None:
            await self.desk.open_unit(event.unit_id)

    def action_clear(self) -> None:
        """Show all events."""
        self._unit, self._severity, self._open_only = None, None, False
        self._restart()

    def action_open_only(self) -> None:
        """Only those nobody has taken note of, or all."""
        self._open_only = not self._open_only
        self._restart()

    def action_this_unit(self) -> None:
        """Only the unit of the event under the cursor."""
        event = self.chosen
        if event is not None and event.unit_id is not None:
            self.set_unit(event.unit_id, event.label)

    async def action_pick_unit(self) -> None:
        """Find a unit and show its events."""
        await self.app.push_screen(GotoDialog([], "Events of which unit?"), self._unit_picked)

    def _unit_picked(self, picked: Destination | None) -> None:
        if picked is not None:
            self.set_unit(picked.value, picked.text)

    async def action_severity(self) -> None:
        """Choose a severity."""
        options: list[Option[Severity | Literal["any"]]] = [
            Option("*", "any severity", "", "any"),
            Option("a", "alarm", "", "alarm"),
            Option("w", "warning", "", "warning"),
            Option("i", "info", "", "info"),
        ]
        await self.app.push_screen(ChoiceDialog("Severity", options, self._severity or "any"), self._severity_chosen)

    def _severity_chosen(self, chosen: Severity | Literal["any"] | None) -> None:
        if chosen is not None:
            self._severity = None if chosen == "any" else chosen
            self._restart()

    def action_acknowledge(self) -> None:
        """Take note of the event under the cursor."""
        event = self.chosen
        if event is None:
            return
        deed = f"acknowledging {name_of(event.label, event.unit_id)}: {event.kind}"
        event_id = event.event_id
        self.do(deed, lambda: self.desk.door.acknowledge(event_id), self._acknowledged)

    def _acknowledged(self, event: EventView) -> None:
        self.desk.say(f"acknowledged {name_of(event.label, event.unit_id)}: {event.kind}", "good")
        self._merge([event])


class UnitEventsRoom(EventsRoom):
    """The events of the unit whose page is below; `esc` goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, unit_id: str, label: str) -> None:
        super().__init__()
        self._unit = (unit_id, label)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """It stays with its unit."""
        return action not in {"open", "this_unit", "pick_unit"} and super().check_action(action, parameters)
