"""0 Mandates: what waits for a signature comes first; then what is in force, to come, and over."""

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.duties import Duty
from protocols.api.mandates import MandatePage, MandateState, MandateView
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
from tui.role_words import Reserved
from tui.rooms.filtered import FilteredRoom
from tui.rooms.mandate_deeds import MandateDeeds
from tui.words import number, plural

AT_ONCE = 200
_SEEN_WHATEVER: tuple[MandateState, ...] = ("draft", "live", "cancelled")
"""Of these the newest are asked for besides, when there are more mandates than are shown at once."""

_All = tuple[int, list[MandateView], list[Duty]]


class MandatesRoom(FilteredRoom[MandateView], MandateDeeds):
    """The mandates of all units, or of one."""

    SEEING = Reserved("seeing mandates", "see-mandates")
    HINT = "words in id, unit, kind, purpose, people or state"
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

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return heads_line(width)

    @property
    @override
    def unit_known(self) -> str:
        """See MandateDeeds."""
        return self._unit_id or ""

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if self.may_see:
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
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        if self._views is not None:
            shown = [view for view in self._views if matches(view, self.words, self.me)]
            self.show_items(in_order(shown, self.me))

    @override
    def key_of(self, item: MandateView) -> str:
        """See ListingRoom."""
        return item.mandate_id

    @override
    def item_line(self, item: MandateView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return mandate_line(item, width, clock.now(), self.me, utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many there are, and how many of them want something."""
        name = f" MANDATES OF {self._unit_id}  " if self._unit_id else " MANDATES  "
        if self._views is None:
            return (Span(name, "muted"), Span("…" if self.may_see else "", "strong"))
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

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        words = "There is no mandate."
        if self.words:
            words = "No mandate has these words; esc shows all."
        elif self.desk.may("draft-mandate"):
            words = "There is no mandate: press n to draft one, and nothing opens until two people have signed it."
        return wrap(words, 70, "muted")

    @override
    def detail_lines(self, item: MandateView) -> list[Line]:
        """See ListingRoom; of one that is not to be signed, why not."""
        clock = self.desk.server_clock
        lines = detail_lines(item, clock.now(), self.me, utc=clock.utc)
        trouble = self.trouble(item)
        if trouble is None:
            return lines
        said = f"not to be signed: {trouble.message} ({trouble.code}); {trouble.remedy}"
        return [*lines[:2], *[(Span(" "), *line) for line in wrap(said, max(40, self.size.width - 3), "bad")]]

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

    @override
    def leave(self) -> None:
        """Back to the unit, when they are one unit's."""
        if self._unit_id is not None:
            self.dismiss()

    @override
    def show_changed(self, view: MandateView) -> None:
        """See MandateDeeds; a new draft is under the cursor at once."""
        known = [other for other in self._views or [] if other.mandate_id != view.mandate_id]
        self._views = [view, *known]
        self.show_first(view)
        self.refetch()
