"""One unit: identity, freshness, health, history, events, settings, and asking it for a report."""

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError, FeedItem, Refused
from protocols.api.checks import UnitAccess
from protocols.api.events import EventPage, EventView
from protocols.api.feed import EventsChanged, RolloutsChanged, UnitsChanged, Watch
from protocols.api.rollouts import RolloutUnitRow
from protocols.api.units import CommandView, History, UnitDetail
from tui.lines import Page
from tui.paint import Span
from tui.rooms.unit_deeds import UnitDeeds
from tui.unit_page import SPARKED, Moment, UnitPicture, body_lines, telling_hours, top_lines

RETRY_S = 3.0
EVENTS_ASKED = 20
ALARMS_ASKED = 100
UPDATES_PAUSE_S = 2.0
"""Units of a rollout change all the time; most of it is not about this one."""


class UnitRoom(UnitDeeds):
    """The page of one unit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "check", "check", tooltip="open its picture, sound or position, under a live mandate"),
        Binding("r", "report", "report", tooltip="ask the unit for a report now"),
        Binding("a", "acknowledge", "ack", tooltip="take note, in your name, of its open alarms"),
        Binding("k", "quarantine", "quarantine", tooltip="let it report and open nothing"),
        Binding("u", "release", "release", tooltip="end its quarantine"),
        Binding("x", "revoke", "revoke", tooltip="end its life in the fleet, for good"),
        Binding("w", "wiring", "wiring", tooltip="its harness: as designed and as fitted"),
        Binding("e", "settings", "settings", tooltip="edit its settings"),
        Binding("m", "mandates", "mandates", tooltip="its mandates: draft, sign, cancel"),
        Binding("p", "plot", "plot", tooltip="plot figures over time"),
        Binding("l", "log", "log", tooltip="its entries in the deployment log"),
        Binding("v", "events", "events", tooltip="all its events"),
        Binding("n", "label", "name", tooltip="give it another name"),
        Binding("escape", "back", "back"),
    ]
    """The weightiest first: on a narrow terminal the last are left to the help."""

    def __init__(self, unit_id: str) -> None:
        super().__init__(unit_id)
        self._detail: UnitDetail | None = None
        self._histories: dict[str, History] = {}
        self._histories_due = True
        self._events: EventPage | None = None
        self._alarms: EventPage | None = None
        self._commands: list[CommandView] | None = None
        self._access: UnitAccess | None = None
        self._updates: list[RolloutUnitRow] | None = None
        self._top = Page(id="top")
        self._page = Page(id="page")

    @override
    def body(self) -> ComposeResult:
        """The top stays, the rest scrolls."""
        yield self._top
        yield self._page

    def on_mount(self) -> None:
        """Say which unit is coming."""
        self._page.can_focus = True
        self.set_focus(self._page)
        self._top.show([(Span(" "), Span(self.unit_id, "title"), Span("   asking the controller …", "muted")), ()])

    @override
    def refetch(self) -> None:
        """See Room."""
        self._histories_due = True
        self.ask_detail(background=False)
        self._ask_events(background=False)
        door, unit_id = self.desk.door, self.unit_id
        self.ask("commands", lambda: door.commands(unit_id), self._commands_arrived)
        self._ask_access(background=False)
        self._ask_updates(background=False)

    def _ask_updates(self, *, background: bool) -> None:
        if self.desk.may("see-releases"):
            door, unit_id = self.desk.door, self.unit_id
            self.ask("updates", lambda: door.unit_updates(unit_id), self._updates_arrived, background=background)

    def _updates_arrived(self, updates: list[RolloutUnitRow]) -> None:
        self._updates = updates
        self._draw()

    def _ask_access(self, *, background: bool) -> None:
        if self.desk.may("see-mandates"):
            door, unit_id = self.desk.door, self.unit_id
            self.ask("access", lambda: door.access(unit_id), self.access_arrived, background=background)

    @override
    def access_arrived(self, access: UnitAccess) -> None:
        """See UnitDeeds."""
        self._access = access
        self._draw()

    @override
    def ask_detail(self, *, background: bool) -> None:
        """See UnitDeeds."""
        door, unit_id = self.desk.door, self.unit_id
        self.ask(
            "detail", lambda: door.unit(unit_id), self._detail_arrived, failed=self._no_detail, background=background
        )

    def _no_detail(self, error: ClientError) -> None:
        """A refusal is shown; without a link the page says so, and asks again by itself."""
        if isinstance(error, Refused) or self._detail is not None:
            self.desk.explain(error)
            return
        words = "   no link: asks again by itself when it is back"
        self._top.show([(Span(" "), Span(self.unit_id, "title"), Span(words, "fair")), ()])
        self.soon_s("detail", RETRY_S, self._refetch_unknown)

    def _refetch_unknown(self) -> None:
        if self._detail is None and self.is_current:
            self.refetch()

    def _ask_events(self, *, background: bool) -> None:
        door, unit_id = self.desk.door, self.unit_id

        async def events() -> tuple[EventPage, EventPage]:
            return await asyncio.gather(
                door.events(unit_id=unit_id, limit=EVENTS_ASKED),
                door.events(unit_id=unit_id, severity="alarm", open_only=True, limit=ALARMS_ASKED),
            )

        self.ask("events", events, self._events_arrived, background=background)

    def _ask_histories(self, hours: int) -> None:
        door, unit_id = self.desk.door, self.unit_id

        async def histories() -> list[History]:
            return await asyncio.gather(*(door.history(unit_id, figure, hours) for figure in SPARKED))

        self.ask("histories", histories, self._histories_arrived)

    @override
    def watching(self) -> Watch:
        """This unit, and events."""
        return Watch(units=[self.unit_id], events=True, summary=True, rollouts=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Its row changed: ask for the whole."""
        if isinstance(item, UnitsChanged) and any(row.unit_id == self.unit_id for row in item.rows):
            self.soon("detail", lambda: self.ask_detail(background=True))
            self.soon("access", lambda: self._ask_access(background=True))
        elif isinstance(item, EventsChanged) and any(event.unit_id == self.unit_id for event in item.events):
            self.soon("events", lambda: self._ask_events(background=True))
        elif isinstance(item, RolloutsChanged):
            self.soon_s("updates", UPDATES_PAUSE_S, lambda: self._ask_updates(background=True))

    @override
    def tick(self) -> None:
        """Ages have grown."""
        self._draw()
        super().tick()

    def on_resize(self) -> None:
        """Lines are made for a width."""
        self._draw()

    def _detail_arrived(self, detail: UnitDetail) -> None:
        self._detail = detail
        self._draw()
        self.refresh_bindings()
        if self._histories_due:
            self._histories_due = False
            self._ask_histories(telling_hours(self.desk.server_clock.now() - detail.joined_at))

    def _histories_arrived(self, histories: list[History]) -> None:
        self._histories = {history.figure: history for history in histories}
        self._draw()

    def _events_arrived(self, pages: tuple[EventPage, EventPage]) -> None:
        self._events, self._alarms = pages
        self._draw()
        self.refresh_bindings()

    def _commands_arrived(self, commands: list[CommandView]) -> None:
        self._commands = commands
        self._draw()

    def _draw(self) -> None:
        if self._detail is None:
            return
        clock = self.desk.server_clock
        when = Moment(clock.now(), clock.utc)
        events = self._events.events if self._events is not None else None
        alarms = self.open_alarms if self._alarms is not None else None
        picture = UnitPicture(
            self._detail, self._histories, events, self._commands, alarms, self._access, self._updates
        )
        top = top_lines(self._detail, when, alarms, self._access)
        self._top.styles.height = len(top) + 1
        self._top.show(top)
        self._page.show(body_lines(picture, when, max(40, self._page.scrollable_size.width)))

    @property
    @override
    def detail(self) -> UnitDetail | None:
        """See UnitDeeds."""
        return self._detail

    @property
    @override
    def open_alarms(self) -> list[EventView]:
        """See UnitDeeds."""
        return self._alarms.events if self._alarms is not None else []
