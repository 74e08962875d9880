"""One authority: all that is recorded of it."""

from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.authorities import AuthorityView
from tui.authority_lines import authority_facts, standing_line, state_words
from tui.log_lines import fact_lines
from tui.paint import Line, Span
from tui.rooms.authority_deeds import AuthorityDeeds
from tui.rooms.page_room import ViewRoom


class AuthorityRoom(ViewRoom[AuthorityView], AuthorityDeeds):
    """The page of one authority."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "review", "review held", tooltip="record that its review was held"),
        Binding("w", "statement", "statement", tooltip="record that its written statement was made"),
        Binding("e", "renew", "renew", tooltip="record the authority that follows it"),
        Binding("x", "cancel", "cancel", tooltip="end it, and every mandate under it"),
        Binding("escape", "back", "back"),
    ]

    @override
    def fetch(self) -> Awaitable[AuthorityView]:
        """See ViewRoom."""
        return self.desk.door.authority(self._about)

    @override
    def view_lines(self, view: AuthorityView, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        now, utc = clock.now(), clock.utc
        title = (Span(" "), Span(view.reference, "title"), Span("  "), state_words(view, now))
        facts = fact_lines(authority_facts(view, utc=utc), width)
        return [title, standing_line(view, now, utc=utc), (), *facts]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action) if action in {"review", "statement", "renew", "cancel"} else True

    @override
    def show_changed(self, view: AuthorityView) -> None:
        """See AuthorityDeeds."""
        if view.authority_id == self._about:
            self.arrived(view)
        else:
            self.refetch()
