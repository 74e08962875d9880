"""2 Units: the whole fleet, of which the controller is asked only for the rows on the screen."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input
from typing_extensions import override

from fleet.client import ClientError, FeedItem
from protocols.api.feed import MAX_WATCHED, FleetChanged, UnitsChanged, Watch
from protocols.api.units import UnitPage, UnitSort
from tui.clock import ServerClock
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.filters import FiltersDialog
from tui.field import Field
from tui.lines import Page
from tui.paint import Line, Span
from tui.rooms.room import Room
from tui.saved import SavedFilter, SavedFilters
from tui.unit_columns import SORTS
from tui.unit_table import Heads, UnitTable
from tui.window import PageWanted
from tui.words import number, plural

TYPING_PAUSE_S = 0.2
SCROLL_PAUSE_S = 0.08
WATCH_PAUSE_S = 0.25


class UnitsRoom(Room):
    """The unit list with its filter, order and saved filters."""

    ROOM = "units"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("slash", "filter", "filter", tooltip="only units with these words"),
        Binding("s", "sort", "sort", tooltip="sort; the same again turns it round"),
        Binding("f", "saved", "filters", tooltip="saved filters"),
        Binding("r", "refetch", "refresh", tooltip="ask again, in the order of now"),
        Binding("escape", "clear", "all units"),
    ]

    def __init__(self, saved: SavedFilters, server_clock: ServerClock) -> None:
        super().__init__()
        self._saved = saved
        self._table = UnitTable(server_clock, id="list")
        self._heads = Heads(self._table)
        self._sort: UnitSort = "label"
        self._descending = False
        self._title = Page(id="title")
        self._field = Field(hint="words in label, id, model or state; | means or", id="filter")
        self._pauses: dict[str, Timer] = {}

    @override
    def body(self) -> ComposeResult:
        """Title, filter, heads, rows."""
        yield self._title
        yield self._field
        yield self._heads
        yield self._table

    def on_mount(self) -> None:
        """The filter is out of the way until it is asked for."""
        self._field.display = False
        self.set_focus(self._table)
        self._show_title()

    @property
    def filter_text(self) -> str:
        """The words the shown units have in common."""
        return self._field.value.strip()

    def set_filter(self, text: str, sort: UnitSort | None = None, *, descending: bool = False) -> None:
        """Show the units that pass `text`, in another order if one is given."""
        if sort is not None:
            self._sort, self._descending = sort, descending
        with self.prevent(Input.Changed):
            self._field.value = text
        self._field.display = bool(text)
        self._restart()

    @override
    def refetch(self) -> None:
        """See Room."""
        self._table.refresh_rows()

    @override
    def watching(self) -> Watch:
        """The rows on the screen, and no others."""
        return Watch(units=self._table.shown_ids[:MAX_WATCHED], summary=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, UnitsChanged):
            self._table.update(item.rows)
        elif isinstance(item, FleetChanged) and self.desk.is_attended:
            self.soon("fleet", self._table.refresh_rows)

    @override
    def tick(self) -> None:
        """See Room."""
        super().tick()
        self._table.tick()

    def _later(self, what: str, pause_s: float, call: Callable[[], None]) -> None:
        """Call once things have been quiet for `pause_s`."""
        if what in self._pauses:
            self._pauses[what].stop()
        self._pauses[what] = self.set_timer(pause_s, call)

    def on_unit_table_shown(self) -> None:
        """Other rows are on the screen: ask for them, at once when none of them is here."""
        if self._table.shown_ids or self._table.line_count:
            self._later("rows", SCROLL_PAUSE_S, self._ask_for_shown)
        else:
            self._ask_for_shown()
        self._later("watch", WATCH_PAUSE_S, self.desk.update_watch)

    def _ask_for_shown(self) -> None:
        shown = self._table.shown_lines
        for page in self._table.window.wanted(shown.start, max(shown.start, shown.stop - 1)):
            self._ask_for(page)

    def _ask_for(self, page: PageWanted) -> None:
        text, sort, descending = self.filter_text, self._sort, self._descending

        async def rows() -> UnitPage:
            return await self.desk.door.list_units(
                text, sort, descending=descending, offset=page.offset, limit=page.limit
            )

        def arrived(answer: UnitPage) -> None:
            self._table.put(page, answer.total, answer.rows)
            self._show_title()
            self.refresh_bindings()

        def failed(error: ClientError) -> None:
            self._table.window.failed(page)
            self.desk.explain(error)

        self.ask(f"rows {page.offset}", rows, arrived, failed=failed)

    def _restart(self) -> None:
        self._heads.sort, self._heads.descending = self._sort, self._descending
        self._table.restart()
        self._heads.repaint()
        self._show_title()
        self._ask_for_shown()
        self.refresh_bindings()

    def _show_title(self) -> None:
        window, summary = self._table.window, self.desk.summary
        count = number(window.total) if window.is_known else "…"
        line: Line = (Span(" UNITS  ", "muted"), Span(count, "strong"))
        if self.filter_text:
            whole = f" of {number(summary.units)}" if summary is not None else ""
            line = (*line, Span(f"{whole} pass the filter", "muted"))
            if window.is_known and not window.total:
                line = (*line, Span("   no unit has all these words: esc shows all", "fair"))
        elif window.is_known and not window.total:
            line = (*line, Span("   nothing has joined yet: j, then v, invites a unit", "muted"))
        self._title.show([line])

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter as it is typed, once the typing pauses."""
        message.stop()
        self._later("typing", TYPING_PAUSE_S, self._restart)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Keep the filter and go to the rows."""
        message.stop()
        self._leave_field()

    def _leave_field(self) -> None:
        self.set_focus(self._table)
        self._field.display = bool(self.filter_text)

    async def on_listing_opened(self) -> None:
        """A click opens."""
        await self.action_open()

    def on_listing_moved(self) -> None:
        """What can be done depends on the row."""
        self.refresh_bindings()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        typing = self._field.has_focus
        match action:
            case "open":
                return not typing and self._table.unit is not None
            case "clear":
                return typing or bool(self.filter_text)
            case "filter" | "sort" | "saved" | "refetch":
                return not typing
        return True

    async def action_open(self) -> None:
        """Open the unit under the cursor."""
        unit = self._table.unit
        if unit is not None:
            await self.desk.open_unit(unit.unit_id)

    def action_filter(self) -> None:
        """Go to the filter."""
        self._field.display = True
        self.set_focus(self._field)

    def action_clear(self) -> None:
        """Show all units."""
        self.set_filter("")
        self._leave_field()

    def action_refetch(self) -> None:
        """Ask again, in the order of now."""

        def done(_page: UnitPage) -> None:
            self.desk.say(plural(self._table.window.total, "unit") + ", in the order of now", "good")

        self._table.refresh_rows()
        self.do("asking for the units again", lambda: self.desk.door.list_units(self.filter_text, limit=1), done)

    async def action_sort(self) -> None:
        """Choose the order; the same again turns it round."""
        options = [Option(key, text, "", sort) for key, sort, text in SORTS]
        await self.app.push_screen(
            ChoiceDialog("Sort by (the same again turns it round)", options, self._sort), self._sorted
        )

    def _sorted(self, sort: UnitSort | None) -> None:
        if sort is not None:
            self._descending = sort == self._sort and not self._descending
            self._sort = sort
            self._restart()

    async def action_saved(self) -> None:
        """Saved filters: apply, save, remove."""
        here = SavedFilter(name="", text=self.filter_text, sort=self._sort, descending=self._descending)
        await self.app.push_screen(FiltersDialog(self._saved, here), self._saved_chosen)

    def _saved_chosen(self, chosen: SavedFilter | None) -> None:
        if chosen is not None:
            self.set_filter(chosen.text, chosen.sort, descending=chosen.descending)
