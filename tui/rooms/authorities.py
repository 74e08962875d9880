"""Authorities: what mandates rest on, as an approver recorded it."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.authorities import AuthorityPage, AuthorityView
from tui.authority_asking import authorities_of
from tui.authority_lines import authority_line, detail_lines, heads_line, in_order, matches, owes_statement
from tui.paint import Line, Span, joined, wrap
from tui.role_words import Reserved, whose
from tui.rooms.authority_deeds import AuthorityDeeds
from tui.rooms.filtered import FilteredRoom
from tui.words import number, plural


class AuthoritiesRoom(FilteredRoom[AuthorityView], AuthorityDeeds):
    """The list of authorities."""

    SEEING = Reserved("seeing authorities", "see-mandates")
    HINT = "words in reference, kinds, modalities, state or note"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="all that is recorded of it"),
        Binding("n", "new", "record", tooltip="record an authority that was given elsewhere"),
        Binding("v", "review", "review held", tooltip="record that its review was held"),
        Binding("w", "statement", "statement", tooltip="record that its written statement was made"),
        Binding("e", "renew", "renew", tooltip="record the authority that follows it"),
        Binding("x", "cancel", "cancel", tooltip="end it, and every mandate under it"),
        Binding("slash", "filter", "filter", tooltip="only those with these words"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._page_now: AuthorityPage | None = None

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if self.may_see:
            door = self.desk.door
            self.ask("authorities", lambda: authorities_of(door), self._arrived, background=background)

    def _arrived(self, page: AuthorityPage) -> None:
        self._page_now = page
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._page_now is not None:
            self.show_items(in_order([view for view in self._page_now.rows if matches(view, self.words)]))

    @override
    def key_of(self, item: AuthorityView) -> str:
        """See ListingRoom."""
        return item.authority_id

    @override
    def item_line(self, item: AuthorityView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return authority_line(item, width, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many there are, and how many of them want something."""
        page = self._page_now
        if page is None:
            return (Span(" AUTHORITIES  ", "muted"), Span("…" if self.may_see else "", "strong"))
        holding = sum(view.state == "in-force" for view in page.rows)
        late = sum(view.state == "review-overdue" for view in page.rows)
        owed = sum(owes_statement(view) for view in page.rows)
        many = f"{len(page.rows)} of {number(page.total)} shown" if page.total > len(page.rows) else ""
        return joined(
            [
                (Span(" AUTHORITIES  ", "muted"), Span(number(page.total), "strong")),
                (Span(f"{holding} in force", "good" if holding else "muted"),),
                (Span(f"{late} with a review overdue", "bad"),) if late else (),
                (Span(plural(owed, "statement is owed", "statements are owed"), "fair"),) if owed else (),
                (Span(many, "muted"),) if many else (),
            ]
        )

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        if self.words:
            words = "No authority has these words; esc shows all."
        elif self.desk.may("record-authority"):
            words = "No authority is recorded: press n to record one that was given."
        else:
            words = f"No authority is recorded: {whose(self.RESERVED['new'])}."
        return wrap(words, 70, "muted")

    @override
    def detail_lines(self, item: AuthorityView) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return detail_lines(item, clock.now(), utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the authority under the cursor."""
        typing = self._field.has_focus
        match action:
            case "open":
                return not typing and self.chosen is not None
            case "new" | "review" | "statement" | "renew" | "cancel" | "filter":
                return not typing and self.can(action)
        return True

    async def action_open(self) -> None:
        """All that is recorded of the one under the cursor."""
        view = self.chosen
        if view is not None:
            await self.desk.open_authorities(view.authority_id)

    @override
    def show_changed(self, view: AuthorityView) -> None:
        """See AuthorityDeeds; a new one is under the cursor at once."""
        page = self._page_now
        if page is not None:
            known = [other for other in page.rows if other.authority_id != view.authority_id]
            self._page_now = AuthorityPage(total=page.total, offset=0, rows=[view, *known])
            self.show_first(view)
        self.refetch()
