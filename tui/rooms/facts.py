"""A page of named facts over a list: what did not fit below it."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from tui.log_lines import fact_lines
from tui.paint import Line, Span
from tui.rooms.page_room import PageRoom


class FactsRoom(PageRoom):
    """Scrolled when it is long; `esc` goes back to the list."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, title: str, facts: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._facts = facts

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        return [(Span(f" {self._title}", "strong"),), (), *fact_lines(self._facts, width)]

    @override
    def refetch(self) -> None:
        """Everything is here."""
