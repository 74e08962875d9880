"""A rota's call-outs, those that are not over first; and the page of one, with what the rules say after it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.call_outs import CallOutRecorded, CallOutView
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding
from protocols.rota.model import Rota
from tui.paint import Line, Span, joined, wrap
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import PageRoom
from tui.rooms.rota_call_out_deeds import CallOutDeeds
from tui.rota_call_out_lines import (
    call_out_detail,
    call_out_line,
    call_out_page,
    call_outs_in_order,
    findings_of,
    is_open,
)

AT_ONCE = 200
_LOOK_AFTER = timedelta(days=14)
"""How far ahead the controller looks for what a call-out breaks."""
_KEYS: tuple[BindingType, ...] = (
    Binding("b", "returned", "back now", tooltip="they are back at home now; B asks when they were"),
    Binding("B", "returned_at", "back at", tooltip="when were they back?"),
    Binding("x", "withdraw", "withdraw", tooltip="it was recorded wrongly"),
    Binding("R", "rest", "plan rest", tooltip="give compensatory rest"),
    Binding("escape", "back", "back"),
)
_ACTIONS = frozenset({"record", "returned", "returned_at", "withdraw", "rest"})


class RotaCallOutsRoom(ListingRoom[CallOutView], CallOutDeeds):
    """The call-outs of one rota: one's own, and everybody's for those who see working time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="what the rules say after it"),
        Binding("n", "record", "record", tooltip="somebody on call was called out"),
        *_KEYS,
    ]

    def __init__(self, rota: Rota) -> None:
        super().__init__()
        self._rota = rota

    @property
    @override
    def rota(self) -> Rota:
        """See CallOutDeeds."""
        return self._rota

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        door = self.desk.door
        self.ask(
            "call-outs",
            lambda: door.call_outs(rota=self._rota.rota, limit=AT_ONCE),
            lambda views: self.show_items(call_outs_in_order(views)),
            background=background,
        )

    @override
    def show_changed(self, view: CallOutView) -> None:
        """See DeedsRoom."""
        known = [one for one in self._list.items if one.call_out != view.call_out]
        self.show_items(call_outs_in_order([view, *known]))
        self.refetch()

    @override
    def show_recorded(self, recorded: CallOutRecorded) -> None:
        """See CallOutDeeds: its page says the rest."""
        self.show_changed(recorded.call_out)
        self.app.push_screen(RotaCallOutRoom(self._rota, recorded.call_out, recorded.findings))

    @override
    def key_of(self, item: CallOutView) -> str:
        """See ListingRoom."""
        return item.call_out

    @override
    def item_line(self, item: CallOutView, width: int) -> Line:
        """See ListingRoom."""
        return call_out_line(item, width, self.sight)

    @override
    def detail_lines(self, item: CallOutView) -> list[Line]:
        """See ListingRoom."""
        return call_out_detail(item, self.sight, may_end=self.may_keep(item) and self.allows("returned"))

    @override
    def title_line(self) -> Line:
        """How many are out now."""
        whose = "" if self.desk.may("see-working-time") else "YOUR "
        name = (Span(f" {whose}CALL-OUTS ON {self._rota.rota}", "title"),)
        if not self._is_known:
            return name
        out = [one.person for one in self._list.items if is_open(one)]
        told = (Span(f" {', '.join(out)} OUT ", "loud"),) if out else (Span("nobody is out", "muted"),)
        return joined([name, told])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        words = "No call-out is recorded."
        if self.allows("record"):
            words += " n records one: a call-out is working time from leaving home to the return there."
        return wrap(words, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the call-out under the cursor."""
        if action in _ACTIONS:
            return self.can(action)
        return self.chosen is not None if action == "open" else True

    async def action_open(self) -> None:
        """What the rules say after it."""
        if self.chosen is not None:
            await self.app.push_screen(RotaCallOutRoom(self._rota, self.chosen))


class RotaCallOutRoom(PageRoom, CallOutDeeds):
    """The page of one call-out. `findings` are those with which the controller answered, where it was just recorded;
    otherwise the rules are asked here."""

    BINDINGS: ClassVar[list[BindingType]] = [*_KEYS]

    def __init__(self, rota: Rota, view: CallOutView, findings: Sequence[Finding] | None = None) -> None:
        super().__init__()
        self._rota = rota
        self._view = view
        self._findings = findings

    @property
    @override
    def rota(self) -> Rota:
        """See CallOutDeeds."""
        return self._rota

    @property
    @override
    def chosen(self) -> CallOutView:
        """See DeedsRoom."""
        return self._view

    @property
    @override
    def findings(self) -> Sequence[Finding]:
        """See CallOutDeeds."""
        return self._findings or ()

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom: the call-out as it stands, and the book after it."""
        self.ask("call-out", self._load, self._arrived, background=background)

    async def _load(self) -> tuple[CallOutView, RotaBook]:
        door, view = self.desk.door, self._view
        found = await door.call_outs(
            rota=view.rota, person=view.person, since=view.left_home_at, until=view.left_home_at + timedelta(seconds=1)
        )
        now = next((one for one in found if one.call_out == view.call_out), view)
        ends_at = now.returned_at or max(now.left_home_at, self.desk.server_clock.now())
        return now, await door.rota_book(view.rota, view.left_home_at, ends_at + _LOOK_AFTER)

    def _arrived(self, answer: tuple[CallOutView, RotaBook]) -> None:
        self._view, book = answer
        self._findings = findings_of(book, self._view.person)
        self.show_page()
        self.refresh_bindings()

    @override
    def show_changed(self, view: CallOutView) -> None:
        """See DeedsRoom."""
        self._view = view
        self.show_page()
        self.refetch()

    @override
    def show_recorded(self, recorded: CallOutRecorded) -> None:
        """See CallOutDeeds."""
        self._findings = recorded.findings
        self.show_changed(recorded.call_out)

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        return call_out_page(self._view, self._findings, width, self.sight)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action) if action in _ACTIONS else True
