"""A list of what a search of the log finds."""

from collections.abc import Iterable
from typing import TypeVar

from textual.widget import Widget
from typing_extensions import override

from protocols.api.log import LogQuery
from tui.dialogs.log_query import LogQueryDialog, query_words
from tui.lines import Page
from tui.paint import Line, Span, joined
from tui.rooms.listing_room import ListingRoom

T = TypeVar("T")


class SearchedRoom(ListingRoom[T]):
    """What is looked for stands under the title. Subclasses ask in `read`: each asking is an entry of its own, so it
    is done when the person asks for it, and not on coming back."""

    def __init__(self, query: LogQuery) -> None:
        super().__init__()
        self._query = query
        self._scope = Page(id="scope")

    def read(self) -> None:
        """Ask for what the search finds."""
        raise NotImplementedError

    def narrowed(self) -> list[Line]:
        """What else keeps items from being shown, in a word or two each."""
        return []

    def left_out(self) -> Line:
        """What was found and is not listed, and the key that lists it; nothing when all is."""
        return ()

    @override
    def above(self) -> Iterable[Widget]:
        """What is looked for."""
        return (self._scope,)

    @override
    def show_rest(self) -> None:
        """Also what is looked for."""
        asked = query_words(self._query, utc=self.desk.server_clock.utc)
        parts: list[Line] = [(Span(f"{name} ", "muted"), Span(value, "accent")) for name, value in asked]
        parts += self.narrowed()
        lines = [joined([(Span(" only"),), *parts])] if parts else []
        lines += [(Span(" "), *line) for line in [self.left_out()] if line]
        self._scope.display = bool(lines)
        self._scope.styles.height = len(lines)
        self._scope.show(lines)
        super().show_rest()

    def look_for(self, query: LogQuery) -> None:
        """Show what `query` asks for."""
        self._query = query
        self.forget()
        self.read()

    async def action_search(self) -> None:
        """Ask what to look for."""
        await self.app.push_screen(LogQueryDialog(self._query), self._asked)

    def _asked(self, query: LogQuery | None) -> None:
        if query is not None:
            self.look_for(query)

    def action_again(self) -> None:
        """Read anew."""
        self.read()
