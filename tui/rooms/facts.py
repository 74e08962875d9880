"""A page of named facts over a list: what did not fit below it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from tui.lines import Page
from tui.log_lines import fact_lines
from tui.paint import Line, Span
from tui.rooms.room import Room


class FactsRoom(Room):
    """Scrolled when it is long; `esc` goes back to the list."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, title: str, facts: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._facts = facts
        self._page = Page(id="page")

    @override
    def body(self) -> ComposeResult:
        """The facts."""
        self._page.can_focus = True
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        self.set_focus(self._page)

    def on_resize(self) -> None:
        """Broken anew for another width."""
        title: Line = (Span(f" {self._title}", "strong"),)
        self._page.show([title, (), *fact_lines(self._facts, max(30, self.size.width - 2))])

    @override
    def refetch(self) -> None:
        """Everything is here."""

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss()
