"""One authority: all that is recorded of it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.authorities import AuthorityView
from protocols.api.feed import EventsChanged, Watch
from tui.authority_lines import authority_facts, standing_line, state_words
from tui.lines import Page
from tui.log_lines import fact_lines
from tui.paint import Span
from tui.rooms.authority_deeds import AuthorityDeeds


class AuthorityRoom(AuthorityDeeds):
    """The page of one authority."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "review", "review held", tooltip="record that its review was held"),
        Binding("w", "statement", "statement", tooltip="record that its written statement was made"),
        Binding("e", "renew", "renew", tooltip="record the authority that follows it"),
        Binding("x", "cancel", "cancel", tooltip="end it, and every mandate under it"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, authority_id: str) -> None:
        super().__init__()
        self._authority_id = authority_id
        self._view: AuthorityView | None = None
        self._page = Page(id="page")

    @override
    def body(self) -> ComposeResult:
        """One page, scrolled."""
        self._page.can_focus = True
        yield self._page

    def on_mount(self) -> None:
        """Say which is coming."""
        self.set_focus(self._page)
        self._page.show([(Span(f" {self._authority_id}", "title"), Span("   asking the controller …", "muted"))])

    @property
    @override
    def chosen(self) -> AuthorityView | None:
        """See AuthorityDeeds."""
        return self._view

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        door, authority_id = self.desk.door, self._authority_id
        self.ask("authority", lambda: door.authority(authority_id), self._arrived, background=background)

    def _arrived(self, view: AuthorityView) -> None:
        self._view = view
        self._draw()
        self.refresh_bindings()

    def _draw(self) -> None:
        view = self._view
        if view is not None:
            clock = self.desk.server_clock
            now, utc = clock.now(), clock.utc
            state = state_words(view, now)
            facts = fact_lines(authority_facts(view, utc=utc), max(40, self.size.width - 2))
            title = (Span(" "), Span(view.reference, "title"), Span("  "), state)
            self._page.show([title, standing_line(view, now, utc=utc), (), *facts])

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Every change of an authority is an event."""
        if isinstance(item, EventsChanged):
            self.soon("authority", lambda: self._ask(background=True))

    @override
    def tick(self) -> None:
        """See Room."""
        self._draw()
        super().tick()

    def on_resize(self) -> None:
        """Broken anew for another width."""
        self._draw()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action) if action in {"review", "statement", "renew", "cancel"} else True

    @override
    def show_changed(self, view: AuthorityView) -> None:
        """See AuthorityDeeds."""
        if view.authority_id == self._authority_id:
            self._arrived(view)
        else:
            self.refetch()

    def action_back(self) -> None:
        """Back to where it was opened."""
        self.dismiss()
