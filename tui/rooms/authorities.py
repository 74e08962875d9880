"""Authorities: what mandates rest on, as an approver recorded it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.authorities import AuthorityPage, AuthorityView
from protocols.api.feed import EventsChanged, Watch
from tui.authority_asking import authorities_of
from tui.authority_lines import authority_line, detail_lines, heads_line, in_order, matches, owes_statement
from tui.field import Field
from tui.lines import Page
from tui.listing import ItemListing
from tui.paint import Line, Span, joined, wrap
from tui.role_words import Reserved, whose
from tui.rooms.authority_deeds import AuthorityDeeds
from tui.words import number, plural


class AuthoritiesRoom(AuthorityDeeds):
    """The list of authorities."""

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
        self._title = Page(id="title")
        self._field = Field(hint="words in reference, kinds, modalities, state or note", id="filter")
        self._heads = Page(classes="heads")
        self._list: ItemListing[AuthorityView] = ItemListing(self._draw, lambda view: view.authority_id, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Title, filter, heads, authorities, the one under the cursor."""
        yield self._title
        yield self._field
        yield self._heads
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self._field.display = False
        self.set_focus(self._list)
        self._show_rest()

    def on_resize(self) -> None:
        """The heads stand over their columns."""
        self._heads.show([(Span(" "), *heads_line(max(40, self.size.width - 2)))])

    @property
    @override
    def chosen(self) -> AuthorityView | None:
        """See AuthorityDeeds."""
        return self._list.item

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        if self.desk.may("see-mandates"):
            door = self.desk.door
            self.ask("authorities", lambda: authorities_of(door), self._arrived, background=background)

    def _arrived(self, page: AuthorityPage) -> None:
        self._page_now = page
        self._show_list()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Every change of an authority is an event."""
        if isinstance(item, EventsChanged):
            self.soon("authorities", lambda: self._ask(background=True))

    def _show_list(self) -> None:
        rows = self._page_now.rows if self._page_now is not None else []
        words = self._field.value.strip()
        self._list.show(in_order([view for view in rows if matches(view, words)]))
        self._show_rest()

    def _draw(self, view: AuthorityView, width: int) -> Line:
        clock = self.desk.server_clock
        return authority_line(view, width, clock.now(), utc=clock.utc)

    def _show_rest(self) -> None:
        self._title.show([self._title_line()])
        view = self._list.item
        for widget in (self._list, self._detail, self._heads):
            widget.display = view is not None
        self._empty.display = view is None
        if view is None:
            self._empty.show([(), *[(Span("   "), *line) for line in wrap(self._instead(), 70, "muted")]])
        self._show_detail()
        self.refresh_bindings()

    def _title_line(self) -> Line:
        page = self._page_now
        if page is None:
            return (Span(" AUTHORITIES  ", "muted"), Span("…" if self.desk.may("see-mandates") else "", "strong"))
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

    def _instead(self) -> str:
        if not self.desk.may("see-mandates"):
            return whose(Reserved("seeing authorities", "see-mandates")) + "."
        if self._page_now is None:
            return "asking the controller …"
        if self._field.value.strip():
            return "No authority has these words; esc shows all."
        if self.desk.may("record-authority"):
            return "No authority is recorded: press n to record one that was given."
        return "No authority is recorded: " + whose(self.RESERVED["new"]) + "."

    def _show_detail(self) -> None:
        view, clock = self._list.item, self.desk.server_clock
        if view is not None:
            self._detail.show(detail_lines(view, clock.now(), utc=clock.utc))

    @override
    def tick(self) -> None:
        """See Room."""
        self._show_detail()
        super().tick()

    def on_listing_moved(self) -> None:
        """Another authority."""
        self._show_detail()
        self.refresh_bindings()

    async def on_listing_opened(self) -> None:
        """A click opens."""
        await self.action_open()

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

    def action_filter(self) -> None:
        """Go to the filter."""
        self._field.display = True
        self.set_focus(self._field)
        self.refresh_bindings()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter as it is typed."""
        message.stop()
        self._show_list()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Keep the filter and go to the list."""
        message.stop()
        self._leave_field()

    def _leave_field(self) -> None:
        self._field.display = bool(self._field.value.strip())
        self.set_focus(self._list)
        self.refresh_bindings()

    def action_back(self) -> None:
        """All of them; once they are shown, back."""
        if self._field.has_focus or self._field.value:
            self._field.value = ""
            self._leave_field()
            self._show_list()
        else:
            self.dismiss()

    @override
    def show_changed(self, view: AuthorityView) -> None:
        """See AuthorityDeeds; a new one is under the cursor at once."""
        page = self._page_now
        if page is not None:
            known = [other for other in page.rows if other.authority_id != view.authority_id]
            self._page_now = AuthorityPage(total=page.total, offset=0, rows=[view, *known])
            self._show_list()
            places = [other.authority_id for other in self._list.items]
            if view.authority_id in places:
                self._list.move_to(places.index(view.authority_id))
        self.refetch()
