"""7 Log: what happened to kit, people and authorisations, as an inspector can prove it. Reading it is an entry too."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import EntryPage, EntryView, LogQuery, LogStatus
from tui.dialogs.log_query import LogQueryDialog, query_words
from tui.lines import Page
from tui.listing import ItemListing
from tui.log_lines import entry_facts, entry_line, fact_lines, status_line
from tui.paint import Line, Span, joined
from tui.role_words import Reserved, whose
from tui.rooms.entry import EntryRoom
from tui.rooms.error_reports import ErrorReportsRoom
from tui.rooms.openings import OpeningsRoom
from tui.rooms.room import Room

PAGE_ENTRIES = 200
MAX_ENTRIES = 5000
ASK_MORE_WITHIN = 30
_READING = Reserved("reading the log", "read-log")


class LogRoom(Room):
    """Entries, newest first; they are asked for when the person asks, since each asking is an entry."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="the whole entry, and its proof"),
        Binding("slash", "search", "search", tooltip="by unit, person, authority, kind, period"),
        Binding("o", "openings", "openings", tooltip="who opened what, when, under which authority"),
        Binding("e", "errors", "error reports"),
        Binding("r", "again", "read again"),
        Binding("escape", "clear", "all"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "open": _READING,
        "search": _READING,
        "openings": _READING,
        "again": _READING,
        "errors": Reserved("reading error reports", "see-error-reports"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._query = LogQuery()
        self._status: LogStatus | None = None
        self._next_before: int | None = None
        self._is_known = False
        self._title = Page(id="title")
        self._scope = Page(id="scope")
        self._list: ItemListing[EntryView] = ItemListing(self._draw, lambda entry: entry.index, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """How the log stands, what is looked for, entries, the one under the cursor."""
        yield self._title
        yield self._scope
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._show_rest()

    @override
    def refetch(self) -> None:
        """Ask how the log stands; entries only the first time, since coming back is no new reading."""
        self.ask("log status", self.desk.door.log_status, self._status_arrived)
        if not self._is_known:
            self._read()

    def _read(self) -> None:
        if self.allows("again"):
            query = self._query
            self.ask("entries", lambda: self._page(query, None), self._arrived)

    async def _page(self, query: LogQuery, before: int | None) -> EntryPage:
        return await self.desk.door.log_entries(query, before=before, limit=PAGE_ENTRIES)

    def _status_arrived(self, status: LogStatus) -> None:
        self._status = status
        self._show_rest()

    def _arrived(self, page: EntryPage) -> None:
        self._is_known = True
        self._next_before = page.next_before
        self._list.show(page.entries)
        self._show_rest()

    def _more_arrived(self, page: EntryPage) -> None:
        self._next_before = page.next_before if len(self._list.items) < MAX_ENTRIES else None
        self._list.show([*self._list.items, *page.entries])
        self._show_rest()

    def _draw(self, entry: EntryView, width: int) -> Line:
        clock = self.desk.server_clock
        return entry_line(entry, width, clock.now(), utc=clock.utc)

    @override
    def tick(self) -> None:
        """The age of the last cosignature grows."""
        super().tick()
        self._show_title()

    def _show_title(self) -> None:
        waiting: Line = (Span(" LOG  ", "muted"), Span("…", "strong"))
        now = self.desk.server_clock.now()
        self._title.show([waiting if self._status is None else status_line(self._status, now)])

    def _show_rest(self) -> None:
        self._show_title()
        asked = query_words(self._query, utc=self.desk.server_clock.utc)
        parts: list[Line] = [(Span(f"{name} ", "muted"), Span(value, "accent")) for name, value in asked]
        self._scope.display = bool(asked)
        self._scope.show([joined([(Span(" only"),), *parts])])
        count = len(self._list.items)
        self._list.display = count > 0
        self._empty.display = count == 0
        self._empty.show([(), (Span(f"   {self._instead()}", "muted"),)])
        entry = self._list.item
        self._detail.display = entry is not None
        if entry is not None:
            utc = self.desk.server_clock.utc
            self._detail.show(fact_lines(entry_facts(entry, utc=utc), max(30, self.size.width - 1)))
            self._detail.scroll_home(animate=False)
        self.refresh_bindings()

    def _instead(self) -> str:
        if not self.allows("again"):
            return whose(_READING)
        return "no such entry" if self._is_known else "asking the controller …"

    def on_listing_moved(self) -> None:
        """Another entry; near the end, older ones are asked for."""
        self._show_rest()
        near_end = self._list.cursor >= len(self._list.items) - ASK_MORE_WITHIN
        if near_end and self._next_before is not None:
            before, self._next_before = self._next_before, None
            query = self._query
            self.ask("older", lambda: self._page(query, before), self._more_arrived)

    async def on_listing_opened(self) -> None:
        """A click opens the entry."""
        await self.action_open()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the role allows and there is something to do for."""
        if not self.allows(action):
            return False
        match action:
            case "open":
                return self._list.item is not None
            case "clear":
                return self._query != LogQuery()
        return True

    def look_for(self, query: LogQuery) -> None:
        """Show what `query` asks for."""
        self._query = query
        self._is_known = False
        self._next_before = None
        self._list.show([])
        self._list.move_to(0)
        self._show_rest()
        self._read()

    async def action_open(self) -> None:
        """Show the whole entry."""
        entry = self._list.item
        if entry is not None:
            await self.app.push_screen(EntryRoom(entry))

    async def action_search(self) -> None:
        """Ask what to look for."""
        await self.app.push_screen(LogQueryDialog(self._query), self._asked)

    def _asked(self, query: LogQuery | None) -> None:
        if query is not None:
            self.look_for(query)

    def action_clear(self) -> None:
        """Everything again."""
        self.look_for(LogQuery())

    def action_again(self) -> None:
        """Read what is new."""
        self._read()
        self.ask("log status", self.desk.door.log_status, self._status_arrived)

    async def action_openings(self) -> None:
        """Who opened what, within what is looked for."""
        await self.app.push_screen(OpeningsRoom(self._query))

    async def action_errors(self) -> None:
        """Error reports."""
        await self.app.push_screen(ErrorReportsRoom())


class UnitLogRoom(LogRoom):
    """The entries of the unit whose page is below; `esc` goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, unit_id: str) -> None:
        super().__init__()
        self._query = LogQuery(unit=unit_id)

    def action_back(self) -> None:
        """Back to the unit."""
        self.dismiss()
