"""A rota's changes by hand: what waits for whom first, then what is in force and what is over; and the page of one."""

import asyncio
from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.duties import Duty
from protocols.api.rota_changes import ChangeView
from protocols.rota.model import Rota
from tui.paint import Line, Span, joined, wrap
from tui.rooms.listing_room import ListingRoom
from tui.rooms.page_room import ViewRoom
from tui.rooms.rota_change_deeds import ChangeDeeds
from tui.rota_change_lines import OPEN_STATES, change_detail, change_line, change_page, in_order, waits_for_me

KEPT_IN_SIGHT = timedelta(days=90)
"""For how long after its time a change is listed."""
AT_ONCE = 200
_KEYS: tuple[BindingType, ...] = (
    Binding("a", "accept", "accept", tooltip="agree, or as a supervisor approve; you see first what it brings"),
    Binding("f", "refuse", "refuse", tooltip="it does not come; who asked takes it back so"),
    Binding("u", "undo", "undo", tooltip="as before from now on"),
    Binding("escape", "back", "back"),
)


class RotaChangesRoom(ListingRoom[ChangeView], ChangeDeeds):
    """The changes of one rota."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="all about it, and what it brings"),
        *_KEYS,
    ]

    def __init__(self, rota: Rota) -> None:
        super().__init__()
        self._rota = rota

    @property
    @override
    def zone(self) -> str:
        """See ChangeDeeds."""
        return self._rota.zone

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("changes", self._load, self._arrived, background=background)

    async def _load(self) -> tuple[list[ChangeView], list[Duty]]:
        """The changes; and what waits for this person, which the header counts."""
        door, since = self.desk.door, self.desk.server_clock.now() - KEPT_IN_SIGHT
        return await asyncio.gather(door.rota_changes(self._rota.rota, since=since, limit=AT_ONCE), door.duties())

    def _arrived(self, answer: tuple[list[ChangeView], list[Duty]]) -> None:
        views, duties = answer
        self.desk.take_duties(duties)
        self.show_items(in_order(views, self.sight))

    @override
    def show_changed(self, view: ChangeView) -> None:
        """See DeedsRoom."""
        known = [one for one in self._list.items if one.change != view.change]
        self.show_items(in_order([view, *known], self.sight))
        self.refetch()

    @override
    def key_of(self, item: ChangeView) -> str:
        """See ListingRoom."""
        return item.change

    @override
    def item_line(self, item: ChangeView, width: int) -> Line:
        """See ListingRoom."""
        return change_line(item, width, self.sight)

    @override
    def detail_lines(self, item: ChangeView) -> list[Line]:
        """See ListingRoom."""
        return change_detail(item, self.sight)

    @override
    def title_line(self) -> Line:
        """How many wait, and for whom."""
        name = (Span(f" CHANGES OF {self._rota.rota}", "title"),)
        if not self._is_known:
            return name
        mine = sum(waits_for_me(one, self.sight) for one in self._list.items)
        others = sum(one.state in OPEN_STATES for one in self._list.items) - mine
        wait = "waits" if mine == 1 else "wait"
        told: list[Line] = [
            (Span(f"{mine} {wait} for you" if mine else "none waits for you", "fair" if mine else "muted"),)
        ]
        if others:
            told.append((Span(f"{others} for others", "muted"),))
        return joined([name, *told])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        words = "Nothing was changed by hand: o on the board asks for a swap or for cover of the day under the cursor."
        return wrap(words, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the change under the cursor."""
        match action:
            case "accept" | "refuse" | "undo":
                return self.can(action)
            case "open":
                return self.chosen is not None
        return True

    async def action_open(self) -> None:
        """All about it."""
        if self.chosen is not None:
            await self.app.push_screen(RotaChangeRoom(self.chosen.change, self._rota.zone))


class RotaChangeRoom(ViewRoom[ChangeView], ChangeDeeds):
    """The page of one change."""

    BINDINGS: ClassVar[list[BindingType]] = [*_KEYS]

    def __init__(self, change_id: str, zone: str | None = None) -> None:
        super().__init__(change_id)
        self._zone = zone

    @property
    @override
    def zone(self) -> str:
        """See ChangeDeeds."""
        return self._zone or "UTC"

    @override
    async def fetch(self) -> ChangeView:
        """See ViewRoom; the zone is the rota's."""
        view = await self.desk.door.rota_change(self._about)
        if self._zone is None:
            self._zone = (await self.desk.door.rota(view.rota)).rota.zone
        return view

    @override
    def show_changed(self, view: ChangeView) -> None:
        """See DeedsRoom."""
        self.arrived(view)

    @override
    def view_lines(self, view: ChangeView, width: int) -> list[Line]:
        """See ViewRoom."""
        return change_page(view, width, self.sight)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action) if action in {"accept", "refuse", "undo"} else True
