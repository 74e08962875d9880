"""What-if: a draft beside what is published, over all of the draft's period."""

from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.rota.book import RotaBook
from tui.paint import Line, Span, joined
from tui.rooms.page_room import PageRoom
from tui.rota_compare import comparison_lines
from tui.rota_draft import Draft
from tui.rota_weighing import Weighed, weigh
from tui.rota_words import period_words
from tui.words import age, plural


class RotaWeighRoom(PageRoom):
    """The page of a comparison; it says how old it is."""

    ROOM = "rota"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "refetch", "judge again"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, shown: RotaBook, draft: Draft) -> None:
        super().__init__()
        self._shown = shown
        self._draft = draft
        self._weighed: Weighed | None = None
        self._at: datetime | None = None

    @override
    def refetch(self) -> None:
        """See Room."""
        door = self.desk.door
        self.ask("weigh", lambda: weigh(door, self._shown, self._draft), self._arrived)

    def action_refetch(self) -> None:
        """Judge both again."""
        self.refetch()

    def _arrived(self, weighed: Weighed) -> None:
        self._weighed, self._at = weighed, self.desk.server_clock.now()
        self.show_page()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        clock, weighed = self.desk.server_clock, self._weighed
        title = (
            Span(" "),
            Span(f"WHAT-IF  {self._shown.rota.rota}", "title"),
        )
        if weighed is None:
            return [joined([title, (Span("judging the whole period …", "muted"),)])]
        book = weighed.book
        given = (Span(plural(self._draft.many_new(book), "turn") + " given"),)
        period = (Span(period_words(book.starts_at, book.ends_at, book.rota.zone)),)
        old = (Span(f"judged {age(self._at, clock.now())} ago", "muted"),)
        return [joined([title, period, given, old]), *comparison_lines(weighed.published, weighed.draft, width)]
