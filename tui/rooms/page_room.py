"""What rooms with one scrolled page have in common."""

from collections.abc import Awaitable
from typing import Generic, TypeVar

from textual.app import ComposeResult
from typing_extensions import override

from tui.lines import Page
from tui.paint import Line, Span
from tui.rooms.room import Room

T = TypeVar("T")
_LEAST_WIDTH = 30


class PageRoom(Room):
    """One page, made anew each second and for every width. Subclasses fill `page_lines`."""

    def __init__(self) -> None:
        super().__init__()
        self._page = Page(id="page")

    def page_lines(self, width: int) -> list[Line]:
        """The page for `width` columns, at least 30."""
        raise NotImplementedError

    @override
    def body(self) -> ComposeResult:
        """One page, scrolled when it is long."""
        self._page.can_focus = True
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        self.set_focus(self._page)
        self.show_page()

    def on_resize(self) -> None:
        """Broken anew for another width."""
        self.show_page()

    def show_page(self) -> None:
        """Show what is known now."""
        self._page.show(self.page_lines(max(_LEAST_WIDTH, self.size.width - 2)))

    @override
    def tick(self) -> None:
        """See Room."""
        self.show_page()
        super().tick()


class ViewRoom(PageRoom, Generic[T]):
    """A page about one thing that the controller is asked for by its id. Subclasses fill `fetch` and `view_lines`."""

    def __init__(self, about: str) -> None:
        super().__init__()
        self._about = about
        self._view: T | None = None

    def fetch(self) -> Awaitable[T]:
        """Ask for it."""
        raise NotImplementedError

    def view_lines(self, view: T, width: int) -> list[Line]:
        """The page about `view`, once it has come."""
        raise NotImplementedError

    @property
    def chosen(self) -> T | None:
        """What the page is about, None until it has come."""
        return self._view

    def ask_anew(self, *, background: bool = False) -> None:
        """Ask for it again; in the `background` when nobody has asked to see it."""
        self.ask("view", self.fetch, self.arrived, background=background)

    def arrived(self, view: T) -> None:
        """This is how it stands."""
        self._view = view
        self.show_page()
        self.refresh_bindings()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        if self._view is None:
            return [(Span(f" {self._about}", "title"), Span("   asking the controller …", "muted"))]
        return self.view_lines(self._view, width)
