"""7 Log: what happened to kit, people and authorisations, as an inspector can prove it. Reading it is an entry too."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import EntryPage, EntryView, LogQuery, LogStatus
from tui.log_lines import entry_facts, entry_line, fact_lines, status_line
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.entry import EntryRoom
from tui.rooms.error_reports import ErrorReportsRoom
from tui.rooms.openings import OpeningsRoom
from tui.rooms.searched import SearchedRoom

PAGE_ENTRIES = 200
MAX_ENTRIES = 5000
ASK_MORE_WITHIN = 30
_READING = Reserved("reading the log", "read-log")


class LogRoom(SearchedRoom[EntryView]):
    """Entries, newest first; they are asked for when the person asks, since each asking is an entry."""

    ROOM = "log"
    SEEING = _READING
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

    def __init__(self, query: LogQuery | None = None) -> None:
        super().__init__(query or LogQuery())
        self._status: LogStatus | None = None
        self._next_before: int | None = None

    @override
    def refetch(self) -> None:
        """Ask how the log stands; entries only the first time, since coming back is no new reading."""
        self.ask("log status", self.desk.door.log_status, self._status_arrived)
        if not self._is_known:
            self.read()

    @override
    def read(self) -> None:
        """See SearchedRoom."""
        if self.may_see:
            query = self._query
            self.ask("entries", lambda: self._page(query, None), self._arrived)

    async def _page(self, query: LogQuery, before: int | None) -> EntryPage:
        return await self.desk.door.log_entries(query, before=before, limit=PAGE_ENTRIES)

    def _status_arrived(self, status: LogStatus) -> None:
        self._status = status
        self.show_rest()

    def _arrived(self, page: EntryPage) -> None:
        self._next_before = page.next_before
        self.show_items(page.entries)

    def _more_arrived(self, page: EntryPage) -> None:
        self._next_before = page.next_before if len(self._list.items) < MAX_ENTRIES else None
        self.show_items([*self._list.items, *page.entries])

    @override
    def key_of(self, item: EntryView) -> int:
        """See ListingRoom."""
        return item.index

    @override
    def item_line(self, item: EntryView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return entry_line(item, width, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How the log stands."""
        if self._status is None:
            return (Span(" LOG  ", "muted"), Span("…", "strong"))
        return status_line(self._status, self.desk.server_clock.now())

    @override
    def detail_lines(self, item: EntryView) -> list[Line]:
        """See ListingRoom."""
        facts = entry_facts(item, utc=self.desk.server_clock.utc)
        return fact_lines(facts, max(30, self.size.width - 1))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("no such entry", "muted"),)]

    @override
    def moved(self) -> None:
        """Another entry is read from its beginning; near the end, older ones are asked for."""
        self._detail.scroll_home(animate=False)
        near_end = self._list.cursor >= len(self._list.items) - ASK_MORE_WITHIN
        if near_end and self._next_before is not None:
            before, self._next_before = self._next_before, None
            query = self._query
            self.ask("older", lambda: self._page(query, before), self._more_arrived)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the role allows and there is something to do for."""
        if not self.allows(action):
            return False
        match action:
            case "open":
                return self.chosen is not None
            case "clear":
                return self._query != LogQuery()
        return True

    @override
    def look_for(self, query: LogQuery) -> None:
        """See SearchedRoom."""
        self._next_before = None
        super().look_for(query)

    async def action_open(self) -> None:
        """Show the whole entry."""
        entry = self.chosen
        if entry is not None:
            await self.app.push_screen(EntryRoom(entry))

    def action_clear(self) -> None:
        """Everything again."""
        self.look_for(LogQuery())

    @override
    def action_again(self) -> None:
        """Read what is new."""
        super().action_again()
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
        super().__init__(LogQuery(unit=unit_id))
