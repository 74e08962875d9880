"""Handovers at the change of shift: the sheets, made and acknowledged by keys."""

from collections.abc import Awaitable, Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from fleet.client.handovers import sheet_sha256
from protocols.api.feed import AlarmsChanged, DeploymentsChanged, RotasChanged, Watch
from protocols.api.handovers import HandoverRow, HandoverView
from protocols.api.rotas import RotaSummary
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.rota_pick import Pick, PickDialog
from tui.handover_lines import (
    acknowledge_sentence,
    handover_detail,
    handover_line,
    instead_lines,
    sheet_lines,
    waits_for,
)
from tui.paint import Line, Span, joined
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import ViewRoom

AT_ONCE = 50


class HandoverDeeds(FollowingRoom):
    """What both rooms follow, and making a sheet."""

    ROOM = "rota"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "make": Reserved("making a handover sheet", "serve-rota"),
        "acknowledge": Reserved("acknowledging a handover", "serve-rota"),
    }

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True, deployments=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged | DeploymentsChanged | AlarmsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def make_sheet(self, rota: str) -> None:
        """Make the sheet of now."""
        door = self.desk.door
        self.do("making the sheet", lambda: door.make_handover(rota), self.made)

    def made(self, view: HandoverView) -> None:
        """The sheet is there."""
        raise NotImplementedError


class HandoversRoom(ListingRoom[HandoverRow], HandoverDeeds):
    """The handovers of all rotas, newest change first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "the sheet"),
        Binding("n", "make", "make sheet", tooltip="the sheet of now for a rota's nearest change"),
        Binding("escape", "back", "back"),
    ]
    SEEING = Reserved("seeing handovers", "see-deployments")

    def __init__(self) -> None:
        super().__init__()
        self._rotas: list[RotaSummary] = []

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        if not self.may_see:
            return
        door = self.desk.door
        self.ask("handovers", lambda: door.handovers(limit=AT_ONCE), self.show_items, background=background)
        self.ask("rotas", door.rotas, self._rotas_are, background=background)

    def _rotas_are(self, rotas: list[RotaSummary]) -> None:
        self._rotas = [one for one in rotas if one.ended_at is None]
        self.show_rest()

    @override
    def key_of(self, item: HandoverRow) -> str:
        """See ListingRoom."""
        return item.handover

    @override
    def item_line(self, item: HandoverRow, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return handover_line(item, width, self.me, clock.now(), utc=clock.utc)

    @override
    def detail_lines(self, item: HandoverRow) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return handover_detail(item, self.me, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many there are, and how many wait for this person."""
        if not self._is_known:
            return (Span(" HANDOVERS  ", "muted"), Span("…", "strong"))
        mine = sum(waits_for(row, self.me) for row in self._list.items)
        told: Line = (Span(f" {mine} WAITS FOR YOU ", "loud"),) if mine else ()
        return joined([(Span(" HANDOVERS  ", "muted"), Span(str(len(self._list.items)), "strong")), told])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return instead_lines(len(self._rotas))

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        match action:
            case "open":
                return self.chosen is not None
            case "make":
                return bool(self._rotas) and self.allows(action)
        return True

    async def action_open(self) -> None:
        """The sheet."""
        if self.chosen is not None:
            await self.app.push_screen(HandoverRoom(self.chosen.handover))

    def action_make(self) -> None:
        """Make the sheet of now; where there are several rotas, ask for which."""
        if len(self._rotas) == 1:
            self.make_sheet(self._rotas[0].rota)
        elif self._rotas:
            picks = [Pick(f"{one.rota}  {one.name}", "", "", one.rota) for one in self._rotas]
            dialog = PickDialog("The sheet of which rota?", picks)
            self.app.push_screen(dialog, lambda rota: self.make_sheet(rota) if rota else None)

    @override
    def made(self, view: HandoverView) -> None:
        """See HandoverDeeds."""
        self.desk.say("made; both of you acknowledge it", "good")
        self.app.push_screen(HandoverRoom(view.row.handover))


class HandoverRoom(ViewRoom[HandoverView], HandoverDeeds):
    """The sheet of one handover."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "acknowledge", tooltip="you have read it: handed over, or taken over"),
        Binding("n", "make", "make anew", tooltip="the sheet of now in its place, until both have acknowledged"),
        Binding("escape", "back", "back"),
    ]

    @override
    def fetch(self) -> Awaitable[HandoverView]:
        """See ViewRoom."""
        return self.desk.door.handover(self._about)

    @override
    def view_lines(self, view: HandoverView, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        return sheet_lines(view, self.me, width, clock.now(), utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        view = self.chosen
        match action:
            case "acknowledge":
                return view is not None and waits_for(view.row, self.me) and self.allows(action)
            case "make":
                return view is not None and bool(view.row.waits_for) and self.allows(action)
        return True

    def action_acknowledge(self) -> None:
        """Say that one has read it, after the sentence for the log."""
        view = self.chosen
        if view is None:
            return
        before: list[Line] = [(Span(" You have read the sheet to its end, and asked what was not clear.", "plain"),)]
        dialog = ConfirmDialog("Acknowledge the handover", before, acknowledge_sentence(self.me, view.row))
        # The hash is of what was read here, not of what the controller says that it is.
        digest, door = sheet_sha256(view.sheet), self.desk.door

        def answered(answer: bool | None) -> None:
            if answer:
                self.do("acknowledging", lambda: door.acknowledge_handover(self._about, digest), self._acknowledged)

        self.app.push_screen(dialog, answered)

    def _acknowledged(self, view: HandoverView) -> None:
        left = ", ".join(view.row.waits_for)
        self.desk.say(f"acknowledged; it waits for {left}" if left else "acknowledged by both", "good")
        self.arrived(view)

    def action_make(self) -> None:
        """Make it anew."""
        if self.chosen is not None:
            self.make_sheet(self.chosen.row.rota)

    @override
    def made(self, view: HandoverView) -> None:
        """See HandoverDeeds."""
        self._about = view.row.handover
        self.desk.say("made anew; both of you acknowledge it", "good")
        self.arrived(view)
