"""0 Mandates: what waits for a signature comes first; then what is in force, to come, and over."""

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import EventsChanged, Watch
from protocols.api.mandates import Duty, MandatePage, MandateState, MandateView
from tui.field import Field
from tui.lines import Page
from tui.listing import ItemListing
from tui.mandate_lines import (
    detail_lines,
    heads_line,
    in_order,
    is_kit_out,
    mandate_line,
    matches,
    waits_for,
)
from tui.paint import Line, Span, joined, wrap
from tui.role_words import Reserved, whose
from tui.rooms.mandate_deeds import MandateDeeds
from tui.words import number, plural

AT_ONCE = 200
_SEEN_WHATEVER: tuple[MandateState, ...] = ("draft", "live", "cancelled")
"""Of these the newest are asked for besides, when there are more mandates than are shown at once."""

_All = tuple[int, list[MandateView], list[Duty]]


class MandatesRoom(MandateDeeds):
    """The mandates of all units, or of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="all about it, its exact line, and how to sign far away"),
        Binding("s", "sign", "sign", tooltip="read what its line says, then sign it with your key"),
        Binding("n", "new", "new draft", tooltip="ask for a mandate; two people sign it"),
        Binding("x", "cancel", "cancel", tooltip="end it before its time, or give up a draft"),
        Binding("g", "recovered", "kit is back", tooltip="the unit of a cancelled mandate is back"),
        Binding("a", "authorities", "authorities", tooltip="what mandates rest on"),
        Binding("slash", "filter", "filter", tooltip="only those with these words"),
        Binding("p", "paste", "paste signature", show=False),
        Binding("u", "unit", "unit", show=False),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, unit_id: str | None = None) -> None:
        super().__init__()
        self._unit_id = unit_id
        self._views: list[MandateView] | None = None
        self._total = 0
        self._title = Page(id="title")
        self._field = Field(hint="words in id, unit, kind, purpose, people or state", id="filter")
        self._heads = Page(classes="heads")
        self._list: ItemListing[MandateView] = ItemListing(self._draw, lambda view: view.mandate_id, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Title, filter, heads, mandates, the one under the cursor."""
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
    def chosen(self) -> MandateView | None:
        """See MandateDeeds."""
        return self._list.item

    @property
    @override
    def unit_known(self) -> str:
        """See MandateDeeds."""
        return self._unit_id or ""

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        if self.desk.may("see-mandates"):
            self.ask("mandates", self._load, self._arrived, background=background)

    async def _load(self) -> _All:
        """The newest; when there are more, also those that want somebody, however old they are."""
        door, unit_id = self.desk.door, self._unit_id
        page, duties = await asyncio.gather(door.mandates(unit_id, limit=AT_ONCE), door.duties())
        found = {view.mandate_id: view for view in page.rows}
        if page.total > len(page.rows):
            asked = [door.mandates(unit_id, state=state, limit=AT_ONCE) for state in _SEEN_WHATEVER]
            more: list[MandatePage] = await asyncio.gather(door.mandates(unit_id, mine=True, limit=AT_ONCE), *asked)
            found |= {view.mandate_id: view for other in more for view in other.rows}
        return page.total, list(found.values()), duties

    def _arrived(self, answer: _All) -> None:
        self._total, self._views, duties = answer
        self.desk.take_duties(duties)
        self._show_list()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Every change of a mandate is an event."""
        if isinstance(item, EventsChanged):
            self.soon("mandates", lambda: self._ask(background=True))

    def _show_list(self) -> None:
        words = self._field.value.strip()
        shown = [view for view in self._views or [] if matches(view, words, self.me)]
        self._list.show(in_order(shown, self.me))
        self._show_rest()

    def _draw(self, view: MandateView, width: int) -> Line:
        clock = self.desk.server_clock
        return mandate_line(view, width, clock.now(), self.me, utc=clock.utc)

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
        name = f" MANDATES OF {self._unit_id}  " if self._unit_id else " MANDATES  "
        if self._views is None:
            return (Span(name, "muted"), Span("…" if self.desk.may("see-mandates") else "", "strong"))
        mine = sum(waits_for(view, self.me) for view in self._views)
        live = sum(view.state == "live" for view in self._views)
        out = sum(is_kit_out(view) for view in self._views)
        many = f"{len(self._views)} of {number(self._total)} shown" if self._total > len(self._views) else ""
        return joined(
            [
                (Span(name, "muted"), Span(number(self._total), "strong")),
                (Span(f"{mine} {'waits' if mine == 1 else 'wait'} for you to sign", "fair"),) if mine else (),
                (Span(f"{live} live", "good" if live else "muted"),),
                (Span(plural(out, "kit is out", "kits are out"), "bad"),) if out else (),
                (Span(many, "muted"),) if many else (),
            ]
        )

    def _instead(self) -> str:
        if not self.desk.may("see-mandates"):
            return whose(Reserved("seeing mandates", "see-mandates")) + "."
        if self._views is None:
            return "asking the controller …"
        if self._field.value.strip():
            return "No mandate has these words; esc shows all."
        if self.desk.may("draft-mandate"):
            return "There is no mandate: press n to draft one, and nothing opens until two people have signed it."
        return "There is no mandate."

    def _show_detail(self) -> None:
        view = self._list.item
        if view is None:
            return
        clock = self.desk.server_clock
        lines = detail_lines(view, clock.now(), self.me, utc=clock.utc)
        trouble = self.trouble(view)
        if trouble is not None:
            said = f"not to be signed: {trouble.message} ({trouble.code}); {trouble.remedy}"
            lines = [*lines[:2], *[(Span(" "), *line) for line in wrap(said, max(40, self.size.width - 3), "bad")]]
        self._detail.show(lines)

    @override
    def tick(self) -> None:
        """See Room."""
        self._show_detail()
        super().tick()

    def on_listing_moved(self) -> None:
        """Another mandate."""
        self._show_detail()
        self.refresh_bindings()

    async def on_listing_opened(self) -> None:
        """A click opens."""
        await self.action_open()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the mandate under the cursor."""
        typing = self._field.has_focus
        match action:
            case "back":
                return self._unit_id is not None or typing or bool(self._field.value)
            case "open":
                return not typing and self.chosen is not None and self.allows(action)
            case "sign" | "paste" | "cancel" | "recovered" | "unit" | "new" | "authorities" | "filter":
                return not typing and self.can(action)
        return True

    async def action_open(self) -> None:
        """All about the mandate under the cursor."""
        view = self.chosen
        if view is not None:
            await self.desk.open_mandate(view.mandate_id)

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
        """All of them; once they are shown, back to the unit."""
        if self._field.has_focus or self._field.value:
            self._field.value = ""
            self._leave_field()
            self._show_list()
        elif self._unit_id is not None:
            self.dismiss()

    @override
    def show_changed(self, view: MandateView) -> None:
        """See MandateDeeds; a new draft is under the cursor at once."""
        known = [other for other in self._views or [] if other.mandate_id != view.mandate_id]
        self._views = [view, *known]
        self._show_list()
        places = [other.mandate_id for other in self._list.items]
        if view.mandate_id in places:
            self._list.move_to(places.index(view.mandate_id))
        self.refetch()
