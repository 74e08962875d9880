"""What rooms with one list have in common: its title, the words for when it is empty, the item under the cursor."""

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.widget import Widget
from typing_extensions import override

from tui.lines import Page
from tui.listing import ItemListing
from tui.paint import Line, Span
from tui.role_words import Reserved, whose
from tui.rooms.room import Room

T = TypeVar("T")


class ListingRoom(Room, Generic[T]):
    """A title line, a list, the words instead of an empty one, and the item under the cursor at length.

    A subclass fills the hooks: `title_line`, `item_line`, `key_of`, `detail_lines`, `instead`. It hands in what came
    with `show_items`, and calls `show_rest` when something else that they tell of has changed.
    """

    CLICKED: ClassVar[str] = "open"
    """What a second click on a line does, when it is offered; empty for nothing."""
    SEEING: ClassVar[Reserved | None] = None
    """What it takes to see the list; who may not is told whose it is."""
    WAITING: ClassVar[str] = "asking the controller …"

    def __init__(self) -> None:
        super().__init__()
        self._is_known = False
        self._title = Page(id="title")
        self._list: ItemListing[T] = ItemListing(self.item_line, self.key_of, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    def title_line(self) -> Line:
        """What is listed, and how much of it; `_is_known` tells whether anything has come yet."""
        raise NotImplementedError

    def item_line(self, item: T, width: int) -> Line:
        """`item` in one line of `width` columns."""
        raise NotImplementedError

    def key_of(self, item: T) -> object:
        """What tells `item` from the others, and stays the same when it changes."""
        raise NotImplementedError

    def detail_lines(self, item: T) -> list[Line]:
        """`item` at length, for the block below the list."""
        raise NotImplementedError

    def instead(self) -> list[Line]:
        """Why the list is empty, once it is known to be."""
        raise NotImplementedError

    def above(self) -> Iterable[Widget]:
        """What stands between title and list."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stands below the item under the cursor."""
        return ()

    def moved(self) -> None:
        """The cursor is on another line, or its line shows something else; the rest has been shown."""

    @override
    def body(self) -> ComposeResult:
        """Title, list or the words instead, the item under the cursor."""
        yield self._title
        yield from self.above()
        yield self._list
        yield self._empty
        yield self._detail
        yield from self.below()

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self.show_rest()

    @property
    def chosen(self) -> T | None:
        """The item under the cursor, None when the list is empty."""
        return self._list.item

    @property
    def may_see(self) -> bool:
        """Whether the person's role allows what the list takes to be seen."""
        return self.SEEING is None or self.desk.may(self.SEEING.permission)

    def show_items(self, items: list[T]) -> None:
        """These are the items, and the room knows them."""
        self._is_known = True
        self._list.show(items)
        self.show_rest()

    def forget(self) -> None:
        """Something else is asked for: show nothing until it has come."""
        self._is_known = False
        self._list.show([])
        self._list.move_to(0)
        self.show_rest()

    def show_rest(self) -> None:
        """Show anew everything but the list."""
        self._show_words()
        self.refresh_bindings()

    def _show_words(self) -> None:
        item = self._list.item
        self._title.show([self.title_line()])
        self._list.display = self._detail.display = item is not None
        self._empty.display = item is None
        if item is not None:
            self._detail.show(self.detail_lines(item))
        else:
            self._empty.show([(), *[(Span("   "), *line) for line in self._why_empty()]])

    def _why_empty(self) -> list[Line]:
        if self.SEEING is not None and not self.may_see:
            return [(Span(f"{whose(self.SEEING)}.", "muted"),)]
        return self.instead() if self._is_known else [(Span(self.WAITING, "muted"),)]

    @override
    def tick(self) -> None:
        """See Room."""
        self._show_words()
        super().tick()

    def on_listing_moved(self) -> None:
        """Another item, or the same one changed."""
        self.show_rest()
        self.moved()

    async def on_listing_opened(self) -> None:
        """A line was clicked again."""
        if self.CLICKED:
            await self.run_action(self.CLICKED)
