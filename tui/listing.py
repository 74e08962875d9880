"""A list with a cursor."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from typing_extensions import override

from tui.lines import LineView
from tui.paint import EMPTY, Line, Span, cut

T = TypeVar("T")

MARK = "▸"


class Listing(LineView, can_focus=True):
    """Lines to choose from: the cursor is on line `cursor`, marked `▸` as well as by colour.

    A subclass gives `row`; column 0 is the list's own.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("home", "end_of_list(0)", "first", show=False),
        Binding("end", "end_of_list(1)", "last", show=False),
    ]

    class Moved(Message):
        """The cursor of `listing` is on another line, or its line shows something else."""

        def __init__(self, listing: "Listing") -> None:
            super().__init__()
            self.listing = listing

        @property
        def control(self) -> "Listing":
            """The list."""
            return self.listing

    class Opened(Moved):
        """The line under the cursor was clicked again."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self.cursor = 0

    def row(self, index: int, width: int) -> Line:
        """What line `index` says, for `width` columns."""
        raise NotImplementedError

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        mark = Span(MARK if self.is_cursor(index) else " ", "accent")
        return (mark, *cut(self.row(index, width - 1), width - 1)) if width > 1 else EMPTY

    @override
    def set_line_count(self, count: int) -> None:
        """There are now `count` lines; the cursor stays on one of them."""
        super().set_line_count(count)
        self.cursor = max(0, min(self.cursor, count - 1))

    def move_to(self, index: int) -> None:
        """Put the cursor on line `index`, or the nearest there is, and bring it into view."""
        target = max(0, min(index, self.line_count - 1))
        if target != self.cursor:
            before, self.cursor = self.cursor, target
            self.repaint_line(before)
            self.repaint_line(target)
        self.scroll_to_cursor()
        self.post_message(self.Moved(self))

    def scroll_to_cursor(self) -> None:
        """Scroll by as little as brings the cursor into view."""
        top, height = self.scroll_offset.y, max(1, self.scrollable_size.height)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    def action_move(self, by: int) -> None:
        """Move the cursor by some lines."""
        self.move_to(self.cursor + by)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self.move_to(self.cursor + direction * max(1, self.scrollable_size.height - 1))

    def action_end_of_list(self, last: int) -> None:
        """Move the cursor to the first or the last line."""
        self.move_to(self.line_count - 1 if last else 0)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.scroll_to_cursor()

    def on_click(self, event: Click) -> None:
        """Click to choose, click again to open."""
        index = event.y + self.scroll_offset.y
        if index >= self.line_count:
            return
        if index == self.cursor:
            self.post_message(self.Opened(self))
        else:
            self.move_to(index)


class ItemListing(Listing, Generic[T]):
    """A list whose items are all here. `draw` says one for a width, `key_of` tells which is which."""

    def __init__(
        self,
        draw: Callable[[T, int], Line],
        key_of: Callable[[T], object],
        *,
        id: str | None = None,  # noqa: A002  Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._draw = draw
        self._key_of = key_of
        self.items: list[T] = []

    @property
    def item(self) -> T | None:
        """The item under the cursor, None when the list is empty."""
        return self.items[self.cursor] if self.items else None

    def show(self, items: list[T]) -> None:
        """Show `items`; the cursor stays on the item with the same key, at the same height of the screen."""
        chosen, above = self.item, self.cursor - self.scroll_offset.y
        before = [self._key_of(item) for item in self.items]
        after = [self._key_of(item) for item in items]
        self.items = items
        if after == before:
            self.repaint()
        else:
            self.set_line_count(len(items))
            if chosen is not None and self._key_of(chosen) in after:
                self.cursor = after.index(self._key_of(chosen))
                self.scroll_to(y=max(0, self.cursor - above), animate=False)
            self.refresh()
        self.post_message(self.Moved(self))

    @override
    def row(self, index: int, width: int) -> Line:
        """See Listing."""
        return self._draw(self.items[index], width)
