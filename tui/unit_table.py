"""The unit list: as many units as there are, of which only the pages on the screen are here."""

from textual.message import Message
from typing_extensions import override

from protocols.api.units import UnitRow, UnitSort
from tui.clock import ServerClock
from tui.lines import LineView
from tui.listing import Listing
from tui.paint import Line, Span
from tui.unit_columns import Column, columns_for, head_line, row_line
from tui.window import PageWanted, RowWindow

PAGE_ROWS = 100
AGE_STEP_S = 5.0
"""How often the ages in the list grow."""


class UnitTable(Listing):
    """Draws rows out of a RowWindow. It asks for pages with `Shown`, and keeps the unit under the cursor where it is
    on the screen when a refresh has moved it."""

    class Shown(Message):
        """Other lines are on the screen now."""

    def __init__(self, server_clock: ServerClock, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self.window: RowWindow[UnitRow] = RowWindow(PAGE_ROWS)
        self._clock = server_clock
        self._now = server_clock.now()
        self._columns: list[Column] = []
        self._columns_width = 0
        self._anchor: str | None = None

    @property
    def unit(self) -> UnitRow | None:
        """The unit under the cursor, None when it is not here."""
        return self.window.row(self.cursor) if self.line_count else None

    @property
    def shown_ids(self) -> list[str]:
        """The units on the screen."""
        rows = (self.window.row(index) for index in self.shown_lines)
        return [row.unit_id for row in rows if row is not None]

    def restart(self) -> None:
        """Another query: start again at the top."""
        self._anchor = None
        self.window.restart()
        self.set_line_count(0)
        self.cursor = 0
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def refresh_rows(self) -> None:
        """The fleet changed: ask again for what is shown, without moving what the person looks at."""
        unit = self.unit
        self._anchor = unit.unit_id if unit is not None else None
        self.window.refresh()
        self.post_message(self.Shown())

    @override
    def move_to(self, index: int) -> None:
        """See Listing. A person who moves while the fleet is asked for again is not brought back."""
        self._anchor = None
        super().move_to(index)

    def put(self, page: PageWanted, total: int, rows: list[UnitRow]) -> None:
        """Take in an answer."""
        if not self.window.put(page, total, rows):
            return
        if total != self.line_count:
            self.set_line_count(total)
        self._keep_in_place()
        self._now = self._clock.now()
        self.refresh()
        self.post_message(self.Moved(self))
        self.post_message(self.Shown())

    def update(self, rows: list[UnitRow]) -> None:
        """Units changed: their cells, where they stand."""
        for row in rows:
            self.window.update(row)
        self.repaint()

    def tick(self) -> None:
        """Ages have grown; here by steps, because every line of them crosses the link."""
        if (self._clock.now() - self._now).total_seconds() >= AGE_STEP_S:
            self._now = self._clock.now()
            self.repaint()

    @override
    def row(self, index: int, width: int) -> Line:
        """See Listing."""
        return row_line(self.window.row(index), self._columns_for(width), self._now)

    def head(self, sort: UnitSort, *, descending: bool) -> Line:
        """The heads above the columns."""
        return (Span(" "), *head_line(self._columns_for(self.scrollable_size.width - 1), sort, descending=descending))

    def _columns_for(self, width: int) -> list[Column]:
        if not self._columns or self._columns_width != width:
            self._columns, self._columns_width = columns_for(width), width
        return self._columns

    def _keep_in_place(self) -> None:
        """Move the cursor to where its unit now stands, and scroll by as much, so that it stays on its screen line."""
        index = self.window.index_of(self._anchor) if self._anchor is not None else None
        if index is None:
            return
        self._anchor = None
        by = index - self.cursor
        if by:
            self.cursor = index
            self.scroll_to(y=max(0, self.scroll_offset.y + by), animate=False)

    @override
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other lines are shown."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Shown())

    def on_resize(self) -> None:
        """Columns and lines changed."""
        super().on_resize()
        self.post_message(self.Shown())


class Heads(LineView):
    """The one line of column heads."""

    def __init__(self, table: UnitTable) -> None:
        super().__init__(classes="heads")
        self._table = table
        self.sort: UnitSort = "label"
        self.descending = False

    def on_mount(self) -> None:
        """One line."""
        self.set_line_count(1)

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        return self._table.head(self.sort, descending=self.descending)
